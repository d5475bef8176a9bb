# Tidy tables over all tasks and shards, which the figures are drawn from. CKA needs no score: any task has it.


rule fig3_scores:
    input:
        all_shards("results/{model}/score/{task}/{shard}.csv"),
    output:
        table="results/{model}/tables/fig3_scores.csv",
    log:
        "results/{model}/logs/tables/fig3_scores.log",
    benchmark:
        "results/{model}/benchmarks/tables/fig3_scores.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["fig3_scores"],
    script:
        "../../scripts/fig3_tables.py"


rule fig3_clips:
    input:
        all_shards("results/{model}/clip/{task}/{shard}.csv"),
    output:
        table="results/{model}/tables/fig3_clips.csv",
    log:
        "results/{model}/logs/tables/fig3_clips.log",
    benchmark:
        "results/{model}/benchmarks/tables/fig3_clips.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["fig3_scores"],
    script:
        "../../scripts/fig3_tables.py"


rule fig3_cka:
    input:
        all_shards("results/{model}/noise/{task}/{shard}_cka.csv"),
    output:
        table="results/{model}/tables/fig3_cka.csv",
    log:
        "results/{model}/logs/tables/fig3_cka.log",
    benchmark:
        "results/{model}/benchmarks/tables/fig3_cka.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["fig3_cka"],
    script:
        "../../scripts/fig3_tables.py"
