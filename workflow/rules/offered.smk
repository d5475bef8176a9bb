# Which figures and tables can be made of the configured cases: all of puzzles, whose answers are listed; of cases that
# EvalKit scores those that need nothing but a score.

LISTED = CASES["scorer"] == "rule"
PANELLED = {row["figure"] for row in config["panels"]}
OF_PANELS = ("fig1", "fig2", "fig4", "fig5", "figA9", "figA10", "figA11", "figA12")
FIGURES = [
    *(figure for figure in OF_PANELS if LISTED or figure in PANELLED),
    *["fig3", "fig7", "fig8", "figA13"],
    *["fig6", "figB1", "figB2"] * LISTED,
    *["figB3"] * bool(LADDER),
]
TABLES = [
    *["x0_pred_table", "few_steps_table", "frames_table", "ensemble_table", "activations_table"],
    *["skill_table", "decided", "candidates_table", "swap_table", "linear_readout_table"] * LISTED,
    *["ladder_table"] * bool(LADDER),
    *["evalkit_table"] * (not LISTED),
    *["table1", "tableA1", "tableA2", "tableA3"],
]


def listed(what, files):
    """Files that are of puzzles alone; else an input function that stops a run before it begins."""

    def none(_wildcards):
        names = [*FIGURES, *(name.removesuffix("_table") for name in TABLES)]
        sys.exit(
            f"error: {what} needs puzzles, whose right answers are listed; cases.scorer is evalkit. Of these cases there "
            f"are {', '.join(names)}, claims"
        )

    return files if LISTED else none
