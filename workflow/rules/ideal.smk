# The ideal denoiser of each case in place of the network: its estimates as pictures, and what noise does to its runs.


rule ideal_panels:
    input:
        model="results/model/{model}.json",
        trajectories=panel_shards("trajectory"),
        answers=panel_shards("answers"),
    output:
        pictures="results/{model}/ideal_panels/{figure}.safetensors",
    log:
        "results/{model}/logs/ideal_panels/{figure}.log",
    benchmark:
        "results/{model}/benchmarks/ideal_panels/{figure}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["ideal_panels"],
        panels=lambda wildcards: [asdict(panel) for panel in panels_shown(wildcards.figure)],
    script:
        "../../scripts/ideal_panels.py"


rule ideal_noise:
    input:
        cases="results/cases/{task}/{shard}.json",
        answers="results/{model}/answers/{task}/{shard}.json",
        trajectory=untouched_runs(config["trajectory"]["null_seed"]),
    output:
        table="results/{model}/ideal_noise/{task}/{shard}.csv",
    log:
        "results/{model}/logs/ideal_noise/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/ideal_noise/{task}/{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["ideal_noise"],
        settings=settings_of("noise"),
        seeds=config["trajectory"]["seeds"],
        null_seed=config["trajectory"]["null_seed"],
    script:
        "../../scripts/ideal_noise.py"


rule ideal_cka:
    input:
        shard_files(
            "results/{model}/ideal_noise/{task}/{shard}.csv", config["model"], several(CASES["tasks"])
        ),
    output:
        table=f"results/{config['model']}/tables/ideal_cka.csv",
    log:
        f"results/{config['model']}/logs/tables/ideal_cka.log",
    benchmark:
        f"results/{config['model']}/benchmarks/tables/ideal_cka.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["ideal_cka"],
    script:
        "../../scripts/fig3_tables.py"
