import argparse

import pytest

from chainofsteps.errors import InputError
from chainofsteps.training import __main__ as main
from chainofsteps.training.__main__ import STAGES, stamp


def test_work_folder_of_another_seed_is_refused(tmp_path):
    for _ in range(2):  # begun, and taken up
        stamp(argparse.Namespace(work=tmp_path, seed=0))
    with pytest.raises(InputError, match="begun with .*'seed': 0.*remove it or give another --work"):
        stamp(argparse.Namespace(work=tmp_path, seed=1))


def test_stages_are_in_order():
    assert list(STAGES) == ["clips", "vae", "decoder", "latents", "dit", "folder", "experts", "skill", "card"]


def test_the_decoder_alone_begins_with_a_vae_that_is_given(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(main, "launch", lambda train, *_: seen.append((work / "vae" / "name").read_text()))
    options = {"work": tmp_path / "work", "processes": 1, "decoder_steps": 1, "seed": 0}
    work = options["work"]
    for name in ("given", "another"):  # the second time there is one in the work folder
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
        main.decoder(argparse.Namespace(**options, vae_from=tmp_path / name))
    assert seen == ["given", "given"]
