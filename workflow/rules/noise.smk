# The perturbed runs of a shard, each started from the baseline's stored latents at the step that first sees the noise.


rule noise:
    input:
        model="results/model/{model}.json",
        cases="results/cases/{task}/{shard}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        trajectory="results/{model}/trajectory/{task}/{shard}.json",
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
        recipe=1,
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
        seeds=config["trajectory"]["seeds"],
        null_seed=config["trajectory"]["null_seed"],
        noise=part_for("noise", "restore_first_frame"),
        similarity=part_of("similarity", "sensitivity"),
    script:
        "../../scripts/noise.py"
