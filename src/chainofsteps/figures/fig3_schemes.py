"""Figure 3a: noise at step and noise at frame as pictures, and the formulas of the operators."""

import numpy as np
from matplotlib.figure import SubFigure
from matplotlib.patches import Rectangle

from . import marks, style

FORMULAS = {
    "replace": r"$x \leftarrow a\,\epsilon$",
    "renoise": r"$x \leftarrow (1-\sigma)\,\hat{x}_0 + \sigma a\,\epsilon$",
    "add": r"$x \leftarrow x + a\,\epsilon$",
}


def draw_schemes(figure: SubFigure, operators: list[str], latent_frames: int, restored: bool) -> None:
    """Two grids, steps x latent frames, with one row or one column of noise; the formulas beside them.

    restored: latent frame 0 is put back before decoding wherever it was noised.
    """
    axes = figure.subplots(1, 3, width_ratios=[1, 1, 1.05])
    rows, columns = 6, min(latent_frames, 7)
    scheme_grid(axes[0], rows, columns, row=2)
    if restored:
        marks.shade(axes[0], 0, 1, "restored", below=3)
    scheme_grid(axes[1], rows, columns, column=columns // 2)
    for ax, words, formula in (
        (axes[0], "noise at step $s$", r"$x_{s,\,\mathrm{all}\,f} \leftarrow \mathcal{N}(0, I)$"),
        (axes[1], "noise at frame $f$", r"$x_{\mathrm{all}\,s,\,f} \leftarrow \mathcal{N}(0, I)$"),
    ):
        ax.set_title(words, pad=19)
        ax.text(0.5, 1.04, formula, transform=ax.transAxes, ha="center", va="bottom", fontsize=style.FORMULA)
    axes[2].axis("off")
    axes[2].set_title("what is put in place of $x$", pad=19)
    place = {"transform": axes[2].transAxes, "va": "center"}
    short = {"transform": axes[2].transAxes, "markevery": [0], "clip_on": False}
    for line, name in enumerate(operators):
        y = 1.1 - 0.42 * line
        axes[2].plot([0.0, 0.1], [y, y], **style.OPERATORS[name], **short)
        axes[2].text(0.15, y, name, **place)
        axes[2].text(0.15, y - 0.18, FORMULAS[name], **place, fontsize=style.FORMULA)
    words = r"$\epsilon \sim \mathcal{N}(0, I)$" + (r"; $\hat{x}_0$: estimate" if "renoise" in operators else "")
    axes[2].text(0.15, 1.06 - 0.42 * len(operators), words, **place, color=style.GREY, fontsize=style.FORMULA)


def scheme_grid(axes, rows: int, columns: int, row: int | None = None, column: int | None = None) -> None:
    """One grid: cells clear up from noise (dark) to the video (light); injected noise is speckled."""
    shades = np.repeat(np.linspace(0.6, 0.95, rows)[:, None], columns, axis=1)
    axes.imshow(shades, cmap="gray", vmin=0, vmax=1, extent=(0, columns, rows, 0))
    x, y, wide, high = (0, row, columns, 1) if row is not None else (column, 0, 1, rows)
    speckle = np.random.default_rng(0).random((5 * high, 9 * wide))
    axes.imshow(speckle, cmap="gray", extent=(x, x + wide, y + high, y))
    axes.hlines(range(1, rows), 0, columns, color="white", linewidth=0.8)
    axes.vlines(range(1, columns), 0, rows, color="white", linewidth=0.8)
    axes.add_patch(Rectangle((x, y), wide, high, fill=False, edgecolor=style.BLACK, linewidth=1.4, clip_on=False))
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="auto", xticks=[])
    axes.set_yticks([0.5, rows - 0.5], ["noise", "video"])
    axes.tick_params(length=0)
    axes.set_xlabel(r"latent frame $f\;\rightarrow$")
    axes.set_ylabel(r"$\leftarrow\;$step $s$", labelpad=-8)
    axes.spines[:].set_visible(False)
