# L2 norms of the hidden states of every token, of the stored runs: what each layer attends to, and how sparsely.


rule activations:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=activations_trajectory,
    output:
        manifest="results/{model}/activations/{task}/{shard}.json",
    log:
        "results/{model}/logs/activations/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/activations/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=1,
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        activations=part_for("activations", "tasks", "scale", "shown"),
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/activations.py"


rule activations_table:
    input:
        activations=shard_files(
            "results/{model}/activations/{task}/{shard}.json",
            config["model"],
            tasks_of(config, "activations"),
        ),
        cases=shard_files(
            "results/cases/{task}/{shard}.json", config["model"], tasks_of(config, "activations")
        ),
    output:
        table="tables/activations.csv",
        runs="tables/activations_runs.csv",
    log:
        "results/logs/tables/activations.log",
    benchmark:
        "results/benchmarks/tables/activations.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=30,
    params:
        recipe=2,
        model=config["model"],
        seeds=config["trajectory"]["seeds"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/activations_table.py"
