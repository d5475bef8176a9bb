"""The captions of the paper's tables: what came out of the measured rows, how to read them, what they count."""

import pandas as pd

from ..probes.frames.table import MEAN
from .paper_tables import MEASURED, with_interval
from .words import caption, listed, plural, side

TWO_BLOCKS = "Measured and quoted rows stand in two blocks; quoted ones are no measure of the measured ones."
SETTINGS = {
    "frames": ("Table A2", "Mean score by frame count.", "frames"),
    "steps": ("Table A3", "Mean score by number of steps.", "steps"),
}


def table1(table: pd.DataFrame, model: str, level: float) -> str:
    """Of Table 1; table: of paper_tables.table1."""
    ours = table[table.source == MEASURED]
    own = ours[ours.model == model]
    found = [
        f"{row['model']} {with_interval(row, 'overall')}" for _, row in ours.iterrows() if pd.notna(row["overall"])
    ]
    over = "; ".join(f"{row.model}: {row.n:.0f} cases of {row.tasks:.0f} tasks" for row in ours.itertuples())
    seeds = ", ".join(f"{count:.0f}" for count in sorted(set(own.seeds))) or "as listed"
    return caption(
        "Table 1",
        model,
        f"overall score: {', '.join(found)}." if found else "no row has all categories, so none has an overall score.",
        [
            "Mean score, overall and by category, in and out of domain; below each measured row its intervals.",
            TWO_BLOCKS,
        ],
        [
            f"{over}; seeds: {seeds}. {level:.0%} bootstrap intervals over cases, drawn within each task, seeds "
            "averaged within a case. Floor: the first frame repeated; ceiling: the true clip through the VAE."
        ],
    )


def table_a1(table: pd.DataFrame, level: float) -> str:
    """Of Table A1; table: of ensemble_table.table_a1."""
    first = table.iloc[0]
    merged = table[table["mode"].notna() & table.difference.notna()]
    sides = [side(row.difference_low, row.difference_high) for row in merged.itertuples()]
    return caption(
        "Table A1",
        first.model,
        f"of {plural(len(sides), 'merged window')} {sides.count('more')} score higher than the run without, "
        f"{sides.count('less')} lower, {sides.count('open')} are not told apart from it.",
        [
            "Mean score by window of layers in which seeds are merged; layers of "
            f"{first.window_of_layers} and of this model. Differences are to the run without, of the same cases.",
            TWO_BLOCKS,
        ],
        [
            f"{first.n} cases, seeds {listed(first.seeds_merged.split())}. {level:.0%} intervals by bootstrap of cases."
            + (" Null: another seed." if len(table[table["window"].str.contains("another")]) else "")
            + " Floor: the first frame repeated."
        ],
    )


def of_setting(points: pd.DataFrame, setting: str, model: str, level: float) -> str:
    """Of Table A2 (frames) or A3 (steps); points: of frames.by_setting."""
    table, what, noun = SETTINGS[setting]
    overall = points[points.task == MEAN] if MEAN in set(points.task) else points
    own, fewest = overall[overall.own], overall.loc[overall[setting].idxmin()]
    if own.empty or fewest.own or "score_difference" not in overall:
        finding = f"the model's own number of {noun} is not compared with a lower one."
    else:
        verdict = side(fewest.score_difference_low, fewest.score_difference_high)
        says = {"more": "higher", "less": "lower", "open": "not told apart"}[verdict]
        finding = (
            f"{fewest[setting]:g} {noun} against {own[setting].iloc[0]:g}: score "
            f"{with_interval(fewest.to_dict(), 'score_difference')}, {says}."
        )
    tasks = ", ".join(task for task in dict.fromkeys(points.task) if task != MEAN)
    return caption(
        table,
        model,
        finding,
        [what, "Differences are to the model's own setting, of the same cases.", TWO_BLOCKS],
        [
            f"Mean over the tasks {tasks}, the same cases in each row; {overall.n.max():.0f} cases, seeds: "
            f"{overall.seeds.max():.0f}. {level:.0%} bootstrap intervals over cases, drawn within each task, seeds "
            "averaged within a case. Floors: the first frame repeated, decoded noise; ceiling: the true clip."
        ],
    )
