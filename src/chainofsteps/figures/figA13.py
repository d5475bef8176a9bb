"""Figure A13: how sparse token activations are, by layer."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from . import layer_curves, style


def draw(activations: pd.DataFrame) -> Figure:
    """Figure A13, from tables/activations.csv."""
    rows = layer_curves.shown_rows(activations)
    columns = layer_curves.COLUMNS
    height = 0.3 + 1.6 * -(-(rows.task.nunique() + 1) // columns)
    figure = plt.figure(figsize=(style.WIDTH, height), layout="constrained")
    layer_curves.draw(figure.subfigures(1, 1), rows, "hoyer", "Hoyer sparsity")
    return figure


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
    """What was measured; reStructuredText, one paragraph."""
    rows = layer_curves.shown_rows(activations)
    return (
        f"Figure A13. Sparsity of token activations, model {model}: Hoyer's measure of the L2 norms of all tokens of "
        "the latent frames but the given first, (sqrt n - l1 / l2) / (sqrt n - 1), 0 if all are equal and 1 if one "
        f"token has everything; {', '.join(sorted(set(rows.branch)))} branch, mean over cases with {level:.0%} "
        f"bootstrap intervals (seeds averaged within a case; seeds: {rows.seeds.iloc[0]}).\n"
    )
