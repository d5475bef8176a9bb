# The paper's tables as CSV, Markdown and LaTeX: published rows, marked as quoted, and what was measured here.


rule table1:
    """what is published beside what was measured: Table 1"""
    input:
        published=beside_snakefile("workflow/published/table1.csv"),
        skill=rules.skill_table.input if LISTED else [],  # of puzzles that are made here
        ensemble=rules.ensemble_table.input,
    output:
        csv=report(
            "tables/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            labels={"table": "1", "model": config["model"]},
        ),
        md="tables/table1.md",
        tex="tables/table1.tex",
        caption="tables/table1_caption.rst",
    log:
        "results/logs/tables/table1.log",
    benchmark:
        "results/benchmarks/tables/table1.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=7,
        scorer=scorer_settings().get("scorer", {}),
        statistics=part_of("statistics"),
    script:
        "../../scripts/table1.py"


rule tableA1:
    """what is published beside what was measured: Table A1"""
    input:
        windows=rules.ensemble_table.output.windows,
    output:
        csv=report(
            "tables/tableA1.csv",
            caption="../report/tableA1.rst",
            category="Tables",
            labels={"table": "A1", "model": config["model"]},
        ),
        md="tables/tableA1.md",
        tex="tables/tableA1.tex",
        caption="tables/tableA1_caption.rst",
    log:
        "results/logs/tables/tableA1.log",
    benchmark:
        "results/benchmarks/tables/tableA1.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=6,
        scorer=scorer_settings().get("scorer", {}),
        level=config["statistics"]["level"],
    script:
        "../../scripts/tableA1.py"


rule tableA2:
    """what is published beside what was measured: Table A2"""
    input:
        published=beside_snakefile("workflow/published/tableA2.csv"),
        points="figures/fig8_points.csv",
    output:
        csv=report(
            "tables/tableA2.csv",
            caption="../report/tableA2.rst",
            category="Tables",
            labels={"table": "A2", "model": config["model"]},
        ),
        md="tables/tableA2.md",
        tex="tables/tableA2.tex",
        caption="tables/tableA2_caption.rst",
    log:
        "results/logs/tables/tableA2.log",
    benchmark:
        "results/benchmarks/tables/tableA2.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=5,
        table="tableA2",
        scorer=scorer_settings().get("scorer", {}),
        setting="frames",
        level=config["statistics"]["level"],
    script:
        "../../scripts/table_setting.py"


rule tableA3:
    """what is published beside what was measured: Table A3"""
    input:
        published=beside_snakefile("workflow/published/tableA3.csv"),
        points="figures/fig8_points.csv",
        runs=few_steps_shards(config["model"]) if config["few_steps"]["distilled"] else [],
        distilled=few_steps_shards(config["few_steps"]["distilled"]),
    output:
        csv=report(
            "tables/tableA3.csv",
            caption="../report/tableA3.rst",
            category="Tables",
            labels={"table": "A3", "model": config["model"]},
        ),
        md="tables/tableA3.md",
        tex="tables/tableA3.tex",
        caption="tables/tableA3_caption.rst",
    log:
        "results/logs/tables/tableA3.log",
    benchmark:
        "results/benchmarks/tables/tableA3.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=5,
        table="tableA3",
        scorer=scorer_settings().get("scorer", {}),
        setting="steps",
        level=config["statistics"]["level"],
        statistics=part_of("statistics"),
        own_steps=config["models"][config["model"]]["steps"],
    script:
        "../../scripts/table_setting.py"


rule tables:
    """every table"""
    input:
        [getattr(rules, table).output for table in TABLES],
