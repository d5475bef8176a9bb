# Pictures of x0_pred for the figures that show runs, by the table `panels` of the configuration.


def panels_shown(figure):
    """The panels of a figure, checked against what the configured run has: nothing is begun for one that is not there."""
    model, seeds = config["models"][config["model"]], config["trajectory"]
    try:
        shown = panels_of(config, figure)
        for panel in shown:
            panel.check(
                CASE_NAMES,
                [*seeds["seeds"], seeds["null_seed"]],
                model["steps"],
                EMBEDDED_FRAMES if CASES["folder"] is None else None,
            )
    except InputError as error:
        sys.exit(f"error: {error}")
    return shown


def panel_named(wildcards):
    """The panel of a picture file."""
    return next(panel for panel in panels_shown(wildcards.figure) if panel.panel == wildcards.panel)


def panel_trajectory(wildcards):
    """The trajectory shard that holds the run of a panel."""
    panel = panel_named(wildcards)
    shard = CASE_NAMES[panel.puzzle].index(panel.case) // CASES["shard_size"]
    return f"results/{wildcards.model}/trajectory/{panel.puzzle}/{shard:02d}.json"


rule panel:
    input:
        model="results/model/{model}.json",
        trajectory=panel_trajectory,
    output:
        "results/{model}/panels/{figure}{panel}.safetensors",
    log:
        "results/{model}/logs/panels/{figure}{panel}.log",
    benchmark:
        "results/{model}/benchmarks/panels/{figure}{panel}.tsv"
    wildcard_constraints:
        figure=r"figA?\d+",
        panel="[a-z]",
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=1,
        panel=lambda wildcards: asdict(panel_named(wildcards)),
    script:
        "../../scripts/panel.py"
