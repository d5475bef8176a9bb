"""Marks that the figures share, drawn by seaborn: curves, dots with intervals, heat maps.

seaborn draws and computes nothing: every value and every end of an interval comes from a table of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from numpy.typing import ArrayLike

from . import style

EDGE = {"markeredgewidth": 0.4}  # points: white, around a marker
VEIL = 0.18
BARS = {"elinewidth": 0.8, "capsize": 1.5, "capthick": 0.8}


def line(axes: Axes, x: ArrayLike, y: ArrayLike, **look) -> None:
    """A line through (n,) values y at x; a missing value is left out."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    sns.lineplot(x=x, y=y, ax=axes, estimator=None, errorbar=None, legend=False, **EDGE | look)


def band(axes: Axes, x: ArrayLike, y: ArrayLike, low: ArrayLike, high: ArrayLike, veil: float = VEIL, **look) -> None:
    """A line through (n,) values y at x, and a band from low to high; veil: its opacity."""
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    axes.fill_between(x, low, high, color=look["color"], alpha=veil, linewidth=0)
    line(axes, x, y, **look)


def nested(index: int) -> dict[str, float]:
    """The look of the series of that number where several stand at one place: each later one is smaller and thinner,
    so that those below it are seen."""
    share = 0.65**index
    return {"markersize": 6.2 * share, "elinewidth": 2.2 * share, "capsize": 3.4 * share}


def dots(axes: Axes, x: ArrayLike, y: ArrayLike, low: ArrayLike, high: ArrayLike, across: bool = False, **look) -> None:
    """Markers at (n,) values y over x, joined if look has a linestyle, with bars from low to high.

    across: the values are x, and the bars lie flat.
    """
    x, y, low, high = (np.asarray(values, dtype=float) for values in (x, y, low, high))
    value = x if across else y
    reach = np.clip([value - low, high - value], 0, None)
    own = {name: look.pop(name) for name in BARS if name in look}
    bars = {"ecolor": look["color"], "alpha": look.get("alpha"), "zorder": look.get("zorder", 2), **BARS, **own}
    axes.errorbar(x, y, **{"xerr" if across else "yerr": reach}, fmt="none", **bars)
    line(axes, x, y, orient="y" if across else "x", **{"linestyle": "none", **look})


@contextmanager
def drawn_alone(axes: Axes) -> Iterator[None]:
    """seaborn draws the whole figure anew for each heat map: meanwhile these axes alone, and without a layout."""
    figure = axes.get_figure(root=True)
    engine, others = figure.get_layout_engine(), [other for other in figure.axes if other is not axes]
    shown = [other for other in others if other.get_visible()]
    figure.set_layout_engine("none")
    for other in shown:
        other.set_visible(False)
    yield
    for other in shown:
        other.set_visible(True)
    figure.set_layout_engine(engine)


def heat_map(axes: Axes, table: pd.DataFrame, every: tuple[int, int]) -> QuadMesh:
    """Values from 0 to 1, first row on top; cell (row i, column j) covers y from i to i + 1, x from j to j + 1.

    every: so many columns and rows apart are the labels (0: none), which are those of the table.
    """
    labels = dict(zip(("xticklabels", "yticklabels"), (number or False for number in every), strict=True))
    scale = {"cmap": style.MAP, "vmin": 0, "vmax": 1, "cbar": False}
    # cells as pixels: drawn one by one they have white seams in many PDF viewers
    with drawn_alone(axes):
        sns.heatmap(table, ax=axes, rasterized=True, **labels, **scale)
    axes.tick_params(rotation=0)
    axes.set(xlabel="", ylabel="")
    axes.spines[:].set_visible(True)
    return axes.collections[0]


def blank(axes: Axes, mesh: QuadMesh, words: str) -> None:
    """Words in place of a map that shows nothing."""
    mesh.set_visible(False)
    place = {"transform": axes.transAxes, "ha": "center", "va": "center", "fontsize": style.SENTENCE}
    axes.text(0.5, 0.5, words, **place)


def shade(axes, low: float, high: float, word: str, below: float) -> None:
    """Shade what lies between two x, and put a word so many points below it."""
    axes.axvspan(low, high, color=style.ORANGE, alpha=0.16, linewidth=0, zorder=2)
    place = {"xycoords": ("data", "axes fraction"), "xytext": (0, -below), "textcoords": "offset points"}
    axes.annotate(word, ((low + high) / 2, 0), **place, ha="center", va="top", fontsize=7)
