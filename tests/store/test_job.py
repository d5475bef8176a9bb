"""A job without Snakemake: an object with the same attributes stands in for it."""

from types import SimpleNamespace

import pytest
import torch

from chainofsteps.errors import InputError
from chainofsteps.files import write_json
from chainofsteps.store.job import Job
from chainofsteps.store.noun import Noun
from chainofsteps.store.pieces import Kept
from chainofsteps.store.reader import read_shard

FIRST = Noun("first", 1, lambda config, model: {"level": config["level"]}, ("model",))
SECOND = Noun("second", 2, lambda config, model: {}, ("first",))
SIGMAS = torch.tensor([1.0, 0.5, 0.0])


@pytest.fixture
def handed(tmp_path):
    """A function that gives what Snakemake hands to the job of a noun."""
    write_json(tmp_path / "model.json", {"identity": "m" * 64})
    write_json(tmp_path / "cases.json", {"kind": "multi", "cases": {name: {"identity": name * 64} for name in "ab"}})

    def hand(noun, level=1):
        config = {"level": level, "shared": []}
        return SimpleNamespace(
            input=SimpleNamespace(
                model=tmp_path / "model.json", cases=tmp_path / "cases.json", first=tmp_path / "first/task/00.json"
            ),
            output=SimpleNamespace(manifest=tmp_path / noun.name / "task/00.json"),
            params=SimpleNamespace(settings=noun.settings(config, "tiny")),
            wildcards=SimpleNamespace(model="tiny", task="task", shard="00"),
            config=config,
            threads=1,
            log=[tmp_path / "log"],
        )

    return hand


def test_settings_are_the_rules_and_the_hashes_of_the_inputs(handed):
    with Job(handed(FIRST), FIRST) as job:
        job.open(job.case_identities)
        for name in job.pending("cases"):
            job.save(name, {"x": torch.zeros(1)})
        job.finish(note="x")
    first = read_shard(job.output.manifest)
    assert first.settings == {"level": 1, "model": "m" * 64} and first.manifest["note"] == "x"
    assert first.identities == {"a": "a" * 64, "b": "b" * 64}
    with Job(handed(SECOND), SECOND) as job:
        job.open({"a": ""}, extra=3)
        for name in job.pending("cases"):
            job.save(name, {"x": torch.zeros(1)}, [{"y": 1}], about="z")
        assert job.rows() == {"a": [{"y": 1}]} and job.columns == {"model": "tiny", "task": "task", "kind": "multi"}
        job.finish()
    second = read_shard(job.output.manifest)
    assert second.settings == {"first": first.manifest["settings_hash"], "extra": 3}
    assert second.manifest["recipe"] == 2 and second.load("a")[1]["about"] == "z"
    assert float(second.load("a")[1]["seconds"]) > 0


def test_a_job_goes_on_where_another_was_cut_off_and_says_how_far_it_is(handed, capsys):
    with Job(handed(FIRST), FIRST) as job:
        job.open(job.case_identities)
        job.save(next(job.pending("cases")), {"x": torch.zeros(1)})
    with Job(handed(FIRST), FIRST) as job:
        job.open(job.case_identities)
        assert list(job.pending("cases")) == ["b"]
    assert "first task 00: 100% of 1 cases" in capsys.readouterr().err
    with Job(handed(FIRST, level=2), FIRST) as job:  # other settings: nothing of it is there
        job.open(job.case_identities)
        assert list(job.pending("cases")) == ["a", "b"]


def test_pieces_show_their_progress_in_steps(handed, capsys):
    with Job(handed(FIRST), FIRST) as job:
        job.open(job.case_identities)
        for piece in job.pieces(dict.fromkeys(job.names, SIGMAS), boundary=0.8):
            piece.on_progress(piece.stop - piece.start)
            piece.save(Kept({"x": torch.tensor(piece.stop)}, 2.0 * (piece.stop - piece.start)))
        job.finish()
    assert read_shard(job.output.manifest).manifest["forwards"] == 8
    assert "first task 00: 100% of 4 steps" in capsys.readouterr().err


def test_bad_input_ends_the_job_with_one_line(handed, capsys):
    with pytest.raises(SystemExit) as ended, Job(handed(SECOND), SECOND) as job:
        job.open({"a": ""})
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: cannot read ") and "first/task/00.json" in line
    assert job.log.read_text() == line + "\n"


def test_other_errors_keep_their_traceback(handed):
    with pytest.raises(ZeroDivisionError), Job(handed(FIRST), FIRST) as job:
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in job.log.read_text()


def test_a_job_that_is_not_whole_is_not_finished(handed):
    with pytest.raises(SystemExit), Job(handed(FIRST), FIRST) as job:
        job.open(job.case_identities)
        with pytest.raises(InputError, match="case a is not in"):
            job.shard.finish(job.names)
        job.finish()
    assert not job.output.manifest.exists()
