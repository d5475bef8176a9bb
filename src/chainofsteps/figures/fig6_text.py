"""Figure 6 in words: a caption that says how it was measured, and a summary of what came out, by a fixed rule."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..probes.swap.table import MARGIN, MASS
from .fig6 import Maps
from .fig6_swaps import steps_words
from .grids import FLAT, spoken
from .layer_curves import shown_rows
from .words import caption as in_parts
from .words import with_interval

PLAIN = {"x0_pred": "the estimate of that step", "final": "the final video"}
WORDS = {
    "residual": "residual (the update of the source's block on the target's input of that block)",
    "tokens": "tokens (some tokens of the block's output)",
    "full": "full (all of the block's output)",
}

AUC_WORDS = (
    "(b) How well that norm tells tokens with an object from those without, by layer: AUC within a latent frame, mean "
    "over latent frames but the given first. Above 0.5 objects have the higher norms, below it the lower ones. An "
    "object is what differs from the frame's median colour in the true video, walls of mazes too. Grey: the same with "
    "the objects of another case, which is the null; it is not 0.5 where objects of all cases tend to the same places."
)
# Of a pair: what the two share, when it flips, and why it may be left out.
LISTED = (
    "source and target start from one noise and one blank first frame and differ in the prompt.",
    f"latents show the source's answer (a weight of {MASS:g} or more, {MARGIN:g} above any other candidate of both "
    "cases)",
    "both have the same answer",
)
SCORED = (
    "source and target are two cases of one task and start from one noise. The paper's pairs share their first frame "
    "as well and differ in the text alone; these have each a first frame of its own, which the source's forward sees.",
    f"video scores as the source's by {MARGIN:g} or more above its score as the target's",
    "their videos differ in size or length",
)


def number(row: Mapping[str, Any], name: str) -> str:
    """A value with its interval, such as 0.62 [0.50, 0.74]."""
    return with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def finding(curves: pd.DataFrame, readout: pd.DataFrame) -> str:
    """In a sentence: from which layer on a linear map reads the answer at the first step, and how often the swap of one
    layer flips it, in each readout."""
    said = []
    if len(readout):
        step = readout.step.min()
        first = {
            task: rows.layer[rows.gain_low > 0].min() for task, rows in readout[readout.step == step].groupby("task")
        }
        where = (
            f"{'in no layer' if pd.isna(layer) else f'from layer {layer:.0f} on'} ({spoken(task)})"
            for task, layer in first.items()
        )
        said.append(f"at step {step} a linear map reads the answer above its null {', '.join(where)}")
    single = curves[(curves.run == "swap") & (curves.width == 1)]
    modes = [mode for mode in single["mode"].unique() if mode != "full"]  # which is degenerate
    if modes:
        of_mode = single[single["mode"] == ("residual" if "residual" in modes else modes[0])]
        best = (rows.loc[rows.flip.idxmax()] for _, rows in of_mode.groupby("readout", sort=False))
        flips = (f"of {PLAIN[row.readout]} in at most {number(row, 'flip')}" for row in best)
        what = f"the swap of one layer (mode {of_mode['mode'].iloc[0]})"
        said.append(f"{what} flips the answer {' and '.join(flips)} of {of_mode.n.iloc[0]} pairs")
    return f"{'; '.join(said) or 'nothing was swapped or read'}."


def summary(activations: pd.DataFrame, curves: pd.DataFrame, readout: pd.DataFrame) -> str:
    """Plain sentences: the layer of the best AUC of each task and step, the largest flip rate of each curve, and the
    first layer that a linear map reads the answer after."""
    lines = [readout_words_of(*keys, rows) for keys, rows in readout.groupby(["task", "step"], sort=False)]
    swapped = curves[curves.run == "swap"]
    keys = ["readout", "steps", "mode", "part", "width"]
    for (shown, steps, mode, part, width), rows in swapped.groupby(keys, sort=False, dropna=False):
        best = rows.loc[rows.flip.idxmax()]
        of_cell = curves[(curves.readout == shown) & (curves.steps == steps)].set_index("run")
        what = f"{mode} {part}" if isinstance(part, str) and part else mode
        what += "" if width == 1 else f", {width} layers"
        lines.append(
            f"Swap, {what}, {steps_words(steps)}, {'x0_pred' if shown == 'x0_pred' else 'final video'}, {best.n} "
            f"pairs: the source's answer in at most {number(best, 'flip')}, at layer {best.layer}, and in "
            f"{number(rows.loc[rows.flip.idxmin()], 'flip')} at the least, layer {rows.loc[rows.flip.idxmin()].layer}; "
            f"clean target {number(of_cell.loc['target'], 'flip')}, clean source "
            f"{number(of_cell.loc['source'], 'flip')}. The target's own answer stays in "
            f"{number(rows.loc[rows.kept.idxmin()], 'kept')} at the least, layer {rows.loc[rows.kept.idxmin()].layer}."
        )
    lines += clean_scores(curves)
    same = curves[curves.run == "same_text"]
    if len(same):
        lines.append(
            "With the same text, full differs from the source's velocity by at most "
            f"{same.distance.max():.1g} of its norm, the most of {len(same)} layers, mean over {same.n.iloc[0]} pairs."
        )
    for (task, step), rows in shown_rows(activations).dropna(subset=["auc"]).groupby(["task", "step"], sort=False):
        best, worst = rows.loc[rows.auc.idxmax()], rows.loc[rows.auc.idxmin()]
        above = rows.layer[rows.gain_low > 0].tolist()
        where = f"above the null in layers {', '.join(map(str, above))}" if above else "in no layer above the null"
        below = rows.layer[rows.gain_high < 0].tolist()
        where += f", below it in layers {', '.join(map(str, below))}" if below else ", in none below it"
        lines.append(
            f"Token norms, {spoken(task)}, step {step}, {best.auc_n} cases: AUC of object against background "
            f"from {number(worst, 'auc')} (layer {worst.layer}) to {number(best, 'auc')} (layer {best.layer}; null "
            f"there {number(best, 'null')}); {where}."
        )
    return "\n".join(lines) + "\n"


def clean_scores(curves: pd.DataFrame) -> list[str]:
    """Of cases that a scorer reads: what the clean runs score as each of the two, on which a flip rests."""
    if "score_source" not in curves:
        return []
    clean = curves[curves.run.isin(["target", "source"])]
    return [
        f"Scores, {steps_words(row.steps)}, {'x0_pred' if row.readout == 'x0_pred' else 'final video'}: the clean "
        f"{row.run} scores {number(row._asdict(), 'score_target')} as the target's and "
        f"{number(row._asdict(), 'score_source')} as the source's, and shows its own outcome in "
        f"{number(row._asdict(), 'kept' if row.run == 'target' else 'flip')} of {row.n} pairs."
        for row in clean.itertuples(index=False)
    ]


def readout_words_of(task: str, step: int, rows: pd.DataFrame) -> str:
    """Of one curve of the linear readout: where it first beats its null, and its best layer."""
    above = rows[rows.gain_low > 0]
    best = rows.loc[rows.right.idxmax()]
    first = f"above its null from layer {above.layer.min()} on" if len(above) else "nowhere above its null"
    return (
        f"Linear readout, {spoken(task)}, step {step}, {best.n} cases: the answer is read in at most "
        f"{number(best, 'right')}, after layer {best.layer} (null there {best['null']:.2f}, chance {best.chance:.2f}); "
        f"{first}."
    )


def caption(
    maps: Maps, curves: pd.DataFrame, matrix: pd.DataFrame, readout: pd.DataFrame, params: Mapping[str, Any]
) -> str:
    """The finding, how to read it, what it is counted over, from the tables and the settings; reStructuredText."""
    seeds, statistics = ", ".join(map(str, params["seeds"])), params["statistics"]
    read = [map_words(maps), AUC_WORDS, *swap_words(curves, params)]
    if len(matrix):
        read.append(
            "Beside or below (c): the flip rate of mode residual at every layer and single step. Flip rates that move "
            f"by less than {FLAT:g} are told in words."
        )
    if len(readout):
        read.append(fit_words("d", params["readout"]))
    pairs = curves[curves.run == "swap"].n.iloc[0]
    matrix_words = f" (the first {matrix.n.iloc[0]} at single steps)" if len(matrix) else ""
    cases = f"; (d) {readout.n.max()} cases of each puzzle" if len(readout) else ""
    counted = [
        f"Seed {seeds}. (b) as many cases as the titles say; (c) {pairs} pairs{matrix_words}{cases}.",
        f"{statistics['level']:.0%} bootstrap intervals ({statistics['resamples']} resamples of cases or pairs, seeds "
        "averaged within a case).",
        "Nulls: in (b) another case's objects, and the thin line at 0.5, where norms say nothing; in (c) the clean "
        "target; in (d) maps fitted to other cases' answers. The clean source is the ceiling of (c).",
    ]
    return in_parts("Figure 6", params["model"], finding(curves, readout), read, counted)


def fit_words(letter: str, settings: Mapping[str, Any]) -> str:
    """The panel of the linear readout."""
    return (
        f"({letter}) After which layer a linear map of the hidden states gives the answer: one map for all tokens, "
        "with an offset, from the layer-normed states to the answer's latents, by ridge regression; the answer is the "
        f"candidate whose latents lie nearest to what the map gives. Each of {settings['folds']} parts of the cases is "
        "read by a map that was fitted to the others. Grey: the same, fitted to other cases' answers "
        f"({settings['shuffles']} deals)."
    )


def map_words(maps: Maps) -> str:
    """Panel (a)."""
    scale = {"row": "each row", "global": "the panel", "cell": "each cell"}[maps.scale]
    clipped = "" if maps.scale == "cell" else " over the generated latent frames (the given first one is off it)"
    return (
        "(a) L2 norm of each token after some layers, on the token grid; rows = layers, columns = latent frames, one "
        f"colour scale for {scale}{clipped}; {maps.words}. The true video's frames stand above, not the "
        "model's."
    )


def swap_words(curves: pd.DataFrame, params: Mapping[str, Any]) -> list[str]:
    """Panel (c), the pairs that it leaves out, and the swaps of mode full."""
    swap = params["swap"]
    start, shown, alike = SCORED if "score_source" in curves else LISTED
    sentences = [
        f"(c) {swap['task']}: {start} A layer of the source's forward, or some neighbouring ones, go in place of the "
        f"target's, at a step or a set of steps; the flip rate is the share of pairs whose {shown}; each case is the "
        f"target of one pair and the source of another. {modes_words(swap)} Lines: how often the clean target, which "
        "is not swapped, and the clean source (from its own noise) show it."
    ]
    if params["skipped"]:
        sentences.append(f"Pairs left out, as {alike}: {params['skipped']}.")
    same = curves[curves.run == "same_text"]
    if len(same):
        sentences.append(
            "In mode full all that is left of the target after the swap is the text that the later blocks read, so "
            "where the text is the same it is degenerate: between two seeds of one case it differs from the source's "
            f"velocity by {same.distance.max():.1g} of its norm, the most of all layers."
        )
    return sentences


def modes_words(swap: Mapping[str, Any]) -> str:
    """The modes of the swaps, and the sets of tokens that mode tokens swaps."""
    sets = [
        f"{name.replace('_', ' ')} ({indices_words('latent frames', part['frames'])}, "
        f"{indices_words('rows of tokens', part['rows'])})"
        for name, part in swap["parts"].items()
    ]
    tokens = f" Mode tokens swaps {'; '.join(sets)}." if "tokens" in swap["modes"] else ""
    return f"Modes: {'; '.join(WORDS[mode] for mode in swap['modes'])}.{tokens}"


def indices_words(unit: str, value: Any) -> str:
    """Indices as the configuration has them, for a reader."""
    if value == "all":
        return f"all {unit}"
    if isinstance(value, Mapping) and "below" in value:
        return f"{unit} from {value.get('above') or 0:.0%} to {value['below']:.0%} of them"
    if isinstance(value, Mapping):
        return f"every {value['every']} of the {unit}"
    return f"{unit} {', '.join(map(str, value))}"
