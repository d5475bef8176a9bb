# The untouched runs of a shard, latents of all steps: the configured seeds, and either with them or in jobs of their own
# the re-seed null and those that are merged.


rule trajectory:
    input:
        model="results/model/{model}.json",
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
    output:
        manifest="results/{model}/trajectory/{task}/{shard}.json",
    log:
        "results/{model}/logs/trajectory/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/trajectory/{task}/{shard}.tsv"
    priority: 1  # the longest chain first, so that all cores end together
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["trajectory"],
        settings=settings_of("trajectory"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        seeds=SEEDS["trajectory"],
    script:
        "../../scripts/trajectory.py"


use rule trajectory as other_seeds with:
    output:
        manifest="results/{model}/other_seeds/{task}/{shard}.json",
    log:
        "results/{model}/logs/other_seeds/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/other_seeds/{task}/{shard}.tsv"
    params:
        recipe=RECIPES["other_seeds"],
        settings=settings_of("other_seeds"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        seeds=SEEDS.get("other_seeds", []),
