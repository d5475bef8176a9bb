"""Results as they were made, then spoiled in one way each."""

import json
import shutil
from pathlib import Path

import made_results
import pytest
import torch
from made_results import (
    CASES,
    CONFIGURED,
    ITEM,
    MODEL,
    OF_TINY,
    SAMPLING,
    edit,
    flip,
    found,
    the,
)

from chainofsteps.bench.cases import write_case
from chainofsteps.bench.puzzles import draw
from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.names import SPLITS
from chainofsteps.plan.verify import Configured, verify
from chainofsteps.probes.baseline.cases import checked_cases
from chainofsteps.store.shards import Shard


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made_results.make()
    return folder


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """A copy of it to spoil, times kept, as the working folder."""
    shutil.copytree(made, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")


def test_results_as_they_were_made_are_whole(results):
    report = verify("results", Configured(**CONFIGURED))
    # the checkpoint's file, then of each task two prompts, 2 + 4 + 2 items and a table
    assert (report.problems, report.files, report.broken) == ([], 1 + 2 * (2 + 8 + 1), False)
    assert str(report) == "23 files checked: 0 broken, 0 stale"
    assert found(settings={}, cases={}, recipes={}, given={}, folders={}) == []  # of a configuration without them


def test_cases_whose_pictures_are_resized_are_whole_in_that_size_alone(tmp_path):
    """The size makes them others: it is part of what each is known by."""
    write_case(tmp_path / "bench", SPLITS[0], "grounding", "00000", draw("grounding", 0, held_out=True))
    cases = checked_cases(tmp_path / "bench", "grounding", ["00000"], "all", fitted=[96, 128])
    manifest = {"root": str(tmp_path / "bench"), "task": "grounding", "kind": "x", "recipe": 1, "cases": cases}
    path = tmp_path / "results/cases/grounding/00.json"
    names = {"grounding": {"00": ["00000"]}}
    for fitted, broken in (([96, 128], False), ([64, 64], True), (None, True)):
        write_json(path, {**manifest, **({"fitted": fitted} if fitted else {})})
        report = verify(tmp_path / "results", Configured())
        assert report.broken == broken, report.problems
    write_json(path, {**manifest, "fitted": [96, 128]})
    for asked, stale in (({"fitted": [96, 128]}, False), ({"fitted": [64, 64]}, True), ({}, True)):
        given = {"root": manifest["root"], "first_seed": None, **asked}
        report = verify(tmp_path / "results", Configured(given=given, cases=names))
        assert [problem.state for problem in report.problems] == ["stale"] * stale, asked
    plain = checked_cases(tmp_path / "bench", "grounding", ["00000"], "all")
    write_json(path, {**manifest, "cases": plain})
    report = verify(tmp_path / "results", Configured(given={**given, "fitted": [96, 128]}, cases=names))
    assert "other fitted" in str(report.problems) and not report.broken


def test_nothing_there_is_nothing_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(verify("results", Configured(**CONFIGURED))) == "0 files checked: 0 broken, 0 stale"


def test_nothing_is_written_and_nothing_read_twice(results):
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    seen = []

    def watched(files):
        for listed in files:
            seen.append(listed.path)
            yield listed

    verify("results", Configured(**CONFIGURED), watched)
    assert len(seen) == len(set(seen)) == 23
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


LISTED = [
    (ITEM, "results/tiny/trajectory/loop_maze/00.json", "delete both and run again"),
    ("results/tiny/score/unique_maze/00.csv", "results/tiny/score/unique_maze/00.json", "delete both and run again"),
    (
        f"results/cases/embedded/{SPLITS[0]}/loop_maze/00001/prompt.txt",
        "results/cases/loop_maze/00.json",
        "delete both and run again",
    ),
    ("models/tiny/vae/config.json", MODEL, f"restore it, or delete {MODEL} and run again to take what is there"),
]


@pytest.mark.parametrize("pattern, manifest, mend", LISTED, ids=[pattern for pattern, _, _ in LISTED])
def test_a_changed_or_missing_file_is_one_line_with_the_mend(results, pattern, manifest, mend):
    path = the(pattern)
    flip(path)
    line = f"broken: {path} differs from what {manifest} lists (sha256); {mend}"
    assert [other for other in found() if "fig3_scores" not in other and "x0_pred" not in other] == [line]
    path.unlink()
    (line,) = [line for line in found() if line.startswith(f"broken: {path} is missing; ")]
    assert line.endswith(mend if "restore" in mend else f"delete {manifest} and run again to make it")


def test_a_missing_folder_is_one_line(results):
    shutil.rmtree("models/tiny")
    items = the(ITEM).parent
    shutil.rmtree(items)
    assert found() == [
        f"broken: models/tiny, the checkpoint of {MODEL}, is missing; restore it",
        f"broken: {items} is missing, with all items of results/tiny/trajectory/loop_maze/00.json; "
        "delete that and run again to make them",
    ]


@pytest.mark.parametrize("kind", ["cut short", "another", "without a key"])
@pytest.mark.parametrize("path", [MODEL, "results/cases/loop_maze/00.json", "results/tiny/score/loop_maze/00.json"])
def test_a_manifest_that_is_none_is_one_line(results, path, kind):
    text = Path(path).read_text()
    changed = {"cut short": text[:-20], "another": '{"items": []}', "without a key": text.replace('"sha256"', '"sha"')}
    if "cases" in path:
        changed["without a key"] = text.replace('"files"', '"file"')
    Path(path).write_text(changed[kind])
    (line,) = found()
    assert line.startswith(f"broken: {path} is not ") and line.endswith("delete it and run again to make it")


@pytest.mark.parametrize(
    "path, change",
    [
        (MODEL, {"identity": "0" * 64}),
        ("results/tiny/score/loop_maze/00.json", {"settings": {"trajectory": "0" * 64}}),
        ("results/tiny/score/loop_maze/00.json", {"recipe": 2}),
    ],
)
def test_a_manifest_that_was_changed_by_hand_is_broken(results, path, change):
    edit(path, **change)
    (line,) = [line for line in found() if line.startswith("broken")]
    assert line == f"broken: {path} was changed after it was written: its hash is not its own; delete it and run again"


CHAIN = [f"results/tiny/{noun}/{task}/00.json" for noun in ("score", "trajectory") for task in CONFIGURED["cases"]]
STALE = [
    ({"folders": {"tiny": "models/other"}}, {MODEL: "its folder is models/tiny, and now models/other"}),
    (
        {"recipes": {**CONFIGURED["recipes"], "trajectory": 2}},
        {path: "recipe 1 of 2" if "trajectory" in path else "trajectory/" in path for path in CHAIN},
    ),
    (
        {"settings": {"tiny": {**OF_TINY, "trajectory": {"sampling": {**SAMPLING, "steps": 5}}}}},
        {path: "other settings (sampling)" for path in CHAIN if "trajectory" in path},
    ),
    (
        {"settings": {"tiny": {**OF_TINY, "score": {"seeds": [1]}}}},
        {path: "other settings (seeds)" for path in CHAIN if "score" in path},
    ),
    (
        {"endings": {"tiny": {"trajectory": ["-seed1"]}}},
        {path: "other cases or seeds" for path in CHAIN if "trajectory" in path},
    ),
    ({"given": {"root": "results/cases/embedded", "first_seed": 8}}, {"results/cases/loop_maze/00.json": "first_seed"}),
    ({"given": {"root": "/bench", "first_seed": None}}, {"results/cases/loop_maze/00.json": "other root"}),
    ({"recipes": {"cases": 3}}, {"results/cases/loop_maze/00.json": "recipe 2 of 3"}),
    ({"cases": {"loop_maze": {"00": CASES[:1]}}}, {"results/cases/loop_maze/00.json": "other cases"}),
]


@pytest.mark.parametrize("change, words", STALE, ids=[str(change)[:60] for change, _ in STALE])
def test_what_the_configuration_would_make_otherwise_is_stale_not_broken(results, change, words):
    lines = found(**change)
    assert lines and all(line.startswith("stale: ") for line in lines)
    for path, expected in words.items():
        (line,) = [line for line in lines if line.startswith(f"stale: {path}: ")]
        assert line.endswith(f"; `snakemake -- {path}` makes it anew") and (expected is False or expected in line)


def test_what_is_made_from_stale_results_is_stale(results):
    change = {"encoding": {"dtype": "bfloat16"}}
    lines = found(settings={"tiny": {**OF_TINY, "conditioning": change}})
    assert len(lines) == 6
    assert "made from results/tiny/trajectory/loop_maze/00.json, which is stale" in lines[2]


def test_what_is_made_from_another_model_or_case_is_stale(results):
    edit(MODEL, identity=fingerprint({}), files={})
    lines = found()
    assert len(lines) == 6 and sum(f"made from another {MODEL}" in line for line in lines) == 4
    cases = json.loads(Path("results/cases/loop_maze/00.json").read_text())["cases"]
    Path(f"results/cases/embedded/{SPLITS[0]}/loop_maze/00000/prompt.txt").write_text("another")
    files = {"prompt.txt": sha256(f"results/cases/embedded/{SPLITS[0]}/loop_maze/00000/prompt.txt")}
    cases["00000"] = {"identity": fingerprint(files), "files": files}
    edit("results/cases/loop_maze/00.json", cases=cases)
    lines = found()
    assert len(lines) == 6 and sum("made from another results/cases/loop_maze/00.json" in line for line in lines) == 3


def test_a_shared_item_is_read_through_its_link(results, tmp_path):
    item = the(ITEM)
    shutil.move(item, tmp_path / "shared.safetensors")
    item.symlink_to(tmp_path / "shared.safetensors")
    assert found() == []
    flip(tmp_path / "shared.safetensors")
    assert [line.split(";")[0] for line in found()] == [
        f"broken: {item} differs from what results/tiny/trajectory/loop_maze/00.json lists (sha256)"
    ]
    (tmp_path / "shared.safetensors").unlink()
    assert [line.split(";")[0] for line in found()] == [f"broken: {item} is missing"]


def test_rows_are_checked_as_the_tensors_beside_them(results):
    prompt = the("results/cases/embedded/*/loop_maze/00000/prompt.txt")
    identities = {"00000": fingerprint({"prompt.txt": sha256(prompt)})}
    path = Path("results/tiny/noise/loop_maze/00.json")
    shard = Shard(path, "noise", {}, 1, identities)
    shard.save("00000", {"x": torch.zeros(1)}, {}, rows=[{"score": 1.0}])
    shard.finish(["00000"])
    assert found() == []
    rows = the("results/tiny/noise/loop_maze/00.*/*.rows.json")
    rows.write_text("[]")
    assert found() == [f"broken: {rows} differs from what {path} lists (sha256); delete both and run again"]
    rows.unlink()
    assert found() == [f"broken: {rows} is missing; delete {path} and run again to make it"]


def test_items_that_are_no_cases_are_held_against_their_own_names(results):
    path = Path("results/tiny/skill/loop_maze/00.json")
    shard = Shard(path, "skill", {"sampling": SAMPLING}, 1, {"00007": ""})
    shard.save("00007", {"x": torch.zeros(1)}, {})
    shard.finish(["00007"])
    settings = {"tiny": {**OF_TINY, "skill": {"sampling": SAMPLING}}}
    assert found(settings=settings, items={"skill": ["00007"]}) == []
    (line,) = found(settings=settings, items={"skill": ["00007", "00008"]})
    assert line == f"stale: {path}: other cases or seeds; `snakemake -- {path}` makes it anew"
    (line,) = found(settings={"tiny": {**OF_TINY, "skill": {"sampling": {}}}}, items={"skill": ["00007"]})
    assert "other settings (sampling)" in line
