"""Every number of a plan, pinned for two models: nothing of it moves when a count is written in another way."""

from pathlib import Path

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.plan import target
from chainofsteps.plan.jobs import Job

ROOT = Path(__file__).parents[2]
SHARD = {"task": "loop_maze", "shard": "01"}
OTHERS = {"skill": {"puzzle": "shelf"}, "panels": {"figure": "fig4"}}
SECTIONS = {
    "cases": {"number": 7, "shard_size": 4, "tasks": ["loop_maze", "occlusion"]},
    "trajectory": {
        "seeds": [1, 3],
        "null_seed": 2,
        "other_seeds": "together",
        "keep": "all",
        "share_noise_over_cases": False,
    },
    "similarity": {"features": ["block:1"]},
    "noise": {
        "schemes": ["step", "frame"],
        "operators": ["replace", "renoise"],
        "steps": "all",
        "frames": [0, 2],
        "timing": "after",
    },
    "few_steps": {"steps": [2, 20, 30, 50]},
    "frames": {"counts": [5, 9, 17]},
    "ensemble": {
        "windows": ["0-9", "20-29"],
        "of_layers": 40,
        "modes": ["mean", "blend"],
        "carry": "mean",
        "seeds": [1, 2, 3],
        "steps": [0, 2],
    },
    "activations": {"layers": [0, 3, 5], "steps": [0, 7], "branch": "both"},
    "swap": {
        "layers": [0, 2, 7],
        "steps": [[0], [0, 1]],
        "modes": ["residual", "full"],
        "widths": [1],
        "parts": {},
        "to_the_end": ["residual", "full"],
        "matrix": True,
        "matrix_pairs": 5,
    },
    "skill": {"number": 8},
    "panels": [
        {"figure": "fig4", "puzzle": "occlusion", "case": "00001", "steps": [0, 9, 19], "frames": [0, 8]},
        {"figure": "fig5", "puzzle": "occlusion", "case": "00000", "steps": [0], "frames": [0]},
    ],
}
# rule: forwards planned, naive; bytes on disk, of weights on the GPU and held beside them; samples in a forward
EMBEDDED = {
    "cases": (23500,),
    "conditioning": (119434, 7556848, 3260416),
    "trajectory": (360, 360, 1, 3885616, 20623360, 860160),
    "noise": (5952, 10560, 12, 6276040, 20623360, 10383360),
    "few_steps": (984, 984, 1, 393580, 20623360, 860160),
    "frames": (480, 720, 1, 139840, 20623360, 552960),
    "ensemble": (735.75, 1680, 12, 375580, 20623360, 6389760),
    "activations": (18.0, 240, 1, 34360, 20623360, 860160),
    "swap": (5143.0, 7920, 12, 7798780, 20623360, 10665984),
    "score": (88300, 7556848, 50135040),
    "x0_pred": (245800, 7556848, 50135040),
    "panels": (75058, 7556848, 4177920),
    "few_steps_score": (8200, 7556848, 50135040),
    "frames_score": (8200, 7556848, 50135040),
    "ensemble_score": (8200, 7556848, 50135040),
    "swap_video_score": (8200, 7556848, 50135040),
    "evalkit": (8200, 7556848, 50135040),
    "skill": (320, 320, 1, 0, 28549872, 4177920),
    "fig3": (0,),
}
LARGE = {
    "cases": (23500,),
    "conditioning": (25248394, 11400000000, 0),
    "trajectory": (900, 900, 1, 9416296, 28600000000, 36454400),
    "noise": (32952, 62400, 2, 17320840, 28600000000, 452853760),
    "few_steps": (624, 624, 1, 393580, 28600000000, 36454400),
    "frames": (1200, 1800, 1, 139840, 28600000000, 32358400),
    "ensemble": (1819.9499999999998, 4200, 2, 375580, 28600000000, 97157120),
    "activations": (3.5999999999999996, 600, 1, 34360, 28600000000, 36454400),
    "swap": (22033.4, 37800, 2, 15218380, 28600000000, 87490560),
    "score": (196300, 520000000, 972619776),
    "x0_pred": (596800, 520000000, 972619776),
    "panels": (75058, 520000000, 81051648),
    "few_steps_score": (8200, 520000000, 972619776),
    "frames_score": (8200, 520000000, 972619776),
    "ensemble_score": (8200, 520000000, 972619776),
    "swap_video_score": (8200, 520000000, 972619776),
    "evalkit": (8200, 520000000, 972619776),
    "skill": (800, 800, 1, 0, 69120000000, 81051648),
    "fig3": (0,),
}


