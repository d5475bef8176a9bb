# Tidy tables over all tasks and shards, which the figures are drawn from.


rule fig3_tables:
    input:
        scores=all_shards("results/{model}/score/{task}/{shard}.csv"),
        cka=all_shards("results/{model}/noise/{task}/{shard}_cka.csv"),
    output:
        scores="results/{model}/tables/fig3_scores.csv",
        cka="results/{model}/tables/fig3_cka.csv",
    log:
        "results/{model}/logs/tables/fig3.log",
    benchmark:
        "results/{model}/benchmarks/tables/fig3.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=1,
    script:
        "../../scripts/fig3_tables.py"
