# What `all` still costs in this configuration: jobs, forwards, hours, disk, memory. Like rule verify without input and
# output, so that it runs whenever it is asked for and has nothing made before it.


localrules:
    plan,


rule plan:
    """what `all` still costs: jobs, forwards, hours, disk, memory"""
    log:
        "results/logs/plan.log",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=30,
    params:
        recipe=1,
        targets=["all"],
    script:
        "../../scripts/plan.py"
