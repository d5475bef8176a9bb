"""What a work folder was begun with holds: other options are refused, with the mend."""

import argparse

import numpy as np
import pytest
import torch

from chainofsteps.errors import InputError
from chainofsteps.files import save_tensors, write_json
from chainofsteps.training import __main__ as main
from chainofsteps.training.__main__ import STAGES
from chainofsteps.training.begun import NOTE

STEPS = ("vae", "decoder", "dit", "expert")
RUNS = {
    "vae": ["vae-run"],
    "decoder": ["decoder-run"],
    "dit": ["dit-run"],
    "experts": ["expert-high-run", "expert-low-run"],
}


def of(work, **options):
    """The options of a command."""
    given = {"seed": 0, "processes": 1, "vae_from": None, "dit_from": None}
    return argparse.Namespace(work=work, **given | {f"{name}_steps": 10 for name in STEPS} | options)


def at_step(work, stage, step):
    """The runs of a stage stand there."""
    for run in RUNS[stage]:
        save_tensors(work / run / "checkpoint.safetensors", {"model/p": torch.zeros(1)}, {"step": str(step)})


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder in which nothing is trained."""
    monkeypatch.setattr(main, "launch", lambda *_: None)
    monkeypatch.setattr(main, "export_experts", lambda *_: None)
    write_json(tmp_path / "work" / "latents" / "made.json", {"clips": 100})
    return tmp_path / "work"


@pytest.mark.parametrize("stage", RUNS)
def test_a_run_that_has_ended_is_not_gone_on_with(work, stage):
    option = f"{stage.removesuffix('s')}_steps"

    def again(steps):
        STAGES[stage](of(work, output=work, **{option: steps}))

    again(10)
    at_step(work, stage, 4)
    for steps in (20, 6, 8):  # one that has not may end later or sooner
        again(steps)
    with pytest.raises(InputError, match="at step 4 of 8, not of 3; give .*-steps 8"):
        again(3)
    at_step(work, stage, 8)
    again(8)
    for steps in (7, 9):
        with pytest.raises(InputError, match=f"{RUNS[stage][0]} is at step 8 of 8, not of {steps}; give .*-steps 8"):
            again(steps)


@pytest.mark.parametrize("stage", ["vae", "dit"])
def test_a_run_that_was_begun_with_something_else_is_refused(work, stage):
    option = f"{stage}_from"
    STAGES[stage](of(work, **{option: work / "one"}))
    STAGES[stage](of(work, **{option: work / "other"}))  # nothing was kept of the first
    at_step(work, stage, 4)
    for begin_with in (work / "other", None):
        STAGES[stage](of(work, **{option: begin_with}))
    with pytest.raises(InputError, match=f"{stage}-run was begun from .*other, not from .*one; .*another --work"):
        STAGES[stage](of(work, **{option: work / "one"}))


def test_a_run_from_nothing_and_what_is_given_later(work):
    STAGES["dit"](of(work))
    at_step(work, "dit", 4)
    with pytest.raises(InputError, match="begun from nothing, not from "):
        STAGES["dit"](of(work, dit_from=work / "one"))


@pytest.mark.parametrize("stage", RUNS)
def test_a_run_of_an_older_version_goes_on(work, stage):
    at_step(work, stage, 10)
    (work / "vae").mkdir()
    sources = {"vae_from": work / "one", "dit_from": work / "one"}
    STAGES[stage](of(work, output=work, **sources, **{f"{name}_steps": 20 for name in STEPS}))
    assert not list(work.rglob(NOTE))


def test_pools_of_another_size_are_refused(work, monkeypatch):
    monkeypatch.setattr(main, "write_clips", lambda path, bucket, number, *_: np.save(path, np.zeros((number, 1))))
    for _ in range(2):
        STAGES["clips"](of(work, clips=40))
    with pytest.raises(InputError, match="clips-17x64.npy has 20 clips, not 40; give the same --clips"):
        STAGES["clips"](of(work, clips=80))
    STAGES["latents"](of(work, latents=100))
    with pytest.raises(InputError, match="latents is of 100 clips; give --latents 100, or another --work"):
        STAGES["latents"](of(work, latents=101))


def test_the_decoder_alone_begins_with_a_vae_that_is_given(tmp_path, monkeypatch):
    seen, work = [], tmp_path / "work"
    monkeypatch.setattr(main, "launch", lambda train, *_: seen.append((work / "vae" / "name").read_text()))
    for name in ("given", "another"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
    for begin_with in (tmp_path / "given", tmp_path / "given", None):  # the second time there is one in the work folder
        main.decoder(of(work, vae_from=begin_with))
    with pytest.raises(InputError, match="vae-run was begun from .*given, not from .*another; .* another --work"):
        main.decoder(of(work, vae_from=tmp_path / "another"))
    assert seen == ["given"] * 3
