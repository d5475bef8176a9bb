# Which figures and tables can be made of the configured cases: all of puzzles, whose answers are listed; of cases that
# EvalKit scores those that need nothing but a score, swaps among them if swap.task is one of their tasks; of any other
# case the pictures.

SCORED = {*CASES["tasks"]} <= {"rule": {*PUZZLES}, "evalkit": {*vbvr.TASKS}}[CASES["scorer"]]
LISTED = SCORED and CASES["scorer"] == "rule"
SWAPPED = LISTED or (SCORED and config["swap"]["task"] in CASES["tasks"])
CLIPS = CASES["folder"] is None or CASES["frames"] is None  # every case has a true clip
ELSEWHERE = {row["figure"] for row in config["panels"] if row["puzzle"] not in CASES["tasks"]}
PANELLED = {row["figure"] for row in config["panels"]} - ELSEWHERE
OF_PANELS = ("fig1", "fig2", "fig4", "fig5", "figA9", "figA10", "figA11", "figA12")
FIGURES = [
    *(figure for figure in OF_PANELS if LISTED or figure in PANELLED),
    *["fig3", "fig7", "fig8"] * SCORED,
    *["figA13"] * CLIPS,
    *["fig6"] * (LISTED or (SWAPPED and CLIPS)),
    *["figB1", "figB2"] * LISTED,
    *["figB3"] * bool(LADDER),
]
TABLES = [
    *["x0_pred_table", "few_steps_table", "frames_table", "ensemble_table"] * SCORED,
    *["activations_table"] * CLIPS,
    *["skill_table", "decided", "candidates_table"] * LISTED,
    *["swap_table"] * SWAPPED,
    *["linear_readout_table"] * LISTED,
    *["ladder_table"] * bool(LADDER),
    *["evalkit_table"] * (SCORED and not LISTED),
    *["table1", "tableA1", "tableA2", "tableA3"] * SCORED,
]


def listed(what, files):
    """Files that are of puzzles alone; else an input function that stops a run before it begins."""

    def none(_wildcards):
        names = [*FIGURES, *(name.removesuffix("_table") for name in TABLES)]
        sys.exit(
            f"error: {what} needs puzzles, whose right answers are listed. Of these cases there are "
            f"{', '.join(names) or 'only their runs'}{', claims' * SCORED}"
        )

    return files if LISTED else none
