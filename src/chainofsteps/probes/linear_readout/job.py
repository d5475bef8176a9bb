"""The work on hidden states for the linear readout: one forward for each step that is asked for, of the stored runs."""

from collections.abc import Mapping
from typing import Any

from ...names import RunId
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..network import Network
from .run import depth_states


def states_piece(
    network: Network, run: RunId, piece: Piece, trajectories: ShardReader, settings: Mapping[str, Any]
) -> Kept:
    """Hidden states at the steps of the piece that are asked for, by "step003", beside those before.

    settings: of the noun.
    """
    velocity, trajectory = network.velocity(network.conditioning(run.case)), untouched(trajectories, run)
    kept = dict(piece.before)
    for step in [step for step in settings["steps"] if piece.start <= step < piece.stop]:
        size = settings["tokens"], settings["width"]
        kept[f"step{step:03d}"] = depth_states(velocity, trajectory.at(step), step, *size)
        piece.on_progress(1)
    return Kept(kept, velocity.counter.total, metadata=network.about)
