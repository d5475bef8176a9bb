# The same cases in other frame counts: how short may a video be that the model still reasons in?


rule frames:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
    output:
        manifest="results/{model}/frames/{task}/{shard}.json",
    log:
        "results/{model}/logs/frames/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/frames/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["frames"],
        settings=settings_of("frames"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        counts=config["frames"]["counts"],
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/frames.py"


rule frames_score:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        frames="results/{model}/frames/{task}/{shard}.json",
        trajectory=untouched_runs(steps="ends"),
    output:
        manifest="results/{model}/frames_score/{task}/{shard}.json",
        table="results/{model}/frames_score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/frames_score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/frames_score/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["frames_score"],
        settings=settings_of("frames_score"),
    script:
        "../../scripts/frames_score.py"


rule frames_table:
    input:
        shard_files(
            "results/{model}/frames_score/{task}/{shard}.csv", config["model"], tasks_of(config, "frames")
        ),
    output:
        table="tables/frames.csv",
    log:
        "results/logs/tables/frames.log",
    benchmark:
        "results/benchmarks/tables/frames.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["frames_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/frames_table.py"
