"""Figure B3: success of models of several depths in several numbers of steps, and where along the steps it is made."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..probes.ladder.nouns import KINDS
from ..probes.ladder.table import FINAL, first_shares
from ..statistics import bootstrap_group_means
from . import marks, style
from .grids import spoken

LOOKS = (  # of the depths, from the shallowest
    {"color": style.ORANGE, "marker": "v"},
    {"color": style.VERMILLION, "marker": "s"},
    {"color": style.BLUE, "marker": "o"},
    {"color": style.BLACK, "marker": "D"},
    {"color": style.GREEN, "marker": "^"},
)
LINES = dict(zip(KINDS, ("-", ":"), strict=True))
IDEAL = {"linestyle": (0, (4, 2)), "linewidth": 0.9}


def first_of_depth(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of one model of each depth, the first that is listed: others repeat it with another training seed."""
    return table[table.model.isin(table.drop_duplicates("layers").model)]


def draw(table: pd.DataFrame, rows: pd.DataFrame, statistics: Mapping[str, Any]) -> Figure:
    """Figure B3. table: of `probes.ladder.table.summary`; rows: COLUMNS of all models."""
    tasks, shown = list(dict.fromkeys(table.task)), first_of_depth(table)
    depths = sorted(map(int, shown.layers.unique()))
    looks = {layers: LOOKS[number % len(LOOKS)] for number, layers in enumerate(depths)}
    figure = plt.figure(figsize=(style.WIDTH, 4.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.3, 2.3])
    grid = top.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axes, task in zip(grid, tasks, strict=True):
        of_task = shown[shown.task == task]
        by_steps(axes, of_task, looks)
        axes.set_title(f"{spoken(task)} (n = {of_task.n.iloc[0]})", pad=3, fontsize=7)
    grid[0].set_ylabel("share of cases solved")
    top.legend(handles=handles(looks), loc="outside lower center", ncols=len(looks) + len(KINDS))
    matched, along, shares = bottom.subplots(1, 3)
    by_passes(matched, shown, looks)
    by_step(along, first_of_depth(rows), looks)
    shares_by_depth(shares, rows, statistics)
    style.panel_letter(top, "a")
    for axes, letter in ((matched, "b"), (along, "c"), (shares, "d")):
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=9)
    return figure


def handles(looks: Mapping[int, Mapping[str, Any]]) -> list[Line2D]:
    """The legend of the depths and of the two kinds of run."""
    depths = [Line2D([], [], label=f"{n} layer{'s' * (n > 1)}", markersize=3.5, **look) for n, look in looks.items()]
    words = {"plain": "as it is", "renoised": "noised anew after every step"}
    return depths + [Line2D([], [], color=style.GREY, linestyle=LINES[kind], label=words[kind]) for kind in KINDS]


def by_steps(axes: Axes, table: pd.DataFrame, looks: Mapping[int, Mapping[str, Any]]) -> None:
    """Share of cases that are solved against the number of steps: a line for each depth and kind of run."""
    for layers, look in looks.items():
        for kind in KINDS:
            rows = table[(table.layers == layers) & (table.kind == kind)].sort_values("steps")
            drawn = {**look, "linestyle": LINES[kind]}
            if kind == KINDS[0]:
                marks.band(axes, rows.steps, rows.solved, rows.solved_low, rows.solved_high, **drawn)
            else:
                marks.line(axes, rows.steps, rows.solved, **{**drawn, "marker": None}, linewidth=0.9)
    axes.set_xscale("log")
    steps = sorted(table.steps.unique())
    axes.set_xticks(steps, steps)
    axes.minorticks_off()
    axes.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1], xlabel="steps")


def by_passes(axes: Axes, table: pd.DataFrame, looks: Mapping[int, Mapping[str, Any]]) -> None:
    """The same against layers times steps, mean over puzzles: at one place all have had the same compute."""
    means = table[table.kind == KINDS[0]].groupby(["layers", "steps"]).solved.mean().reset_index()
    for layers, look in looks.items():
        rows = means[means.layers == layers].sort_values("steps")
        marks.line(axes, rows.steps * layers, rows.solved, linestyle="-", **look)
    axes.set_xscale("log", base=4)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda passes, _: f"{passes:g}"))
    axes.minorticks_off()
    axes.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1], xlabel="layers x steps", ylabel="share solved, mean of puzzles")


def by_step(axes: Axes, rows: pd.DataFrame, looks: Mapping[int, Mapping[str, Any]]) -> None:
    """Weight of the right answers in x0_pred by step, mean over puzzles, and what the latents hold of it before."""
    steps = rows[(rows.step != FINAL) & (rows.kind == KINDS[0])]
    means = steps.groupby(["layers", "task", "step"])[["right", "observer"]].mean().groupby(["layers", "step"]).mean()
    for layers, look in looks.items():
        if layers in means.index.get_level_values("layers"):
            of_depth = means.loc[layers]
            marks.line(axes, of_depth.index, of_depth.right, linestyle="-", **look)
            marks.line(axes, of_depth.index, of_depth.observer, color=look["color"], **IDEAL)
    axes.plot([], [], color=style.GREY, **IDEAL, label="ideal denoiser")
    axes.legend(loc="lower right")
    axes.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1], xlabel="step", ylabel="weight of right answers")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def shares_by_depth(axes: Axes, rows: pd.DataFrame, statistics: Mapping[str, Any]) -> None:
    """Of the bits on right answers that a run has at its end, how many the first forward has; a dot for each model."""
    for row in share_of_models(rows, statistics).itertuples():
        look = {"color": style.GREY if row.again else style.BLACK, "marker": "o", "linestyle": "none"}
        look |= marks.nested(int(row.again))  # at its own depth, over the model that it repeats
        marks.dots(axes, [row.layers], [row.share], [row.low], [row.high], **look)
    axes.set_xscale("log", base=2)
    depths = sorted(rows.layers.unique())
    axes.set_xticks(depths, depths)
    axes.minorticks_off()
    axes.set(ylim=(-0.05, 1.15), yticks=[0, 0.5, 1], xlabel="layers", ylabel="share of bits in the first forward")


def share_of_models(rows: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Per model: layers, share, low, high (mean over puzzles, cases drawn within each), n, and whether it repeats a
    depth that stands before it."""
    found, seen = [], set()
    for (model, layers), of_model in first_shares(rows).groupby(["model", "layers"], sort=False):
        groups = [group.share.to_numpy() for _, group in of_model.groupby("task", sort=False)]
        values = dict(zip(("share", "low", "high"), bootstrap_group_means(groups, None, **statistics), strict=True))
        found.append({"model": model, "layers": layers, **values, "n": len(of_model), "again": layers in seen})
        seen.add(layers)
    return pd.DataFrame(found, columns=["model", "layers", "share", "low", "high", "n", "again"])
