"""The untouched run of a case: what stays on disk of it."""

from types import SimpleNamespace

import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.model.network import Forwards
from chainofsteps.names import RunId
from chainofsteps.probes.baseline.job import record_piece
from chainofsteps.run.trajectory import Ends, Trajectory
from chainofsteps.store.pieces import Piece

SETTINGS = {"share_noise_over_cases": False}


@pytest.fixture(scope="module")
def kept(checkpoint):
    """The tensors of one run, in one piece and in two, as settings ask for them."""
    sampling = tiny.sampling()
    velocity = tiny.guided_velocity(checkpoint, sampling)
    velocity.counter = Forwards()
    network = SimpleNamespace(
        conditioning=lambda _case: velocity.conditioning,
        velocity=lambda _conditioning: velocity,
        sigmas=schedule.sigmas(sampling.steps, sampling.shift),
        about={},
    )
    run = RunId("grounding", "00000", 1)

    def of(settings, *stops):
        tensors, start = {}, 0
        for stop in (*stops, sampling.steps):
            piece = Piece(None, run.name, start, stop, stop == sampling.steps, before=tensors)
            tensors, start = record_piece(network, run, piece, settings).tensors, stop
        return tensors

    return of


def test_the_ends_of_a_run_are_the_first_and_last_latents_of_the_whole(kept):
    whole = Trajectory.from_tensors(kept(SETTINGS), "whole")
    for stops in ((), (2,)):
        ends = Trajectory.from_tensors(kept({**SETTINGS, "keep": "ends"}, *stops), "ends")
        assert isinstance(ends, Ends) and not isinstance(whole, Ends)
        assert ends.latents.shape[0] == 2 and whole.latents.shape[0] == whole.steps + 1 == ends.steps + 1
        for step in (0, whole.steps):
            assert torch.equal(ends.at(step), whole.at(step))
        for step in (1, whole.steps - 1):
            with pytest.raises(InputError, match=f"latents of step {step} were not kept; set trajectory.keep to all"):
                ends.at(step)
        with pytest.raises(InputError, match="were not kept"):
            ends.x0_pred(0)
