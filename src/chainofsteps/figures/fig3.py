"""Figure 3, drawn: (a) the schemes, (b) score against where the noise goes, (c) CKA maps and sensitivity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..model import schedule
from ..probes.noise.points import kinds_of, operators_of
from . import marks, style
from .fig3_schemes import draw_schemes

FLOOR_WORDS = {"floor_static": "static first frame", "floor_noise": "decoded noise"}
COINCIDE = 0.01  # floors nearer than this are one line
NOTHING = 0.02  # a map that stays below is told in words
SOLUTIONS = {"multi": "several solutions", "unique": "one solution"}


@dataclass(frozen=True)
class Setting:
    """What the tables do not hold but the reader must see."""

    sigmas: list[float]  # (S,) noise level before each step
    boundary_step: int | None  # first step of the low-noise expert, None with one expert
    latent_frames: int  # of the longest case
    noised_frames: list[int]  # the latent frames of noise at frame; empty where it was not run
    scored_frame: int | None  # the last of a video, which the puzzles score; None where lengths differ
    restored: bool  # latent frame 0 is put back before decoding wherever it was noised
    sensitivity: str  # "mean" or "final"
    features: list[str]  # what is compared by CKA; the first is drawn as maps

    @classmethod
    def of(cls, scores: pd.DataFrame, params: Mapping[str, Mapping]) -> "Setting":
        """From the score table, and the sections sampling, noise and similarity of the configuration."""
        sampling = params["sampling"]
        sigmas = schedule.sigmas(sampling["steps"], sampling["shift"])
        at_low = [schedule.expert(t, sampling["boundary"]) == "low" for t in schedule.timesteps(sigmas)]
        lengths = scores.latent_frames.astype(int)
        return cls(
            sigmas=sigmas[:-1].tolist(),
            boundary_step=at_low.index(True) if any(at_low) else None,
            latent_frames=int(lengths.max()),
            noised_frames=sorted(map(int, scores.frame.dropna().unique())),
            scored_frame=int(lengths.max()) - 1 if lengths.nunique() == 1 else None,
            restored=params["noise"]["restore_first_frame"],
            sensitivity=params["similarity"]["sensitivity"],
            features=list(params["similarity"]["features"]),
        )

    @property
    def marks(self) -> dict[int, str]:
        """Words under latent frames of noise at frame whose scores do not mean what the others' mean."""
        words = {self.scored_frame: "scored"} | ({0: "restored"} if self.restored else {})
        return {frame: word for frame, word in words.items() if frame in self.noised_frames}


def draw(scores: pd.DataFrame, cka: pd.DataFrame, tasks: dict[str, list[str]], setting: Setting) -> Figure:
    """Figure 3 from the points of `score_points` and `cka_points`; `tasks` names the tasks of each kind."""
    figure = plt.figure(figsize=(style.WIDTH, 7.4), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.5, 2.15, 3.45])
    draw_schemes(top, operators_of(scores), setting.latent_frames, setting.restored)
    score_row(middle, scores, tasks, setting)
    cka_rows(bottom, cka, tasks, setting)
    for part, letter in zip((top, middle, bottom), "abc", strict=True):
        style.panel_letter(part, letter)
    return figure


def heading(kind: str, tasks: dict[str, list[str]]) -> str:
    """Words over the panels of one kind."""
    names = ", ".join(name.replace("_", " ") for name in tasks[kind])
    names = names if len(names) <= 60 else f"{len(tasks[kind])} tasks"  # of a whole benchmark
    return f"{SOLUTIONS.get(kind, kind)} ({names})"


def counted(points: pd.DataFrame) -> str:
    """How many cases the points of noise are over, such as "16" or "14-16"."""
    cases = points[points.operator.notna()].cases
    return "0" if cases.empty else "-".join(dict.fromkeys(f"{n:.0f}" for n in (cases.min(), cases.max())))


# ---- (b)


