# Everything with its captions as one zipped HTML report, which opens offline.


rule figures:
    """every figure"""
    input:
        [getattr(rules, figure).output for figure in FIGURES],


rule report:
    """report.zip: figures, tables and claims with their captions, offline"""
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output if SCORED else [],
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
        targets=["figures", "tables", *["claims"] * SCORED],
    script:
        "../../scripts/report.py"
