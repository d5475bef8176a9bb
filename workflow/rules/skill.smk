# The skill of the configured model: success on held-out puzzles, sampled by the stock diffusers pipeline.


rule skill:
    input:
        model="results/model/{model}.json",
    output:
        manifest="results/{model}/skill/{puzzle}/00.json",
        table="results/{model}/skill/{puzzle}/00.csv",
    log:
        "results/{model}/logs/skill/{puzzle}.log",
    benchmark:
        "results/{model}/benchmarks/skill/{puzzle}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["skill"],
        settings=settings_of("skill"),
        names=held_out_names(config),
    script:
        "../../scripts/skill.py"


rule skill_table:
    input:
        expand(
            "results/{model}/skill/{puzzle}/00.csv", model=config["model"], puzzle=tasks_of(config, "skill")
        ),
    output:
        table="tables/skill.csv",
    log:
        "results/logs/tables/skill.log",
    benchmark:
        "results/benchmarks/tables/skill.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=RECIPES["skill_table"],
        level=config["statistics"]["level"],
    script:
        "../../scripts/skill_table.py"
