"""What the reader of pixels finds in a half-and-half blend of two right answers, blended in latents and in pixels.

A denoiser that has not chosen estimates a blend in latents. The decoder is not linear: it shows such a blend as
something else, so that a reader of pixels finds less of either answer than is there.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from ...bench.cases import Case
from ...bench.puzzles import candidates
from ...model.vae import decode

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan

BLENDS = ["blend_in_latents", "blend_in_pixels"]
COLUMNS = ["model", "task", "kind", "case", "candidate", *BLENDS]


def read_blends(
    case: Case, latents: torch.Tensor, names: Sequence[str], right: Sequence[bool], vae: "AutoencoderKLWan"
) -> dict[str, dict[str, float]]:
    """By the names of the first two right answers: their masses in [0, 1] in either blend. Empty if there is one.

    latents: (K, C, F, h, w) of the candidate answers.
    """
    pair = np.flatnonzero(right)[:2].tolist()
    if len(pair) < 2:
        return {}
    *alone, blended = decode(vae, torch.cat([latents[pair], latents[pair].mean(0, keepdim=True)]))
    frames = blended[-1], np.mean([video[-1] for video in alone], axis=0)
    masses = [candidates.masses(case.task, frame, case.layout) for frame in frames]
    return {names[k]: {blend: of[names[k]] for blend, of in zip(BLENDS, masses, strict=True)} for k in pair}


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], columns: Mapping[str, str]) -> pd.DataFrame:
    """COLUMNS: a row for each answer that was blended, with four digits. rows: of each case, of `job.encode_case`."""
    found = [
        {**columns, "case": case, **row}
        for case, of_case in rows.items()
        for row in of_case
        if row["blend_in_latents"] is not None
    ]
    return pd.DataFrame(found, columns=COLUMNS).round(4)
