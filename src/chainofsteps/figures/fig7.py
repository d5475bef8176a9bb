"""Figure 7: seeds merged inside the network, against what the same seeds give without that."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..names import SPLITS
from ..probes.ensemble.spec import OF_FINALS, OF_LATENTS
from ..probes.ensemble.table import ANOTHER, CEILING, FLOORS, ORACLE, SINGLE
from . import marks, style

LOOKS = {
    "all": {"color": style.BLACK, "marker": "o", "label": "all"},
    "headroom": {"color": style.VERMILLION, "marker": "D", "label": "solved now and then"},
    SPLITS[0]: {"color": style.BLUE, "marker": "s", "label": "in domain"},
    SPLITS[1]: {"color": style.ORANGE, "marker": "^", "label": "out of domain"},
}
WORDS = {
    SINGLE: "one run: seed {first}",
    ANOTHER: "another seed, not chosen",
    OF_LATENTS[0]: "from the mean of the noises",
    OF_LATENTS[1]: r"from that mean times $\sqrt{{K}}$",
    OF_FINALS: "mean of {k} final latents",
    ORACLE: "best of {k} by an oracle",
}
TOP, ROW = 1.2, 0.22  # inches: the schematic, and a row of dots
LETTERS = 42  # of a line below an axis
CELLS, WINDOW = 8, (4, 5)  # of the schematic


def points(table: pd.DataFrame) -> pd.DataFrame:
    """What is drawn, of the table of `ensemble_table.summary`: all cases, and beside them those in which a gain can
    show or, where none are named, each split if both are there."""
    splits = table[table.scope == "split"].split.nunique()
    beside = "headroom" if "headroom" in set(table.scope) else "split" if splits > 1 else "all"
    drawn = table[table.scope.isin(["all", beside])].copy()
    drawn["cases"] = drawn.split.where(drawn.scope == "split", drawn.scope)
    return drawn


def draw(drawn: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Figure 7. drawn: of `points`. settings: the section `ensemble` of the configuration."""
    rows = labels(drawn, settings["seeds"])
    figure = plt.figure(figsize=(style.WIDTH, TOP + 0.9 + ROW * len(rows)), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[TOP, 0.9 + ROW * len(rows)])
    for axes, mode in zip(top.subplots(1, 2), ("mean", "blend"), strict=True):
        schematic(axes, mode, settings)
    left, right = bottom.subplots(1, 2, sharey=True, width_ratios=[1, 1.05])
    dots(left, drawn, rows, "score", ("low", "high"))
    dots(right, drawn, rows, "difference", ("difference_low", "difference_high"))
    over_all = drawn[drawn.cases == "all"].set_index("variant")
    references(left, drawn, rows, over_all)
    left.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.6))
    left.set_yticklabels(rows.values())
    right.axvline(0, zorder=1, **style.CLEAN)
    forwards(right, over_all.reset_index(), rows)
    right.set_xlabel("difference to the one run, same cases")
    right.xaxis.set_major_locator(MaxNLocator(5))
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.5)
        axes.set_axisbelow(True)
    named = [axes.get_legend_handles_labels() for axes in (left, right)]
    handles = {label: handle for pair in named for handle, label in zip(*pair, strict=True)}
    bottom.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    style.panel_letter(top, "a")
    style.panel_letter(bottom, "b")
    right.set_title("c", loc="left", fontsize=9, fontweight="bold")
    return figure


def keys_of(drawn: pd.DataFrame) -> pd.Series:
    """What tells the rows of the figure apart: the variant, window and mode."""
    return drawn[["variant", "window", "mode"]].fillna("").apply(tuple, axis=1)


def labels(drawn: pd.DataFrame, seeds: Sequence[int]) -> dict[tuple, str]:
    """The rows from the top, as far as they were run: baselines, ensembles, the oracle; with the words beside them."""
    ensembles = drawn[(drawn.variant == "ensemble") & (drawn.cases == "all")]
    words = {(name, "", ""): text.format(first=seeds[0], k=len(seeds)) for name, text in WORDS.items()}
    oracle = {(ORACLE, "", ""): words.pop((ORACLE, "", ""))}
    words |= {
        (row.variant, row.window, row.mode): f"{row.mode}, layers {row.window} (here {row.layers})"
        for row in ensembles.itertuples()
    }
    there = set(keys_of(drawn))
    return {key: text for key, text in {**words, **oracle}.items() if key in there}


