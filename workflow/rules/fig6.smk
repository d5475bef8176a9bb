# Figures 6 and A13: what the layers do within a step. From tables and the norms of one run alone.


rule fig6:
    """what layers do: norms, and swaps between runs"""
    input:
        model=f"results/model/{config['model']}.json",
        norms=lambda wildcards: shown_activations(),
        cases=lambda wildcards: shown_activations(cases=True),
        activations="tables/activations.csv",
        swap="tables/swap.csv",
        matrix="tables/swap_matrix.csv",
        readout="tables/linear_readout.csv" if LISTED else [],
        swaps=lambda wildcards: shard_files(
            rules.swap.output.manifest, config["model"], {config["swap"]["task"]} & {*CASE_NAMES}, "swap"
        ),
    output:
        pdf=report(
            "figures/fig6.pdf",
            caption="../report/fig6.rst",
            category="Figures",
            labels={"figure": "6", "model": config["model"]},
        ),
        png="figures/fig6.png",
        caption="figures/fig6_caption.rst",
        summary="figures/fig6.txt",
        auc="figures/fig6_auc.csv",
        flips="figures/fig6_flips.csv",
        matrix="figures/fig6_matrix.csv",
        readout="figures/fig6_readout.csv",
    log:
        "results/logs/figures/fig6.log",
    benchmark:
        "results/benchmarks/figures/fig6.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=6,
        model=config["model"],
        shown=config["activations"]["shown"],
        scale=config["activations"]["scale"],
        swap=part_of("swap"),
        readout=part_of("linear_readout"),
        seeds=config["trajectory"]["seeds"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/fig6.py"


rule figA13:
    """norms of hidden states by layer"""
    input:
        model=f"results/model/{config['model']}.json",
        activations="tables/activations.csv",
    output:
        pdf=report(
            "figures/figA13.pdf",
            caption="../report/figA13.rst",
            category="Figures",
            labels={"figure": "A13", "model": config["model"]},
        ),
        png="figures/figA13.png",
        caption="figures/figA13_caption.rst",
        summary="figures/figA13.txt",
        points="figures/figA13_sparsity.csv",
    log:
        "results/logs/figures/figA13.log",
    benchmark:
        "results/benchmarks/figures/figA13.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=3,
        model=config["model"],
        level=config["statistics"]["level"],
    script:
        "../../scripts/figA13.py"
