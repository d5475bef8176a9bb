# Figures, drawn from tables alone, for the configured model: PDF, PNG for screens, the numbers drawn, caption, summary.


rule fig3:
    input:
        scores=f"results/{config['model']}/tables/fig3_scores.csv",
        cka=f"results/{config['model']}/tables/fig3_cka.csv",
    output:
        pdf=report(
            "figures/fig3.pdf",
            caption="../report/fig3.rst",
            category="Figures",
            labels={"figure": "3", "model": config["model"]},
        ),
        png="figures/fig3.png",
        caption="figures/fig3_caption.rst",
        summary="figures/fig3.txt",
        scores="figures/fig3_scores.csv",
        cka="figures/fig3_cka.csv",
    log:
        "results/logs/figures/fig3.log",
    benchmark:
        "results/benchmarks/figures/fig3.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=1,
        sampling=sampling_of(config["model"], *DENOISING),
        noise=part_of("noise"),
        similarity=part_of("similarity"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig3.py"


rule figures:
    input:
        rules.fig3.output,
