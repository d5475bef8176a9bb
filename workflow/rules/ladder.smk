# Do denoising steps stand in for layers? Models of one family, such as in different depths, in every number of steps.


LADDER = config["ladder"]["models"] if CASES["folder"] is None else []  # its puzzles are made here


def ladder_shards(pattern):
    """`pattern` for every shard of the puzzles of the ladder, of the configured model."""
    return shard_files(pattern, config["model"], config["ladder"]["tasks"], "ladder") if LADDER else []


def no_ladder(wildcards):
    """A figure of no model is not begun."""
    sys.exit(
        "error: Figure B3 is of puzzles made here (cases.folder: null) and of the models that ladder.models names: "
        "entries of `models` that share the configured model's VAE and encoders"
    )


ladder_models = [f"results/{model}/ladder/all/00.csv" for model in LADDER] or no_ladder


rule ladder:
    input:
        model="results/model/{model}.json",
        base=f"results/model/{config['model']}.json",
        cases=ladder_shards("results/cases/{task}/{shard}.json"),
        conditioning=ladder_shards("results/{model}/conditioning/{task}/{shard}.json"),
        answers=ladder_shards("results/{model}/answers/{task}/{shard}.json"),
    output:
        manifest="results/{model}/ladder/all/00.json",
        table="results/{model}/ladder/all/00.csv",
    log:
        "results/{model}/logs/ladder.log",
    benchmark:
        "results/{model}/benchmarks/ladder.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=720,
    params:
        recipe=RECIPES["ladder"],
        settings=settings_of("ladder"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING, "batch_size"),
    script:
        "../../scripts/ladder.py"


rule ladder_table:
    input:
        ladder_models,
    output:
        table="tables/ladder.csv",
    log:
        "results/logs/tables/ladder.log",
    benchmark:
        "results/benchmarks/tables/ladder.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["ladder_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/ladder_table.py"


rule figB3:
    input:
        model=f"results/model/{config['model']}.json",
        table=rules.ladder_table.output.table,
        rows=ladder_models,
    output:
        **drawn("figB3", "figB3"),
    log:
        "results/logs/figures/figB3.log",
    benchmark:
        "results/benchmarks/figures/figB3.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=1,
        ladder=part_of("ladder"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/figB3.py"
