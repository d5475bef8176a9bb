# The paper's tables as CSV, Markdown and LaTeX: published rows, marked as quoted, and what was measured here.


rule table1:
    input:
        published=beside_snakefile("workflow/published/table1.csv"),
        skill=expand(
            "results/{model}/skill/{puzzle}/00.csv", model=config["model"], puzzle=tasks_of(config, "skill")
        ),
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
        recipe=4,
        statistics=part_of("statistics"),
    script:
        "../../scripts/table1.py"


rule tableA1:
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
        recipe=3,
        level=config["statistics"]["level"],
    script:
        "../../scripts/tableA1.py"


rule tableA2:
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
        recipe=2,
        table="tableA2",
        setting="frames",
        level=config["statistics"]["level"],
    script:
        "../../scripts/table_setting.py"


rule tableA3:
    input:
        published=beside_snakefile("workflow/published/tableA3.csv"),
        points="figures/fig8_points.csv",
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
        recipe=2,
        table="tableA3",
        setting="steps",
        level=config["statistics"]["level"],
    script:
        "../../scripts/table_setting.py"


rule tables:
    input:
        rules.skill_table.output,
        rules.x0_pred_table.output,
        rules.decided.output,
        rules.candidates_table.output,
        rules.few_steps_table.output,
        rules.frames_table.output,
        rules.ensemble_table.output,
        rules.activations_table.output,
        rules.swap_table.output,
        rules.linear_readout_table.output,
        rules.ladder_table.output if LADDER else [],
        rules.table1.output,
        rules.tableA1.output,
        rules.tableA2.output,
        rules.tableA3.output,
