"""Curves over the layers, one axes for each task and one line for each step: Figures 6b and A13."""

import pandas as pd
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import marks, style
from .grids import spoken

COLUMNS = 3
LINES = (
    {"color": style.SKY, "marker": "o", "linestyle": "-"},
    {"color": style.BLUE, "marker": "s", "linestyle": "--"},
    {"color": style.VERMILLION, "marker": "^", "linestyle": "-."},
    {"color": style.GREEN, "marker": "D", "linestyle": ":"},
)


def shown_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn: latent frames that the model makes, of the branch with the prompt if it is there."""
    branch = "cond" if "cond" in set(table.branch) else table.branch.iloc[0]
    return table[(table.part == "generated") & (table.branch == branch)]


def draw(
    part: SubFigure, table: pd.DataFrame, value: str, label: str, null: str | None = None, level: float | None = None
) -> None:
    """`value` of the table of activations against the layer, with intervals; `null` in grey in the line of its step.

    level: where a thin line is drawn, the value that says nothing.
    """
    tasks, steps = list(dict.fromkeys(table.task)), sorted(table.step.unique())
    columns = min(COLUMNS, len(tasks) + 1)
    grid = part.subplots(-(-(len(tasks) + 1) // columns), columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, task in zip(grid, tasks, strict=False):
        of_task = table[table.task == task]
        for i, step in enumerate(steps):
            rows, look = of_task[of_task.step == step].sort_values("layer"), LINES[i % len(LINES)]
            marks.band(axes, rows.layer, rows[value], rows[f"{value}_low"], rows[f"{value}_high"], **look)
            if null is not None:
                marks.line(axes, rows.layer, rows[null], color=style.GREY, linestyle=look["linestyle"], linewidth=0.8)
        if level is not None:
            axes.axhline(level, color=style.BLACK, linewidth=0.5, zorder=0)
        axes.set_title(f"{spoken(task)} (n = {heading(of_task, value)})", pad=3)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for axes in grid[len(tasks) :]:
        axes.axis("off")
    for axes in grid[: len(tasks)]:
        axes.tick_params(labelbottom=True)
        axes.xaxis.label.set_visible(True)  # of a column without an axes below it too
    for axes in grid[::columns]:
        axes.set_ylabel(label)
    for axes in grid[max(0, len(tasks) - columns) : len(tasks)]:
        axes.set_xlabel("layer")
    lines = [Line2D([], [], label=f"step {step}", **LINES[i % len(LINES)]) for i, step in enumerate(steps)]
    if null is not None:
        lines.append(Line2D([], [], color=style.GREY, linewidth=0.8, label="null: another\ncase's objects"))
    grid[len(tasks)].legend(handles=lines, loc="center")


def heading(rows: pd.DataFrame, value: str) -> str:
    """How many cases the points are over."""
    found = sorted(set(rows.auc_n if value == "auc" else rows.n))
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"
