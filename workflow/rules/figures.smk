# Figures, drawn from tables alone, for the configured model: PDF, PNG for screens, the numbers drawn, caption, summary.


rule fig1:
    input:
        model=f"results/model/{config['model']}.json",
        pictures=lambda wildcards: [
            f"results/{config['model']}/panels/{panel.name}.safetensors" for panel in panels_shown("fig1")
        ],
        masses=lambda wildcards: shard_files(
            "results/{model}/x0_pred/{task}/{shard}_masses.csv",
            config["model"],
            dict.fromkeys([*(panel.puzzle for panel in panels_shown("fig1")), *CASES["tasks"]]),
        ),
    output:
        pdf=report(
            "figures/fig1.pdf",
            caption="../report/fig1.rst",
            category="Figures",
            labels={"figure": "1", "model": config["model"]},
        ),
        png="figures/fig1.png",
        caption="figures/fig1_caption.rst",
        summary="figures/fig1.txt",
        points="figures/fig1_masses.csv",
    log:
        "results/logs/figures/fig1.log",
    benchmark:
        "results/benchmarks/figures/fig1.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=2,
        panels=lambda wildcards: [asdict(panel) for panel in panels_shown("fig1")],
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig1.py"


rule fig3:
    input:
        model=f"results/model/{config['model']}.json",
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
        recipe=2,
        cases=part_of("cases", "folder", "shard_size"),
        trajectory=part_of("trajectory"),
        sampling=sampling_of(config["model"], *DENOISING),
        noise=part_of("noise"),
        similarity=part_of("similarity"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig3.py"


rule figures:
    input:
        rules.fig1.output,
        rules.fig3.output,
