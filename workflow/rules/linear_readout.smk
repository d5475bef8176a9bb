# After which layer can a linear map of the hidden states give the answer? Of the stored runs, fed to the model once more.


rule linear_readout:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=untouched_runs(),
    output:
        manifest="results/{model}/linear_readout/{task}/{shard}.json",
    log:
        "results/{model}/logs/linear_readout/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/linear_readout/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["linear_readout"],
        settings=settings_of("linear_readout"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/linear_readout.py"


rule linear_readout_table:
    input:
        states=listed("linear_readout", read_shards("results/{model}/linear_readout/{task}/{shard}.json")),
        answers=read_shards("results/{model}/answers/{task}/{shard}.json"),
        runs=read_shards("results/{model}/candidates/{task}/{shard}_runs.csv"),
    output:
        table="tables/linear_readout.csv",
    log:
        "results/logs/tables/linear_readout.log",
    benchmark:
        "results/benchmarks/tables/linear_readout.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=60,
    params:
        recipe=RECIPES["linear_readout_table"],
        model=config["model"],
        fit=part_of("linear_readout", "tasks", "number", "width"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/linear_readout_table.py"
