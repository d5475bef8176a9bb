# Figures, drawn from tables alone, for the configured model: PDF, PNG for screens, the numbers drawn, caption, summary.


rule fig1:
    """several routes in the estimate, and how they are pruned"""
    input:
        **shown("fig1", "masses", also=CASES["tasks"]),
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
        recipe=5,
        panels=lambda wildcards: [asdict(panel) for panel in panels_shown("fig1")],
        thresholds=part_of("x0_pred", "tasks"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig1.py"


rule fig2:
    """the same for six puzzles"""
    input:
        **shown("fig2", "masses"),
    output:
        **drawn("fig2", "fig2"),
    log:
        "results/logs/figures/fig2.log",
    benchmark:
        "results/benchmarks/figures/fig2.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        **drawn_by("fig2"),
        recipe=4,
    script:
        "../../scripts/fig2.py"


use rule fig2 as figA9 with:
    input:
        **shown("figA9", "masses"),
    output:
        **drawn("figA9", "fig2"),
    log:
        "results/logs/figures/figA9.log",
    benchmark:
        "results/benchmarks/figures/figA9.tsv"
    params:
        **drawn_by("figA9"),
        recipe=4,


use rule fig2 as figA10 with:
    input:
        **shown("figA10", "masses"),
    output:
        **drawn("figA10", "fig2"),
    log:
        "results/logs/figures/figA10.log",
    benchmark:
        "results/benchmarks/figures/figA10.tsv"
    params:
        **drawn_by("figA10"),
        recipe=4,


rule fig3:
    """noise at a step against noise in a frame"""
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
        recipe=6,
        cases=part_of("cases", "folder", "shard_size"),
        trajectory=part_of("trajectory", "other_seeds", "keep"),
        sampling=sampling_of(config["model"], *DENOISING),
        noise=part_of("noise"),
        scorer=scorer_settings().get("scorer", {}),
        similarity=part_of("similarity"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig3.py"


rule fig7:
    """hidden states of several seeds merged"""
    input:
        model=f"results/model/{config['model']}.json",
        table=rules.ensemble_table.output.table,
    output:
        pdf=report(
            "figures/fig7.pdf",
            caption="../report/fig7.rst",
            category="Figures",
            labels={"figure": "7", "model": config["model"]},
        ),
        png="figures/fig7.png",
        caption="figures/fig7_caption.rst",
        summary="figures/fig7.txt",
        points="figures/fig7_scores.csv",
    log:
        "results/logs/figures/fig7.log",
    benchmark:
        "results/benchmarks/figures/fig7.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=5,
        ensemble=part_of("ensemble"),
        sampling=sampling_of(config["model"], *DENOISING),
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig7.py"


rule fig8:
    """fewer frames, fewer steps"""
    input:
        model=f"results/model/{config['model']}.json",
        frames=shard_files(
            "results/{model}/frames_score/{task}/{shard}.csv", config["model"], tasks_of(config, "frames")
        ),
        few_steps=shard_files(
            "results/{model}/few_steps_score/{task}/{shard}.csv", config["model"], CASES["tasks"]
        ),
    output:
        pdf=report(
            "figures/fig8.pdf",
            caption="../report/fig8.rst",
            category="Figures",
            labels={"figure": "8", "model": config["model"]},
        ),
        png="figures/fig8.png",
        caption="figures/fig8_caption.rst",
        summary="figures/fig8.txt",
        points="figures/fig8_points.csv",
    log:
        "results/logs/figures/fig8.log",
    benchmark:
        "results/benchmarks/figures/fig8.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=5,
        own_steps=config["models"][config["model"]]["steps"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig8.py"


rule fig4:
    """memory and revision"""
    input:
        **shown("fig4", "masses", "frames", "readings"),
    output:
        **drawn("fig4", "fig4"),
    log:
        "results/logs/figures/fig4.log",
    benchmark:
        "results/benchmarks/figures/fig4.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        **drawn_by("fig4"),
        recipe=4,
    script:
        "../../scripts/fig4.py"


use rule fig4 as figA11 with:
    input:
        **shown("figA11", "masses", "frames", "readings"),
    output:
        **drawn("figA11", "fig4"),
    log:
        "results/logs/figures/figA11.log",
    benchmark:
        "results/benchmarks/figures/figA11.tsv"
    params:
        **drawn_by("figA11"),
        recipe=4,


use rule fig4 as figA12 with:
    input:
        **shown("figA12", "masses", "frames", "readings"),
    output:
        **drawn("figA12", "fig4"),
    log:
        "results/logs/figures/figA12.log",
    benchmark:
        "results/benchmarks/figures/figA12.tsv"
    params:
        **drawn_by("figA12"),
        recipe=4,


rule fig5:
    """does the model mark an object before it moves it?"""
    input:
        **shown("fig5", "masses", "frames", "readings"),
    output:
        **drawn("fig5", "fig5"),
    log:
        "results/logs/figures/fig5.log",
    benchmark:
        "results/benchmarks/figures/fig5.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        **drawn_by("fig5"),
        recipe=4,
    script:
        "../../scripts/fig5.py"
