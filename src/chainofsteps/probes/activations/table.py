"""What token norms tell apart (Fig. 6a, A13).

Two numbers say what the maps show. AUC: how well the norm of a token tells object from background, 0.5 for not at all,
below it where the background is the stronger. Hoyer: how much of the norm lies in few tokens, 0 for none, 1 for all in
one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from einops import reduce
from scipy import stats

from ...bench.cases import listed_cases, true_clip
from ...files import read_json
from ...model.sizes import VAE_STRIDE
from ...names import RunId
from ...statistics import bootstrap_mean, paired_bootstrap
from ...store.reader import read_shard

DIFFERS = 40  # of 255, in any channel: a pixel that is not background; well above what the compression of a clip does
SHARE = 0.05  # of a token's pixels: one with more that differ shows an object
PARTS = {"given": slice(0, 1), "generated": slice(1, None)}  # latent frames: the first is given to the model
KEYS = ["model", "task", "branch", "step", "layer", "part"]


def object_mask(video: np.ndarray, grid: Sequence[int]) -> np.ndarray:
    """Which tokens show an object: bool (F, H, W) of a grid (F, H, W), from a true video uint8 (T, h, w, 3).

    A pixel differs if it is more than DIFFERS from its frame's median colour; a token shows an object if in any frame
    of its latent frame more than SHARE of its pixels differ. What stands still, such as the walls of a maze, is object
    too.
    """
    latent_frames, rows, columns = grid
    frames = len(video)

    def of_tokens(image: np.ndarray) -> np.ndarray:
        differs = np.abs(image - np.median(image.reshape(-1, 3), axis=0)).max(-1) > DIFFERS
        return reduce(differs.astype(float), "(r h) (c w) -> r c", "mean", r=rows, c=columns) > SHARE

    seen = np.stack([of_tokens(image) for image in video])  # one by one: float64, 24 bytes a pixel
    of_frame = -(-np.arange(frames) // VAE_STRIDE)  # latent frame 0 is frame 0, latent frame f the frames 4f - 3 to 4f
    last = seen[-1]  # of a clip that is shorter than the video that is made
    return np.stack([seen[of_frame == f].any(0) if (of_frame == f).any() else last for f in range(latent_frames)])


def auc(norms: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How well norms (..., F, n) tell the tokens of mask (F, n) from the others: (...), mean over latent frames.

    The area under the ROC curve, which is Mann and Whitney's U over the number of pairs: the chance that an object's
    token has the larger norm, ties for half. Taken within each latent frame, so that norms which grow along the video
    do not pass for objects that do; frames with objects only, or with none, say nothing. nan if no frame has both.
    """
    objects, others = mask.sum(-1), (~mask).sum(-1)
    both = (objects > 0) & (others > 0)
    if not both.any():
        return np.full(norms.shape[:-2], np.nan)
    ranks = stats.rankdata(norms, axis=-1)
    wins = (ranks * mask).sum(-1) - objects * (objects + 1) / 2
    return (wins[..., both] / (objects * others)[both]).mean(-1)


def hoyer(norms: np.ndarray) -> np.ndarray:
    """Hoyer's sparsity of norms (..., n): (sqrt n - l1 / l2) / (sqrt n - 1), 0 if all are equal, 1 if one is not 0."""
    root = np.sqrt(norms.shape[-1])
    ratio = np.abs(norms).sum(-1) / np.linalg.norm(norms, axis=-1)
    return (root - ratio) / (root - 1)


def rows_of(
    kept: Mapping[str, np.ndarray], layers: Sequence[int], mask: np.ndarray, other: np.ndarray | None
) -> list[dict[str, Any]]:
    """Rows of one run: step, branch, layer, part, auc, null, hoyer.

    kept: norms (layers, n) by "step010-cond". mask: (F, H, W) of the case, other: of another case of the task, the
    null, None where there is none of the same size.
    """
    rows = []
    tokens = mask.reshape(len(mask), -1)
    for name, norms in sorted(kept.items()):
        step, branch = name.removeprefix("step").split("-")
        of_frames = norms.reshape(len(layers), *tokens.shape)
        for part, frames in PARTS.items():
            values = of_frames[:, frames].astype(np.float64)
            found = auc(values, tokens[frames])
            null = np.full_like(found, np.nan)
            if other is not None:
                null = auc(values, other.reshape(tokens.shape)[frames])
            sparsity = hoyer(values.reshape(len(layers), -1))
            for row, layer in enumerate(layers):
                about = {"step": int(step), "branch": branch, "layer": layer, "part": part}
                rows.append({**about, "auc": found[row], "null": null[row], "hoyer": sparsity[row]})
    return rows


def runs_of_shard(activations: str, cases: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of `rows_of` for all runs of a shard, each with its task, case and seed.

    activations, cases: paths of the shard's manifests. The null of a case is the mask of the next case, which says
    nothing of this one; a shard of one case has no null. Raises InputError if a file cannot be read.
    """
    reader, listed = read_shard(activations), read_json(cases)
    names, task, rows = list(listed["cases"]), listed["task"], []
    norms = {run: {key: kept.numpy() for key, kept in reader.load(run)[0].items()} for run in reader.cases}
    grids = {name: norms[RunId(task, name, seeds[0]).name]["grid"] for name in names}
    masks = {case.name: object_mask(true_clip(case), grids[case.name]) for case in listed_cases(listed)}
    for case, other in zip(names, [*names[1:], names[0]], strict=True):
        null = masks[other] if other != case and np.array_equal(grids[other], grids[case]) else None
        for seed in seeds:
            kept = {key: value for key, value in norms[RunId(task, case, seed).name].items() if key != "grid"}
            of_run = rows_of(kept, reader.manifest["layers"], masks[case], null)
            rows += [{"task": task, "case": case, "seed": seed, **row} for row in of_run]
    return rows


def summary(table: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Means over cases with bootstrap intervals, seeds averaged within a case, one row for each of KEYS.

    table: KEYS, case, seed, auc, null, hoyer. Columns: KEYS, n, seeds (of hoyer), auc_n (cases in which both object and
    background are there), auc and null with their intervals, gain = auc - null paired by case, and hoyer.
    """
    rows = []
    for keys, group in table.groupby(KEYS, sort=False):
        per_case = group.groupby("case")[["auc", "null", "hoyer"]].mean()
        row = dict(zip(KEYS, keys, strict=True)) | {"n": len(per_case), "seeds": group.seed.nunique()}
        told = per_case.dropna(subset=["auc"])
        row["auc_n"] = len(told)
        both = told.dropna()
        for name, values in (("auc", told.auc), ("null", both.null), ("hoyer", per_case.hoyer)):
            if len(values):
                row |= _interval(name, bootstrap_mean(values.to_numpy(), **statistics))
        if len(both):
            row |= _interval("gain", paired_bootstrap(both.auc.to_numpy(), both.null.to_numpy(), **statistics))
        rows.append(row)
    measured = [f"{name}{end}" for name in ("auc", "null", "gain", "hoyer") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows).reindex(columns=[*KEYS, "n", "seeds", "auc_n", *measured]).round(4)


def _interval(name: str, values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
