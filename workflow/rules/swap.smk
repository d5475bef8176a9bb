# One layer of another run, from the same noise with another prompt, in place of the run's own: does the answer follow?
# Of puzzles it is read in latents, of cases that a scorer reads in scores.


rule swap:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=swap_trajectory,
    output:
        manifest="results/{model}/swap/{task}/{shard}.json",
    log:
        "results/{model}/logs/swap/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/swap/{task}/{shard}.tsv"
    priority: 2  # the longest chain first, so that all cores end together
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=1440,
    params:
        recipe=RECIPES["swap"],
        settings=settings_of("swap"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
        matrix=matrix_cases,
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/swap.py"


rule swap_score:
    input:
        model="results/model/{model}.json",
        cases=puzzle_cases,
        answers="results/{model}/answers/{task}/{shard}.json",
        trajectory=untouched_runs(),
        swap="results/{model}/swap/{task}/{shard}.json",
    output:
        manifest="results/{model}/swap_score/{task}/{shard}.json",
        table="results/{model}/swap_score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/swap_score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/swap_score/{task}/{shard}.tsv"
    priority: 2  # the longest chain first, so that all cores end together
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["swap_score"],
        settings=settings_of("swap_score"),
        swap=lambda wildcards: settings_of("swap")(wildcards)["swap"],
        steps=lambda wildcards: config["models"][wildcards.model]["steps"],
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/swap_score.py"


rule swap_video_score:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        trajectory=untouched_runs(steps=swap_steps()),
        swap="results/{model}/swap/{task}/{shard}.json",
    output:
        manifest="results/{model}/swap_video_score/{task}/{shard}.json",
        table="results/{model}/swap_video_score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/swap_video_score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/swap_video_score/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["swap_video_score"],
        settings=settings_of("swap_video_score"),
        swap=lambda wildcards: settings_of("swap")(wildcards)["swap"],
        steps=lambda wildcards: config["models"][wildcards.model]["steps"],
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/swap_video_score.py"


rule swap_table:
    input:
        swap_tables,
    output:
        table="tables/swap.csv",
        matrix="tables/swap_matrix.csv",
    log:
        "results/logs/tables/swap.log",
    benchmark:
        "results/benchmarks/tables/swap.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["swap_table"],
        steps=config["swap"]["steps"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/swap_table.py"
