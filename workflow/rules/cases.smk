# The cases of a shard: puzzles made here, or those of a folder, with the sha256 of what they consist of.


rule cases:
    input:
        given_files,
    output:
        manifest="results/cases/{task}/{shard}.json",
    log:
        "results/logs/cases/{task}/{shard}.log",
    benchmark:
        "results/benchmarks/cases/{task}/{shard}.tsv"
    priority: 2  # all chains begin with it
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=30,
    params:
        recipe=RECIPES["cases"],
        names=shard_cases,
        folder=CASES["folder"] and beside_snakefile(CASES["folder"]),
        first_seed=CASES["first_seed"],
        drawn=drawn_as(CASES),
        # checked here for cases whose length is known only once they are read
        noised=config["noise"]["frames"] if CASES["folder"] else "all",
    script:
        "../../scripts/cases.py"
