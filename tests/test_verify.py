"""Results in the layout of the workflow, made by the classes that make them, then spoiled in one way each."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from chainofsteps import provenance
from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.layout import SPLITS
from chainofsteps.shards import Shard
from chainofsteps.verify import Configured, verify

CASES, SEEDS = ["00000", "00001"], [1, 2]
ENCODING, SAMPLING = {"dtype": "float32"}, {"steps": 4, "shift": 3.0}
TABLE = "results/tiny/tables/fig3_scores.csv"
PARTS = [f"results/tiny/score/{task}/00.csv" for task in ("loop_maze", "unique_maze")]
OF_TINY = {"conditioning": {"encoding": ENCODING}, "trajectory": {"sampling": SAMPLING}, "score": {}}
CONFIGURED = {
    "recipes": {"cases": 2, "conditioning": 1, "trajectory": 1, "score": 1},
    "folders": {"tiny": "models/tiny"},
    "settings": {"tiny": OF_TINY},
    "given": {"root": "results/cases/embedded", "first_seed": 7},
    "cases": {task: {"00": CASES} for task in ("loop_maze", "unique_maze")},
    "seeds": {"trajectory": SEEDS},
    "joined": {TABLE: PARTS},
    "made": {"tables/x0_pred.csv": PARTS},
    "figures": ["figures/fig3.pdf"],
    "model": "tiny",
}
MODEL, ITEM = "results/model/tiny.json", "results/tiny/trajectory/loop_maze/00.*/00001-seed2.*.safetensors"


def make_cases(task):
    names = {}
    for case in CASES:
        folder = Path("results/cases/embedded", SPLITS[0], task, case)
        folder.mkdir(parents=True)
        (folder / "prompt.txt").write_text(f"{task} {case}\n")
        files = {"prompt.txt": sha256(folder / "prompt.txt")}
        names[case] = {"identity": fingerprint(files), "files": files}
    facts = {"root": "results/cases/embedded", "first_seed": 7, "task": task, "kind": "multi", "recipe": 2}
    write_json(f"results/cases/{task}/00.json", {**facts, "cases": names})
    return {case: entry["identity"] for case, entry in names.items()}


def make_shard(noun, task, settings, identities, table=False):
    path = Path(f"results/tiny/{noun}/{task}/00.json")
    shard = Shard(path, noun, settings, 1, identities)
    for number, item in enumerate(identities):
        shard.save(item, {"x": torch.tensor([float(number)])}, {})
    if table:
        path.with_suffix(".csv").write_text("task,case\n" + "".join(f"{task},{case}\n" for case in identities))
    return shard.finish(list(identities), [path.with_suffix(".csv")] if table else [])["settings_hash"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A working folder with a checkpoint, the shards of two tasks, tables and a figure."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("models/tiny/vae").mkdir(parents=True)
        Path("models/tiny/vae/config.json").write_text("{}")
        files = {"vae/config.json": sha256("models/tiny/vae/config.json")}
        facts = {"folder": "models/tiny", "identity": fingerprint(files)}
        write_json(MODEL, {**facts, "files": {name: {"bytes": 2, "sha256": digest} for name, digest in files.items()}})
        for task in ("loop_maze", "unique_maze"):
            cases = make_cases(task)
            of_model = {"model": facts["identity"]}
            encoded = make_shard("conditioning", task, {"encoding": ENCODING, **of_model}, cases)
            runs = {f"{case}-seed{seed}": identity for case, identity in cases.items() for seed in SEEDS}
            settings = {"sampling": SAMPLING, "conditioning": encoded, **of_model}
            trajectory = make_shard("trajectory", task, settings, runs)
            make_shard("score", task, {"trajectory": trajectory}, cases, table=True)
        header, *rest = "".join(Path(part).read_text() for part in PARTS).splitlines(keepends=True)
        joined = header + "".join(line for line in rest if line != header)
        for name, content in ((TABLE, joined), ("tables/x0_pred.csv", "x\n")):
            Path(name).parent.mkdir(parents=True)
            Path(name).write_text(content)
        said = provenance.identity(MODEL, {}, [TABLE])
        Path("figures").mkdir()
        Path("figures/fig3.pdf").write_text(f"%PDF-1.4\n<< /Keywords ({said}) >>\n")
        write_json("results/download/owner/name/abc.json", {"files": {}})  # of another kind: not a shard's
    return folder


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """A copy of it to spoil, times kept, as the working folder."""
    shutil.copytree(made, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")


def found(**changes):
    report = verify("results", Configured(**{**CONFIGURED, **changes}))
    assert report.broken == any(problem.state == "broken" for problem in report.problems)
    return [str(problem) for problem in report.problems]


def the(pattern):
    (path,) = Path().glob(pattern)
    return path


def flip(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def edit(path, **changes):
    times = os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns
    write_json(path, {**json.loads(Path(path).read_text()), **changes})
    os.utime(path, ns=times)


def touch_later(path, than):
    os.utime(path, ns=(os.stat(than).st_mtime_ns + 10**9,) * 2)


def test_results_as_they_were_made_are_whole(results):
    report = verify("results", Configured(**CONFIGURED))
    # the checkpoint's file, then of each task two prompts, 2 + 4 + 2 items and a table
    assert (report.problems, report.files, report.broken) == ([], 1 + 2 * (2 + 8 + 1), False)
    assert str(report) == "23 files checked: 0 broken, 0 stale"
    assert found(settings={}, cases={}, recipes={}, given={}, folders={}) == []  # of a configuration without them


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
    ({"seeds": {"trajectory": [1]}}, {path: "other cases or seeds" for path in CHAIN if "trajectory" in path}),
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


def test_a_joined_table_holds_the_lines_of_its_parts(results):
    text = Path(TABLE).read_text()
    Path(TABLE).write_text(text.replace("loop_maze,00001", "loop_maze,00009"))
    words = f"{TABLE} does not hold the rows of {PARTS[0]} as they stand; delete it and run again"
    assert found(figures=[], made={}) == [f"broken: {words}"]
    touch_later(PARTS[0], TABLE)
    assert found(figures=[], made={}) == [
        f"stale: {TABLE}: older than {PARTS[0]}; `snakemake -- {TABLE}` makes it anew"
    ]
    Path(TABLE).write_text(text + "other,00000\n")
    assert "it holds rows of other shards too" in found(figures=[], made={})[0]
    Path(TABLE).write_text(text.replace("task,", "tusk,", 1))
    os.utime(PARTS[0], ns=(0, 0))
    assert found(figures=[], made={}) == [f"broken: {words}"]
    touch_later(PARTS[0], TABLE)
    Path(TABLE).write_text(text)
    assert found(figures=[], made={}) == []  # newer parts with the same lines
    assert "results/none.csv, which it is made from, is not there" in found(joined={TABLE: ["results/none.csv"]})[0]


def test_a_computed_table_is_no_older_than_what_it_was_made_from(results):
    touch_later(PARTS[1], "tables/x0_pred.csv")
    words = f"tables/x0_pred.csv: older than {PARTS[1]}; `snakemake --force -- tables/x0_pred.csv` makes it anew"
    assert found() == [f"stale: {words}"]
    assert "results/none.csv, which it is made from" in found(made={"tables/x0_pred.csv": ["results/none.csv"]})[0]


def test_a_figure_is_of_what_it_says_it_was_drawn_from(results):
    mend = "`snakemake --force -- figures/fig3.pdf` makes it anew"
    with open(TABLE, "a") as table:
        table.write("\n")
    assert found(joined={}) == [f"stale: figures/fig3.pdf: drawn from another {TABLE}; {mend}"]
    Path(TABLE).unlink()
    assert found() == [f"stale: figures/fig3.pdf: {TABLE}, which it is drawn from, is not there; {mend}"]
    assert "drawn for tiny, not other" in found(model="other")[0]
    Path("figures/fig3.pdf").write_text("%PDF-1.4\n")
    assert found() == [
        "broken: figures/fig3.pdf does not say what it was drawn from; delete it and run again to draw it"
    ]
    Path("figures/fig3.pdf").unlink()
    assert found() == []