def configured(model, **entry):
    """config.yaml with all that the numbers depend on stated here."""
    config = dict(load_config(ROOT / "config.yaml", model=model))
    for name, section in SECTIONS.items():
        config[name] = section if name == "panels" else {**config[name], **section}
    return {**config, "models": {**config["models"], model: {**config["models"][model], **entry}}}


@pytest.mark.parametrize(
    ("model", "entry", "pinned"),
    [
        ("embedded", {"guidance_scale": 5.0, "steps": 20, "batch_size": 12}, EMBEDDED),
        ("vbvr-wan2.2", {"guidance_scale": 5.0, "steps": 50, "batch_size": 2}, LARGE),
    ],
)
def test_numbers_are_those_of_the_first_plan(model, entry, pinned, monkeypatch, tmp_path):
    jobs = [Job(rule, {"model": model, **OTHERS.get(rule, SHARD)}) for rule in pinned]
    monkeypatch.setattr(target, "jobs_of", lambda *_: jobs)
    root = ROOT if model == "embedded" else tmp_path  # of the large model only what is published
    costs = target.plan_of(configured(model, **entry), ["all"], root=root).costs
    numbers = {
        cost.job.rule: (
            *((cost.forwards.planned, cost.forwards.naive, cost.batch) if cost.forwards else ()),
            cost.disk,
            *((cost.memory.weights, cost.memory.held) if cost.memory else ()),
        )
        for cost in costs
    }
    assert numbers == {rule: tuple(pytest.approx(number) for number in of_rule) for rule, of_rule in pinned.items()}


def disk_of(job, config):
    """Bytes on disk that the plan says of one job of the embedded model."""
    (cost,) = target.plan_of(config, ["all"], root=ROOT).costs
    assert cost.job == job
    return cost.disk


def test_frames_in_words_weigh_what_they_stand_for(monkeypatch):
    job = Job("panels", {"model": "embedded", "figure": "fig4"})
    monkeypatch.setattr(target, "jobs_of", lambda *_: [job])
    panel = {"figure": "fig4", "puzzle": "occlusion", "case": "00001", "steps": [0, 9]}
    weights = [
        disk_of(job, {**configured("embedded"), "panels": [{**panel, "frames": frames}]})
        for frames in ([0, 8, 16], "all", [0, 16])
    ]
    pixels = 2 * 3 * 64 * 64
    assert weights[1] - weights[0] == 14 * pixels and weights[0] - weights[2] == pixels


def test_a_table_without_a_manifest_weighs_its_rows_alone(monkeypatch):
    job = Job("clip", {"model": "embedded", **SHARD})
    monkeypatch.setattr(target, "jobs_of", lambda *_: [job])
    rows = 2 * (1 + 2 * (20 + 2)) + 1  # two seeds: untouched and each operator's steps and frames; and the null
    assert disk_of(job, configured("embedded")) == 3 * rows * 98  # cases of the second shard, bytes of a row


def test_a_calibration_takes_two_answers_of_each_case_at_every_step_and_seed(monkeypatch):
    monkeypatch.setattr(target, "jobs_of", lambda *_: [Job("calibration", {"model": "embedded", **SHARD})])
    config = configured("embedded", guidance_scale=5.0)
    calibration = {"steps": [0, 2, 4], "seeds": [7, 8]}
    config["candidates"] = {**config["candidates"], "calibration": calibration}
    (cost,) = target.plan_of(config, ["all"], root=ROOT).costs
    assert cost.forwards.planned == cost.forwards.naive == 2 * 3 * 3 * 2 * 2  # branches, cases, steps, seeds, answers
