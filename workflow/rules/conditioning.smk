# Text embeddings and the encoded first frame of each case, which condition the model. Loads text encoder and VAE.


rule conditioning:
    input:
        model="results/model/{model}.json",
        cases="results/cases/{task}/{shard}.json",
    output:
        manifest="results/{model}/conditioning/{task}/{shard}.json",
    log:
        "results/{model}/logs/conditioning/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/conditioning/{task}/{shard}.tsv"
    priority: 1  # the longest chain first, so that all cores end together
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["conditioning"],
        settings=settings_of("conditioning"),
    script:
        "../../scripts/conditioning.py"
