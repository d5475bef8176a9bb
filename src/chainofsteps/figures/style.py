"""The theme of every figure, by seaborn: colours, sizes, looks of series; and how a figure is written to disk."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # drawing happens in jobs without a display

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import seaborn as sns  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.text import Text  # noqa: E402
from matplotlib.transforms import Bbox  # noqa: E402

from ..files import atomic_write
from ..names import PUZZLES

WIDTH = 7.0  # inches: the text width of a two-column page
DPI = 220
FORMULA = 10  # points: its subscripts are 0.7 of it
TITLE = 8  # points: of the lines on top
SENTENCE = 7  # points: of a sentence in place of a panel

# Okabe & Ito: eight colours told apart with any kind of colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"
PALETTE = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW, BLACK]

# Colour is never the only sign: every series has its own marker and line as well.
OPERATORS = {
    "replace": {"color": VERMILLION, "marker": "o", "linestyle": "-"},
    "renoise": {"color": BLUE, "marker": "s", "linestyle": "--"},
    "add": {"color": GREEN, "marker": "^", "linestyle": "-."},
}
CLEAN = {"color": BLACK, "linestyle": "-", "linewidth": 1.0}
FLOORS = {
    "floor_static": {"color": GREY, "linestyle": (0, (5, 2)), "linewidth": 1.0},
    "floor_noise": {"color": GREY, "linestyle": (0, (1, 1.5)), "linewidth": 1.2},
}
NULL = {"color": BLACK, "marker": "", "linestyle": (0, (3, 1, 1, 1)), "linewidth": 1.0}
CATEGORIES = {
    "Abstraction": ORANGE,
    "Knowledge": PURPLE,
    "Perception": GREEN,
    "Spatiality": BLUE,
    "Transformation": VERMILLION,
}
BOUNDARY = {"color": PURPLE, "linestyle": (0, (4, 1.5)), "linewidth": 0.9}
MAP = "viridis"  # perceptually uniform, and grey-scale safe
LINES = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY]  # of tasks: neither pale on white nor the black of their mean
MARKERS = "osD^vPX<>pdh"
# so that puzzles that stand in one figure have colours of their own
ORDER = ("loop_maze", "unique_maze", "loop_maze_5", "tic_tac_toe", "any_shelf", "grounding", "unique_maze_5", "shelf")
ORDER += ("next_size", "tic_tac_toe_single", "rotation")

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.6,
    "legend.frameon": False,
    "lines.solid_capstyle": "projecting",
    "patch.edgecolor": BLACK,
    "patch.force_edgecolor": False,
    "pdf.fonttype": 42,  # text stays text: searchable and editable
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
}


def of_tasks(tasks: Iterable[str]) -> dict[str, dict[str, str]]:
    """Colour and marker of each task. A puzzle has the same ones in every figure, other tasks by their order."""
    tasks = list(dict.fromkeys(tasks))
    order = list(dict.fromkeys([*ORDER, *PUZZLES, *tasks]))
    return {
        task: {"color": LINES[order.index(task) % len(LINES)], "marker": MARKERS[order.index(task) % len(MARKERS)]}
        for task in tasks
    }


@contextlib.contextmanager
def styled():
    """Draw and save inside this: seaborn's theme with RC on matplotlib's own defaults, whatever matplotlibrc says."""
    with plt.style.context("default"):
        sns.set_theme(context="paper", style="ticks", palette=PALETTE, font=RC["font.family"], rc=RC)
        yield


def panel_letter(figure, letter: str) -> None:
    """Put the letter of a panel at the upper left corner of a figure or subfigure."""
    figure.text(0.004, 0.995, letter, fontsize=9, fontweight="bold", ha="left", va="top")


def settle(figure: Figure) -> None:
    """Lay the figure out once and for all, on a grid of a millionth of its size.

    The solver of constrained layout sums in the order of memory addresses: its last bits differ between runs.
    """
    figure.canvas.draw()
    figure.set_layout_engine("none")
    parts = [figure]
    while parts:
        part = parts.pop()
        for sub in part.subfigs:
            sub.bbox_relative.set_points(sub.bbox_relative.get_points().round(6))
        for text in part.findobj(Text, include_self=False):
            if text.figure is part and text.axes is None:
                text.set_position(np.round(text.get_position(), 6))
        parts += part.subfigs
    for axes in figure.axes:
        axes.set_position(Bbox(axes.get_position().get_points().round(6)))


def save(figure: Figure, pdf: Path | str, png: Path | str, *, title: str, subject: str, keywords: str = "") -> None:
    """Write the PDF and its PNG twin with metadata, and close the figure.

    The bytes depend on the figure, these words and the matplotlib version alone: the PDF has a date only where
    SOURCE_DATE_EPOCH gives it one.
    """
    settle(figure)
    subject = " ".join(subject.split())
    about = {"Title": title, "Subject": subject, "Keywords": keywords}
    if not os.environ.get("SOURCE_DATE_EPOCH"):
        about["CreationDate"] = None
    atomic_write(pdf, lambda path: figure.savefig(path, format="pdf", dpi=DPI, metadata=about))
    described = {"Title": title, "Description": subject, "Keywords": keywords}
    atomic_write(png, lambda path: figure.savefig(path, format="png", dpi=DPI, metadata=described))
    plt.close(figure)
