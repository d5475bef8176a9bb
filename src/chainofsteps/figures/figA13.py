"""Figure A13: how sparse token activations are, by layer."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from . import layer_curves, style
from .words import caption as in_parts
from .words import with_interval


def draw(activations: pd.DataFrame) -> Figure:
    """Figure A13, from tables/activations.csv."""
    rows = layer_curves.shown_rows(activations)
    columns = layer_curves.COLUMNS
    height = 0.3 + 1.6 * -(-(rows.task.nunique() + 1) // columns)
    figure = plt.figure(figsize=(style.WIDTH, height), layout="constrained")
    layer_curves.draw(figure.subfigures(1, 1), rows, "hoyer", "Hoyer sparsity")
    return figure


def finding(activations: pd.DataFrame) -> str:
    """In a sentence: where token norms are sparsest, over all tasks, steps and layers."""
    rows = layer_curves.shown_rows(activations)
    most = rows.loc[rows.hoyer.idxmax()]
    where = f"{most.task.replace('_', ' ')}, step {most.step}, layer {most.layer}"
    return (
        "on a scale of 0 to 1 the sparsity of token norms is at most "
        f"{with_interval(most.hoyer, most.hoyer_low, most.hoyer_high, 3)} ({where}); median of all layers, steps and "
        f"puzzles {rows.hoyer.median():.3f}."
    )


def summary(activations: pd.DataFrame) -> str:
    """In words: the layers where the norms of tokens are most and least alike, by task and step."""
    lines = []
    for (task, step), rows in layer_curves.shown_rows(activations).groupby(["task", "step"], sort=False):
        most, least = rows.loc[rows.hoyer.idxmax()], rows.loc[rows.hoyer.idxmin()]
        words = [
            f"{row.hoyer:.3f} [{row.hoyer_low:.3f}, {row.hoyer_high:.3f}], layer {row.layer}" for row in (least, most)
        ]
        lines.append(
            f"{task.replace('_', ' ')}, step {step}, {most.n} cases: sparsity of token norms from {words[0]}, to "
            f"{words[1]}."
        )
    return "\n".join(lines) + "\n"


def caption(activations: pd.DataFrame, model: str, level: float) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText."""
    rows = layer_curves.shown_rows(activations)
    counts = ", ".join(f"{task} {of.n.max()}" for task, of in rows.groupby("task", sort=False))
    return in_parts(
        "Figure A13",
        model,
        finding(activations),
        [
            "Hoyer's measure of the L2 norms of all tokens of the latent frames but the given first, "
            "(sqrt n - l1 / l2) / (sqrt n - 1): 0 if all are equal, 1 if one token has everything; "
            f"{', '.join(sorted(set(rows.branch)))} branch.",
        ],
        [
            f"Cases: {counts}; seeds: {rows.seeds.iloc[0]}. Means over cases with {level:.0%} bootstrap intervals, "
            "seeds averaged within a case. The floor is 0, of equal norms; there is no null."
        ],
    )
