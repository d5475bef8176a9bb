# When, and how, is the answer decided? What the readings of x0_pred say of every run, and over all of them.


rule decided:
    input:
        **(x0_pred_files("masses", "frames", "readings") if LISTED else {"masses": listed("decided", [])}),
    output:
        table="tables/decided.csv",
        by_step="tables/decided_by_step.csv",
        runs="tables/decided_runs.csv",
    log:
        "results/logs/tables/decided.log",
    benchmark:
        "results/benchmarks/tables/decided.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["decided"],
        thresholds=part_of("x0_pred", "tasks"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/decided.py"
