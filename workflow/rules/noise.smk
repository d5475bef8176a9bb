# The perturbed runs of a shard, each started from the baseline's stored latents at the step that first sees the noise.


rule noise:
    input:
        model="results/model/{model}.json",
        cases="results/cases/{task}/{shard}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory=untouched_runs(config["trajectory"]["null_seed"]),
    output:
        manifest="results/{model}/noise/{task}/{shard}.json",
        cka="results/{model}/noise/{task}/{shard}_cka.csv",
    log:
        "results/{model}/logs/noise/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/noise/{task}/{shard}.tsv"
    priority: 2  # the longest chain first, so that all cores end together
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=1440,
    params:
        recipe=RECIPES["noise"],
        settings=settings_of("noise"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
        seeds=config["trajectory"]["seeds"],
    script:
        "../../scripts/noise.py"
