# The same runs in other numbers of steps: does a few-step run lose what the many steps explore?


rule few_steps:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
    output:
        manifest="results/{model}/few_steps/{task}/{shard}.json",
    log:
        "results/{model}/logs/few_steps/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/few_steps/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["few_steps"],
        settings=settings_of("few_steps"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        steps=lambda wildcards: other_steps(config, wildcards.model),
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/few_steps.py"


rule few_steps_score:
    input:
        model="results/model/{model}.json",
        cases=scored_cases,
        scorer=scorer_files,
        few_steps="results/{model}/few_steps/{task}/{shard}.json",
        trajectory=untouched_runs(steps="ends"),
    output:
        manifest="results/{model}/few_steps_score/{task}/{shard}.json",
        table="results/{model}/few_steps_score/{task}/{shard}.csv",
    log:
        "results/{model}/logs/few_steps_score/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/few_steps_score/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: scorer_threads()
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["few_steps_score"],
        settings=settings_of("few_steps_score"),
        own_steps=lambda wildcards: config["models"][wildcards.model]["steps"],
    script:
        "../../scripts/few_steps_score.py"


rule few_steps_table:
    input:
        few_steps_shards(config["model"]),
    output:
        table="tables/few_steps.csv",
    log:
        "results/logs/tables/few_steps.log",
    benchmark:
        "results/benchmarks/tables/few_steps.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["few_steps_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/few_steps_table.py"
