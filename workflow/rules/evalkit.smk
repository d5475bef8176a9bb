# EvalKit, the official scorer of VBVR-Bench, or that of VBVR-Pro-Bench: its source, a Python for it, and its scores of the untouched runs, with
# those of the true clip and of the first frame repeated beside them.


include: "kit.smk"


# Both need a network, which on a cluster often only the machine has that Snakemake runs on.
localrules:
    evalkit_source,
    evalkit_python,


rule evalkit_source:
    input:
        evalkit_given,
    output:
        manifest="results/evalkit/source.json",
    log:
        "results/logs/evalkit/source.log",
    benchmark:
        "results/benchmarks/evalkit/source.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=30,
    params:
        recipe=RECIPES["evalkit_source"],
        repo=config["evalkit"]["repo"],
        commit=config["evalkit"]["commit"],
        sha256=config["evalkit"]["sha256"],
        folder=evalkit_source_folder(),
    script:
        "../../scripts/evalkit_source.py"


rule evalkit_python:
    input:
        source="results/evalkit/source.json",
        environment=beside_snakefile(Path("envs", ABOUT_KIT.environment)),
    output:
        manifest="results/evalkit/kit.json",
    log:
        "results/logs/evalkit/python.log",
    benchmark:
        "results/benchmarks/evalkit/python.tsv"
    conda:
        f"../../envs/{ABOUT_KIT.environment}"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=60,
    params:
        recipe=RECIPES["evalkit_python"],
        python=evalkit_command(),
        folder=evalkit_folder("python"),
    script:
        "../../scripts/evalkit_python.py"


rule evalkit:
    input:
        model="results/model/{model}.json",
        cases="results/cases/{task}/{shard}.json",
        trajectory=untouched_runs(steps="ends"),
        kit=evalkit_files,
    output:
        manifest="results/{model}/evalkit/{task}/{shard}.json",
        table="results/{model}/evalkit/{task}/{shard}.csv",
    log:
        "results/{model}/logs/evalkit/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/evalkit/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: config["evalkit"]["at_once"]
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=240,
    params:
        recipe=RECIPES["evalkit"],
        settings=settings_of("evalkit"),
    script:
        "../../scripts/evalkit.py"


rule evalkit_table:
    input:
        evalkit_shards,
    output:
        table="tables/evalkit.csv",
        summary="tables/evalkit_summary.csv",
    log:
        "results/logs/tables/evalkit.log",
    benchmark:
        "results/benchmarks/tables/evalkit.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["evalkit_table"],
        mode=config["evalkit"]["mode"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/evalkit_table.py"