def score_row(figure, points: pd.DataFrame, tasks: dict[str, list[str]], setting: Setting) -> None:
    """For each kind: mean score against step of injection, and against latent frame of injection."""
    kinds = kinds_of(points)
    parts = np.atleast_1d(figure.subfigures(1, len(kinds)))
    for part, kind in zip(parts, kinds, strict=True):
        part.suptitle(f"{heading(kind, tasks)}, n = {counted(points[points.kind == kind])}")
        of_kind = points[points.kind == kind]
        at_step, at_frame = part.subplots(1, 2, width_ratios=[1.75, 1], sharey=True)
        for axes, run, x in ((at_step, "noise_at_step", "step"), (at_frame, "noise_at_frame", "frame")):
            level_lines(axes, of_kind)
            noise_curves(axes, of_kind[of_kind.run == run], x)
        step_axis(at_step, setting)
        sigma_axis(at_step, setting)
        expert_boundary(at_step, setting)
        frame_axis(at_frame, setting)
        if part is parts[0]:
            at_step.set_ylabel("score")
        part.align_xlabels()
    legend(figure, at_step, at_frame)


def legend(figure, *panels) -> None:
    """One line under a row of panels: every series of these, as the first that has it shows it."""
    series = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            series.setdefault(label, handle)
    place = {"loc": "outside lower center", "ncols": len(series), "handlelength": 2.6, "columnspacing": 1.5}
    figure.legend(series.values(), series.keys(), **place)


def not_run(axes) -> None:
    """Say so where there is nothing to draw."""
    clear = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # of the lines that may run behind it
    place = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.5, "not run", **place, color=style.GREY, bbox=clear, zorder=9)


def level_lines(axes, points: pd.DataFrame) -> None:
    """The clean score with its interval, and the two floors."""
    clean = points[points.run == "baseline"].iloc[0]
    axes.axhspan(clean.low, clean.high, color=style.BLACK, alpha=0.12, linewidth=0)
    axes.axhline(clean.score, label="clean", **style.CLEAN)
    floors = {run: points[points.run == run].iloc[0].score for run in style.FLOORS}
    if np.ptp(list(floors.values())) < COINCIDE:
        axes.axhline(min(floors.values()), label=" and ".join(FLOOR_WORDS.values()), **style.FLOORS["floor_static"])
        return
    for run, score in floors.items():
        axes.axhline(score, label=FLOOR_WORDS[run], **style.FLOORS[run])


def noise_curves(axes, points: pd.DataFrame, x: str) -> None:
    """One curve per operator: bands over steps, error bars over latent frames (few, and not continuous), all of them
    at the frame itself, the later ones narrower."""
    if points.empty:
        not_run(axes)
    operators = operators_of(points)
    for index, operator in enumerate(operators):
        rows = points[points.operator == operator].sort_values(x)
        look = style.OPERATORS[operator]
        at = rows[x].to_numpy(dtype=float)
        score, low, high = (rows[name].to_numpy(dtype=float) for name in ("score", "low", "high"))
        if x == "step":
            marks.band(axes, at, score, low, high, label=operator, **look)
        else:
            marks.dots(axes, at, score, low, high, label=operator, **look | marks.nested(index) | {"linestyle": "none"})


def step_axis(axes, setting: Setting) -> None:
    """Steps of injection against a quantity from 0 to 1 (unbiased CKA may leave that range a little)."""
    axes.set(ylim=(-0.04, 1.06), xlim=(-0.6, len(setting.sigmas) - 0.4), xlabel="step of injection $s$")
    axes.set_yticks([0, 0.5, 1])
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def sigma_axis(axes, setting: Setting) -> None:
    """Sigma of the steps on top: a late step has a low one, which literal noise is far from."""
    steps = np.unique(np.linspace(0, len(setting.sigmas) - 1, 5).round().astype(int))
    top = axes.secondary_xaxis("top")
    top.set_xticks(steps, [f"{setting.sigmas[step]:.2g}" for step in steps])
    top.tick_params(length=2, pad=1)
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right", "va": "bottom"}
    axes.annotate(r"$\sigma$", (0, 1), (-1, 2.5), **place)


def frame_axis(axes, setting: Setting) -> None:
    """Latent frames, with the first (restored before decoding) and the last (scored) marked."""
    axes.set_xlabel("latent frame of noise", labelpad=13)
    last = setting.latent_frames - 1
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_xticks(np.unique(np.linspace(0, last, min(last + 1, 5)).round().astype(int)))
    for frame, word in setting.marks.items():
        marks.shade(axes, frame - 0.5, frame + 0.5, word, below=13)


def expert_boundary(axes, setting: Setting) -> None:
    """A line before the first step of the low-noise expert, if the model has two."""
    if setting.boundary_step is not None:
        axes.axvline(setting.boundary_step - 0.5, label="expert boundary", **style.BOUNDARY)


