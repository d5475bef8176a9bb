"""The work on token norms: one forward for each step that is asked for, of the stored runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ...names import RunId
from ...run.taps import Tap
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..network import Network
from .run import token_norms


def grid_of(latents_shape: Sequence[int], patch: Sequence[int]) -> list[int]:
    """Tokens along frames, height and width, of latents (1, C, F, h, w); patch: of the transformer, (1, ph, pw)."""
    _, _, frames, *sides = latents_shape
    return [frames, *(side // of for side, of in zip(sides, patch[1:], strict=True))]


def norms_piece(
    network: Network,
    run: RunId,
    piece: Piece,
    trajectories: ShardReader,
    layers: Sequence[int],
    settings: Mapping[str, Any],
    patch: Sequence[int],
) -> Kept:
    """Norms of the tapped layers at the steps of the piece that are asked for, beside those before, and the grid.

    settings: the section `activations`.
    """
    conditioning = network.conditioning(run.case)
    velocity, trajectory = network.velocity(conditioning), untouched(trajectories, run)
    kept = {**piece.before, "grid": torch.tensor(grid_of(conditioning.latents_shape, patch))}
    for step in [step for step in settings["steps"] if piece.start <= step < piece.stop]:
        kept |= token_norms(velocity, trajectory.at(step), step, Tap(layers, [step], settings["branch"]))
        piece.on_progress(1)
    return Kept(kept, velocity.counter.total, metadata=network.about)
