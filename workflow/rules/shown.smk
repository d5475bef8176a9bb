# What the figures of panels have in common.

from chainofsteps.config.panels import panels_of


def panels_shown(figure):
    """The panels of a figure, checked against what the configured run has: nothing is begun for one that is not there."""
    model = config["models"][config["model"]]
    try:
        shown = panels_of(config, figure)
        for panel in shown:
            panel.check(
                CASE_NAMES,
                untouched_seeds(config),
                model["steps"],
                made_frames(CASES) if CASES["folder"] is None else None,
            )
    except InputError as error:
        sys.exit(f"error: {error}")
    return shown


def panel_shards(noun):
    """The shards of a noun that hold the cases of a figure's panels, one for each panel; an input function."""

    def of_figure(wildcards):
        return [
            f"results/{wildcards.model}/{noun_of(*whole([panel.seed])) if noun == 'trajectory' else noun}/{panel.puzzle}/"
            f"{shard_of(panel.puzzle, panel.case)}.json"
            for panel in panels_shown(wildcards.figure)
        ]

    return of_figure


def has_answers(figure):
    """Whether all panels of a figure are of puzzles, whose candidate answers are known."""
    return all(row["puzzle"] in PUZZLES for row in config["panels"] if row["figure"] == figure)


def shown(figure, *tables, also=()):
    """The input of a figure of panels: the model, its pictures, and tables of x0_pred of the puzzles that it shows and
    of those in also; of cases without known answers the scores of x0_pred alone."""

    def of_shown(table):
        ending = "" if table == "scores" else f"_{table}"
        return lambda wildcards: shard_files(
            f"results/{{model}}/x0_pred/{{task}}/{{shard}}{ending}.csv",
            config["model"],
            dict.fromkeys(
                [*(panel.puzzle for panel in panels_shown(figure)), *(also if has_answers(figure) else ())]
            ),
        )

    return {
        "model": f"results/model/{config['model']}.json",
        "pictures": f"results/{config['model']}/panels/{figure}.safetensors",
        **{table: of_shown(table) for table in (tables if has_answers(figure) else ("scores",) * SCORED)},
    }


def drawn(figure, caption):
    """The output of a figure of panels. caption: the page of workflow/report that shows it."""
    return {
        "pdf": report(
            f"figures/{figure}.pdf",
            caption=f"../report/{caption}.rst",
            category="Figures",
            labels={"figure": figure.removeprefix("fig"), "model": config["model"]},
        ),
        "png": f"figures/{figure}.png",
        "caption": f"figures/{figure}_caption.rst",
        "summary": f"figures/{figure}.txt",
        "points": f"figures/{figure}_points.csv",
    }


def drawn_by(figure):
    """What a figure of panels depends on besides its input."""
    return {
        "figure": figure,
        "panels": lambda wildcards: [asdict(panel) for panel in panels_shown(figure)],
        "thresholds": part_of("x0_pred", "tasks"),
        "statistics": part_of("statistics"),
    }
