# Decode the final latents of every run of a shard and score the videos. Loads the VAE alone.


rule score:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=untouched_runs(config["trajectory"]["null_seed"], steps="ends"),
        noise="results/{model}/noise/{task}/{shard}.json",
    output:
        manifest="results/{model}/score/{task}/{shard}.json",
        table="results/{model}/score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/score/{task}/{shard}.tsv"
    priority: 2  # the longest chain first, so that all cores end together
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["score"],
        settings=settings_of("score"),
        steps=lambda wildcards: config["models"][wildcards.model]["steps"],
    script:
        "../../scripts/score.py"


rule clip:
    input:
        model="results/model/{model}.json",
        cases=puzzle_cases,
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=untouched_runs(config["trajectory"]["null_seed"], steps="ends"),
        noise="results/{model}/noise/{task}/{shard}.json",
        answers="results/{model}/answers/{task}/{shard}.json",
    output:
        table="results/{model}/clip/{task}/{shard}.csv",
    log:
        "results/{model}/logs/clip/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/clip/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["clip"],
        settings=settings_of("score"),
        steps=lambda wildcards: config["models"][wildcards.model]["steps"],
    script:
        "../../scripts/clip.py"
