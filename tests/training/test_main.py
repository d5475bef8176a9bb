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


def test_help_says_what_is_replaced_and_every_number(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["training", "--help"])
    with pytest.raises(SystemExit):
        main.main()
    said = " ".join(capsys.readouterr().out.split())
    assert "the folder that ships (default: models/embedded, which is replaced)" in said
    assert "steps of the same size, for each expert (default: 400)" in said
    assert all(f"{meaning} (default: {default})" in said for _, default, meaning in main.NUMBERS)
