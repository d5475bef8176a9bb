"""`snakemake all` at the size of the paper's model, 832x480 and 81 frames: two experts of two layers. An hour of two
cores: `make test-full-size`. What is cut down is the number of cases, steps and swaps, and no kind of job."""

import json

import pytest
import yaml

from tests.workflow import everything
from tests.workflow.running import files_of, snakemake, verdict

FRAMES, STEPS = 81, [0, 1]
NARROW = {
    "cases": {"tasks": ["loop_maze"], "size": "832x480", "frames": FRAMES},
    "trajectory": {"seeds": [1], "null_seed": 2},
    "noise": {"steps": [0], "frames": [1], "operators": ["replace"]},
    "skill": {"tasks": ["loop_maze"]},
    "x0_pred": {"tasks": ["loop_maze", *everything.OTHERS]},
    "few_steps": {"steps": [1, 2]},
    "candidates": {"tasks": ["loop_maze"], "number": 2, "calibration": {"steps": [0], "seeds": [7]}},
    "frames": {"counts": [17]},
    "ensemble": {"tasks": ["loop_maze"], "modes": ["mean"], "windows": ["20-29"], "steps": [0]},
    "activations": {"steps": STEPS},
    "swap": {"layers": [1], "modes": ["residual"], "to_the_end": ["residual"], "steps": [[0]], "matrix": False},
    "linear_readout": {"tasks": ["object_sets"], "number": 2, "steps": [0], "folds": 2},
    "ladder": {"models": []},
}


@pytest.fixture
def folder(tmp_path):
    everything.configure(tmp_path)
    config = yaml.safe_load((tmp_path / "run.yaml").read_text())
    for section, change in NARROW.items():
        config[section] |= change
    config["models"]["two"] |= {"steps": len(STEPS), "batch_size": 1}
    config["activations"]["shown"]["step"] = STEPS[-1]
    config["panels"] = everything.panels(steps=STEPS, frames=[0, FRAMES - 1])
    for panel in config["panels"]:
        panel["seed"] = 2 if (panel["figure"], panel["panel"]) == ("fig1", "b") else 1
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    for part in ("transformer", "transformer_2"):  # as many rotary positions as the latents have rows
        path = tmp_path / "two" / part / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"rope_max_seq_len": 1024}))
    return tmp_path


@pytest.mark.slow
def test_a_dry_run_has_every_kind_of_job(folder):
    run = snakemake(folder, "-n", "--quiet", "reason", "--", "all")
    assert run.returncode == 0, run.stdout
    rules = {line.split(" ")[1].rstrip(":") for line in run.stdout.splitlines() if line.startswith("rule ")}
    assert {"trajectory", "noise", "x0_pred", "panels", "ensemble", "swap", "activations", "claims"} < rules
    assert sum(rule.startswith("fig") for rule in rules) >= 16


@pytest.mark.full_size
def test_every_file_is_made(folder):
    run = snakemake(folder, "--", "all")
    assert run.returncode == 0, run.stdout
    broken, stale, _ = verdict(snakemake(folder, "--", "verify").stdout)
    assert (broken, stale) == ([], []) and len([path for path in files_of(folder) if path.suffix == ".pdf"]) >= 16