def dots(axes, drawn: pd.DataFrame, rows: Mapping[tuple, str], value: str, interval: tuple[str, str]) -> None:
    """A dot with its interval for each row and part of the cases; hollow for the oracle, which is no method."""
    places = {key: place for place, key in enumerate(rows)}
    parts = [part for part in LOOKS if part in set(drawn.cases)]
    for number, part in enumerate(parts):
        look, shift = LOOKS[part], 0.22 * (number - (len(parts) - 1) / 2)
        of_part = drawn[drawn.cases == part].assign(key=keys_of(drawn))
        of_part = of_part[of_part.key.isin(places.keys()) & of_part[value].notna()]
        label = f"{look['label']} ({of_part.n.iloc[0]} cases)"
        for oracle, shown in of_part.groupby(of_part.variant == ORACLE):
            edge = {"markerfacecolor": "white", "markeredgecolor": look["color"], "markeredgewidth": 0.8}
            drawn_as = {**look, **edge, "label": None} if oracle else {**look, "label": label}
            y, ends = shown.key.map(places) + shift, (shown[name] for name in interval)
            marks.dots(axes, shown[value], y, *ends, across=True, **drawn_as)


def references(axes, drawn: pd.DataFrame, rows: Mapping[tuple, str], over_all: pd.DataFrame) -> None:
    """The scores of what is no method: lines on the axis, whose ends are those of the drawn scores; words below it for
    those that lie off it."""
    shown = drawn[keys_of(drawn).isin(rows.keys())]
    scores = [over_all.loc[name].score for name in (*FLOORS, CEILING)]
    low, high = np.nanmin([shown.low.min(), shown.score.min()]), np.nanmax([shown.high.max(), shown.score.max()])
    pad = max(high - low, 0.02) * 0.08
    ends = low - pad, max(high, scores[-1] if scores[-1] < high + 3 * pad else high) + pad
    axes.set_xlim(*ends)
    off = []
    looks = (style.FLOORS["floor_static"], style.FLOORS["floor_noise"], style.NULL)
    for score, words, look in zip(scores, ("first frame repeated", "decoded noise", "true clip"), looks, strict=True):
        if ends[0] <= score <= ends[1]:
            axes.axvline(score, **look, label=words)
        else:
            off.append(f"{words} {score:.2f}")
    axes.set_xlabel("\n".join(["score", *(wrap(f"(off the axis: {', '.join(off)})", LETTERS) if off else [])]))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def forwards(axes, over_all: pd.DataFrame, rows: Mapping[tuple, str]) -> None:
    """How many forwards a row takes, made alone, at the right."""
    cost = dict(zip(keys_of(over_all), over_all.forwards, strict=True))
    place = {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "right", "fontsize": 6.5}
    for y, key in enumerate(rows):
        axes.text(1.12, y, f"{cost[key]:.4g}", **place, color=style.GREY)
    axes.text(1.12, -0.95, "forwards", **place, color=style.GREY)


def schematic(axes, mode: str, settings: Mapping[str, Any]) -> None:
    """K streams through the layers of one step, merged in a window, and the one that goes on."""
    seeds, (first, last) = settings["seeds"], WINDOW
    merges = [first] if mode == "mean" else [first, last]
    shown = list(enumerate(seeds))[:3]
    for row, seed in shown:
        y = -row
        axes.text(-0.25, y, f"seed {seed}", ha="right", va="center", fontsize=6.5)
        for layer in range(CELLS if row == 0 else merges[-1] + 1):
            inside = first <= layer <= last
            face = style.SKY if inside else "#E8E8E8"
            axes.add_patch(Rectangle((layer, y - 0.3), 0.72, 0.6, facecolor=face, edgecolor=style.GREY, linewidth=0.5))
    for layer in merges:
        x = layer + 0.86
        axes.plot([x, x], [0, -shown[-1][0]], color=style.VERMILLION, linewidth=1.6, marker="o", markersize=2.5)
    axes.annotate(
        "",
        (CELLS + 0.75, 0),
        (CELLS - 0.2, 0),
        arrowprops={"arrowstyle": "-|>", "linewidth": 0.8, "color": style.BLACK},
    )
    goes_on = f"seed {seeds[0]}'s" if settings["carry"] == "first" else "the mean"
    axes.text(CELLS + 0.85, 0, f"velocity;\n{goes_on}\nlatents go on", fontsize=6.5, va="center")
    axes.text(sum(WINDOW) / 2 + 0.4, 0.5, "window", ha="center", fontsize=6.5)
    axes.text(0.3, 0.5, "layers", ha="center", fontsize=6.5)
    weight = settings["weight"]
    formula = {
        "mean": r"mean: $h_k \leftarrow \bar{h}$ after the window's first layer",
        "blend": rf"blend: $h_k \leftarrow {1 - weight:g}\,h_k + {weight:g}\,\bar{{h}}$ after each of its layers",
    }[mode]
    axes.set_title(formula, pad=3)
    axes.set(xlim=(-1.6, CELLS + 3.1), ylim=(-shown[-1][0] - 0.45, 0.95))
    axes.axis("off")
