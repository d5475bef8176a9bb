# Everything with its captions as one zipped HTML report, which opens offline.


rule figures:
    input:
        rules.fig1.output,
        rules.fig2.output,
        rules.fig3.output,
        rules.fig4.output,
        rules.fig5.output,
        rules.fig6.output,
        rules.fig7.output,
        rules.fig8.output,
        rules.figA9.output,
        rules.figA10.output,
        rules.figA11.output,
        rules.figA12.output,
        rules.figA13.output,
        rules.figB1.output,
        rules.figB2.output,
        rules.figB3.output if LADDER else [],


rule report:
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output,
    output:
        "report.zip",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=1,
        snakefile=workflow.main_snakefile,
        targets=["figures", "tables", "claims"],
    script:
        "../../scripts/report.py"
