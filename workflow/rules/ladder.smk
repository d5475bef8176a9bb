# Do denoising steps stand in for layers? Models of one family, such as in different depths, in every number of steps.


rule ladder:
    input:
        model="results/model/{model}.json",
        base=f"results/model/{config['model']}.json",
        cases=ladder_shards("results/cases/{task}/{shard}.json"),
        conditioning=ladder_shards("results/{model}/conditioning/{task}/{shard}.json"),
        answers=ladder_shards("results/{model}/answers/{task}/{shard}.json"),
    output:
        manifest="results/{model}/ladder/all/00.json",
        table="results/{model}/ladder/all/00.csv",
    log:
        "results/{model}/logs/ladder.log",
    benchmark:
        "results/{model}/benchmarks/ladder.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=720,
    params:
        recipe=RECIPES["ladder"],
        settings=settings_of("ladder"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
    script:
        "../../scripts/ladder.py"


rule ladder_table:
    input:
        ladder_models,
    output:
        table="tables/ladder.csv",
    log:
        "results/logs/tables/ladder.log",
    benchmark:
        "results/benchmarks/tables/ladder.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["ladder_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/ladder_table.py"


rule figB3:
    """do denoising steps stand in for layers?"""
    input:
        model=f"results/model/{config['model']}.json",
        table=rules.ladder_table.output.table,
        rows=ladder_models,
    output:
        **drawn("figB3", "figB3"),
    log:
        "results/logs/figures/figB3.log",
    benchmark:
        "results/benchmarks/figures/figB3.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=2,
        ladder=part_of("ladder"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/figB3.py"
