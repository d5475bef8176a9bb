# The training-free ensemble: hidden states of several seeds merged in a window of layers at some steps, then one run;
# beside it what the same seeds give without that.


rule ensemble:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=untouched_runs(
            *merged_seeds(config), steps="ends" if config["ensemble"]["steps"] == [0] else "all"
        ),
    output:
        manifest="results/{model}/ensemble/{task}/{shard}.json",
    log:
        "results/{model}/logs/ensemble/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/ensemble/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=720,
    params:
        recipe=RECIPES["ensemble"],
        settings=settings_of("ensemble"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
    script:
        "../../scripts/ensemble.py"


rule ensemble_score:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        trajectory=untouched_runs(*merged_seeds(config), steps="ends"),
        ensemble="results/{model}/ensemble/{task}/{shard}.json",
    output:
        manifest="results/{model}/ensemble_score/{task}/{shard}.json",
        table="results/{model}/ensemble_score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/ensemble_score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/ensemble_score/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["ensemble_score"],
        settings=settings_of("ensemble_score"),
    script:
        "../../scripts/ensemble_score.py"


rule ensemble_table:
    input:
        shard_files(
            "results/{model}/ensemble_score/{task}/{shard}.csv",
            config["model"],
            tasks_of(config, "ensemble"),
            "ensemble",
        ),
    output:
        table="tables/ensemble.csv",
        windows="tables/ensemble_windows.csv",
    log:
        "results/logs/tables/ensemble.log",
    benchmark:
        "results/benchmarks/tables/ensemble.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["ensemble_table"],
        of_layers=config["ensemble"]["of_layers"],
        seeds=config["ensemble"]["seeds"],
        headroom=config["ensemble"]["headroom"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/ensemble_table.py"
