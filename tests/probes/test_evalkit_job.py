"""The job of EvalKit's scores: every case is tried, and then those without a score are told."""

from types import SimpleNamespace

import pytest

from chainofsteps.bench.evalkit.scores import MODES
from chainofsteps.errors import InputError
from chainofsteps.probes.evalkit import job as evalkit


def scored(monkeypatch, fails):
    """The cases that a job of three keeps, of which some fail."""

    def score_case(judge, kit, name, trajectories, seeds, at_once):
        if name in fails:
            raise InputError(f"{name} has no video")
        return [{"seed": seed, **dict.fromkeys(MODES, 0.5)} for seed in seeds]

    monkeypatch.setattr(evalkit, "score_case", score_case)
    names, kept = ["00000", "00001", "00002"], {}
    job = SimpleNamespace(
        names=names,
        threads=1,
        params=SimpleNamespace(settings={"seeds": [1, 2]}),
        read=lambda name: None,
        pending=lambda unit: iter(names),
        save=lambda name, tensors, rows: kept.update({name: (tensors, rows)}),
    )
    judge, kit = SimpleNamespace(task="maze"), SimpleNamespace(about=SimpleNamespace(name="a kit"))
    try:
        evalkit.score_cases(job, judge, kit)
    finally:
        assert all(tensors["scores"].shape == (len(rows), len(MODES)) for tensors, rows in kept.values())
        assert sorted(kept) == [name for name in names if name not in fails]


def test_cases_without_a_score_are_told_after_all_were_tried(monkeypatch):
    scored(monkeypatch, fails=())
    with pytest.raises(InputError, match="1 of 3 cases of maze have no score of a kit"):
        scored(monkeypatch, fails=("00000",))
