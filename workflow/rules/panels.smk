# Pictures of x0_pred for the figures that show runs, by the table `panels` of the configuration.


rule panel:
    input:
        model="results/model/{model}.json",
        trajectory=panel_trajectory,
    output:
        "results/{model}/panels/{figure}{panel}.safetensors",
    log:
        "results/{model}/logs/panels/{figure}{panel}.log",
    benchmark:
        "results/{model}/benchmarks/panels/{figure}{panel}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=1,
        panel=lambda wildcards: asdict(panel_named(wildcards)),
    script:
        "../../scripts/panel.py"
