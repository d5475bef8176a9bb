# When is the answer decided? x0_pred of every step of the untouched runs, decoded, scored and read.


rule x0_pred:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        trajectory=untouched_runs(config["trajectory"]["null_seed"]),
    output:
        manifest="results/{model}/x0_pred/{task}/{shard}.json",
        scores="results/{model}/x0_pred/{task}/{shard}.csv",
        masses="results/{model}/x0_pred/{task}/{shard}_masses.csv",
        frames="results/{model}/x0_pred/{task}/{shard}_frames.csv",
        readings="results/{model}/x0_pred/{task}/{shard}_readings.csv",
    log:
        "results/{model}/logs/x0_pred/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/x0_pred/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["x0_pred"],
        settings=settings_of("x0_pred"),
        seeds=[*config["trajectory"]["seeds"], config["trajectory"]["null_seed"]],
    script:
        "../../scripts/x0_pred.py"


rule x0_pred_table:
    input:
        shard_files(
            "results/{model}/x0_pred/{task}/{shard}.csv", config["model"], tasks_of(config, "x0_pred")
        ),
    output:
        table="tables/x0_pred.csv",
        by_difficulty="tables/x0_pred_by_difficulty.csv",
    log:
        "results/logs/tables/x0_pred.log",
    benchmark:
        "results/benchmarks/tables/x0_pred.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["x0_pred_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/x0_pred_table.py"
