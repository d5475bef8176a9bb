# All results that are there, held against their manifests and against what this configuration would make. A rule
# without input and output runs whenever it is asked for, and has nothing made before it.


rule verify:
    """all results that are there, held against their manifests"""
    log:
        "results/logs/verify.log",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=1,
        configured=lambda wildcards: configured(),
    script:
        "../../scripts/verify.py"