def expert_boundaries(axes, setting: Setting) -> None:
    """The same in a heat map of two steps, whose cells begin at their own number."""
    if setting.boundary_step is not None:
        axes.axvline(setting.boundary_step, **style.BOUNDARY)
        axes.axhline(setting.boundary_step, **style.BOUNDARY)


# ---- (c)


def cka_rows(figure, points: pd.DataFrame, tasks: dict[str, list[str]], setting: Setting) -> None:
    """Maps of CKA dissimilarity of the first features, over the sensitivity curves of each kind and features."""
    kinds, operators = kinds_of(points), operators_of(points)
    maps, curves = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    cells = points[(points.quantity == "cell") & (points.features == setting.features[0])]
    columns = [(kind, operator) for kind in kinds for operator in operators]
    grid = maps.add_gridspec(3, len(columns), height_ratios=[20, 5, 1.4], hspace=0.02)
    image = None
    for column, (kind, operator) in enumerate(columns):
        of_map = cells[(cells.kind == kind) & ((cells.operator == operator) | (cells.run == "reseed"))]
        axes = [maps.add_subplot(grid[row, column]) for row in range(3)]
        image = map_column(axes, of_map, setting, first=column == 0)
        axes[0].set_title(f"{SOLUTIONS.get(kind, kind)}\n{operator}", pad=3)
    words = f"CKA dissimilarity\nof {features_words(setting.features[0])}"
    maps.colorbar(image, ax=maps.axes, label=words, ticks=[0, 0.5, 1], pad=0.01, aspect=28)
    of_curves = points[points.quantity == "sensitivity"]
    panels = [(kind, features) for kind in kinds for features in setting.features]
    grid = np.atleast_1d(curves.subplots(1, len(panels), sharey=True))
    for axes, (kind, features) in zip(grid, panels, strict=True):
        sensitivity_curves(axes, of_curves[(of_curves.kind == kind) & (of_curves.features == features)], setting)
        axes.set_title(f"{SOLUTIONS.get(kind, kind)}\n{features_words(features)}")
    grid[0].set_ylabel(f"sensitivity\n({setting.sensitivity} over $t \\geq s$)")
    legend(curves, axes)


def features_words(features: str) -> str:
    """What is compared, for a reader."""
    return {"x0_pred": r"$\hat{x}_0$"}.get(features, features.replace("block:", "hidden states after layer "))


def map_column(axes, cells: pd.DataFrame, setting: Setting, first: bool):
    """Noise at step, noise at frame and the re-seed null: one axis of later steps, one colour scale."""
    steps = len(setting.sigmas)
    rows = {"noise_at_step": steps, "noise_at_frame": setting.latent_frames, "reseed": 1}
    labels = ("step of\ninjection $s$", "latent\nframe", "re-seed")
    for ax, (run, height), label in zip(axes, rows.items(), labels, strict=True):
        of_run = cells[cells.run == run]
        if of_run.empty:
            not_run(ax)
        picture = np.full((height, steps), np.nan)
        y = {"noise_at_step": of_run.step, "noise_at_frame": of_run.frame}.get(run, of_run.later_step * 0)
        picture[y.to_numpy(dtype=int), of_run.later_step.to_numpy(dtype=int)] = of_run.dissimilarity
        every = (math.ceil(steps / 5) if run == "reseed" else 0, height - 1 if first else 0)
        image = marks.heat_map(ax, pd.DataFrame(picture), every)
        if len(of_run) and of_run.dissimilarity.max() < NOTHING and run == "noise_at_step":
            marks.blank(ax, image, f"below {NOTHING:g}\neverywhere")
        if first:
            ax.set_ylabel(label, rotation=0, ha="right", va="center")
    expert_boundaries(axes[0], setting)
    axes[-1].set_xlabel("later step $t$")
    return image


def sensitivity_curves(axes, points: pd.DataFrame, setting: Setting) -> None:
    """Sensitivity per step of injection with intervals, and the re-seed null on the same axis."""
    if not operators_of(points):
        not_run(axes)
    series = [(name, style.OPERATORS[name], points[points.operator == name]) for name in operators_of(points)]
    series.append(("re-seed null", style.NULL, points[points.run == "reseed"]))
    for label, look, rows in series:
        rows = rows.sort_values("step")
        at, value, low, high = (rows[name].to_numpy(dtype=float) for name in ("step", "dissimilarity", "low", "high"))
        marks.band(axes, at, value, low, high, label=label, **look)
    expert_boundary(axes, setting)
    step_axis(axes, setting)
