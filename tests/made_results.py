"""Results in the layout of the workflow, made by the classes that make them, to be spoiled in one way each."""

import json
import os
from pathlib import Path

import torch

from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.names import SPLITS, ending
from chainofsteps.plan.verify import Configured, verify
from chainofsteps.store import provenance
from chainofsteps.store.shards import Shard

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
    "endings": {"tiny": {"trajectory": [ending(seed) for seed in SEEDS], "conditioning": [""], "score": [""]}},
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


def make():
    """In the working folder: a checkpoint, the shards of two tasks, tables and a figure."""
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
