# Pictures of x0_pred for the figures that show runs, by the table `panels` of the configuration.


rule panels:
    input:
        model="results/model/{model}.json",
        trajectories=panel_shards("trajectory"),
    output:
        pictures="results/{model}/panels/{figure}.safetensors",
        video=report(
            "results/{model}/panels/{figure}.mp4",
            caption="../report/video.rst",
            category="Videos",
            labels={"figure": "{figure}", "model": "{model}"},
        ),
    log:
        "results/{model}/logs/panels/{figure}.log",
    benchmark:
        "results/{model}/benchmarks/panels/{figure}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["panels"],
        panels=lambda wildcards: [asdict(panel) for panel in panels_shown(wildcards.figure)],
    script:
        "../../scripts/panels.py"
