"""Figure 6 in words: a caption that says how it was measured, and a summary of what came out, by a fixed rule."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..probes.swap.table import MARGIN, MASS
from .fig6 import Maps, steps_words
from .layer_curves import shown_rows
from .words import with_interval

WORDS = {
    "residual": "residual (the update of the source's block on the target's input of that block)",
    "tokens": "tokens (some tokens of the block's output)",
    "full": "full (all of the block's output)",
}

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
            f"Token norms, {task.replace('_', ' ')}, step {step}, {best.auc_n} cases: AUC of object against background "
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
        f"Linear readout, {task.replace('_', ' ')}, step {step}, {best.n} cases: the answer is read in at most "
        f"{number(best, 'right')}, after layer {best.layer} (null there {best['null']:.2f}, chance {best.chance:.2f}); "
        f"{first}."
    )


def caption(
    maps: Maps, curves: pd.DataFrame, matrix: pd.DataFrame, readout: pd.DataFrame, params: Mapping[str, Any]
) -> str:
    """The text under the figure, from the tables and the settings in force; reStructuredText, one paragraph."""
    seeds = ", ".join(map(str, params["seeds"]))
    sentences = [
        f"Figure 6. Layers within a step, model {params['model']}, seed {seeds}.",
        map_words(maps),
        auc_words(params["statistics"]),
        *swap_words(curves, params),
    ]
    if len(matrix):
        sentences.append(
            f"(d) Flip rate of mode residual at every layer and single step, over the first {matrix.n.iloc[0]} pairs."
        )
    if len(readout):
        sentences.append(fit_words("d" if matrix.empty else "e", params["readout"]))
    return " ".join(sentences) + "\n"


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
    clipped = "" if maps.scale == "cell" else " over the generated latent frames (the given first one is clipped)"
    return (
        "(a) L2 norm of each token after some layers, on the token grid; rows = layers, columns = latent frames, one "
        f"colour scale for {scale}{clipped}; {maps.words}. The true video's frames stand above, not the "
        "model's."
    )


def auc_words(statistics: Mapping[str, Any]) -> str:
    """Panel (b)."""
    return (
        "(b) How well that norm tells tokens with an object from those without, by layer: AUC within a latent frame, "
        f"mean over latent frames but the given first, mean over cases with {statistics['level']:.0%} bootstrap "
        f"intervals ({statistics['resamples']} resamples of cases, seeds averaged within a case). An object is what "
        "differs from the frame's median colour in the true video, walls of mazes too. Grey: the same with the "
        "objects of another case, which is the null; it is not 0.5 where objects of all cases tend to the same "
        "places."
    )


def swap_words(curves: pd.DataFrame, params: Mapping[str, Any]) -> list[str]:
    """Panel (c), the pairs that it leaves out, and the swaps of mode full."""
    swap, pairs = params["swap"], curves[curves.run == "swap"].n.iloc[0]
    scored = "score_source" in curves
    start, shown, alike = SCORED if scored else LISTED
    sentences = [
        f"(c) {swap['task']}: {start} A layer of the source's forward, or some neighbouring ones, go in place of the "
        f"target's, at a step or a set of steps; the flip rate is the share of {pairs} pairs whose {shown}, with "
        "intervals over pairs; each case is the target of one pair and the source of another. "
        f"{modes_words(swap)} Lines: how often the clean target, which is not swapped, and the clean source (from its "
        "own noise) show it."
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
