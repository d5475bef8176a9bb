"""Every job that uses a GPU, on the published models in their real sizes, on a GPU that computes nothing (gpu.py).

Held: all tensors of a call on one device and of one dtype; no wait for a number in loops over steps and layers; copies
to the host as few as they are in 2 layers, whatever the depth; what is kept on the host, in the dtypes of the engine;
and the most memory at once near what the plan says, never above it.
"""

import full_jobs
import pytest
import torch
from full import STEPS, Full, without_weights
from gpu import Gpu

from chainofsteps.plan.memory import memory_of
from chainofsteps.plan.rules import counts

A14B, LATENTS = "wan2.2-i2v-a14b", {torch.float32}
FEW = {"noise": {"steps": [0], "frames": [5], "operators": ["renoise"]}, "similarity": {"features": ["latents"]}}
BLOCK = FEW | {"similarity": {"features": ["block:1", "latents"]}}
LAYERS = {"layers": [0, 1], "widths": [1, 2], "steps": [[0, 1]], "matrix": False}
SWAPS = 9  # of two layers: one of residual and two parts of tokens with each width, but for the last layer, and full
MERGED = {"windows": ["0-9", "20-29"], "steps": [0, 1]}
CARRIED = {"windows": ["0-39"], "carry": "mean", "controls": False}
# rule, configuration, more for the job; copies to the host, copies of either way while blocks ran; dtypes of what is kept
JOBS = {
    "trajectory": ({}, {}, STEPS, 0, LATENTS),
    "noise": (FEW, {}, 11, 0, LATENTS),
    "noise block": (BLOCK, {}, 0, 0, LATENTS),
    "swap": ({"swap": LAYERS}, {}, 0, 0, LATENTS | {torch.int64}),
    "swap beside": (
        {"swap": LAYERS | {"modes": ["residual"], "parts": {}}},
        {"stored": False},
        0,
        0,
        LATENTS | {torch.int64},
    ),
    "ensemble": ({"ensemble": MERGED}, {}, 0, 0, LATENTS),
    "ensemble mean": ({"ensemble": CARRIED}, {}, 0, 0, LATENTS),
    "activations": ({"activations": {"branch": "both"}}, {}, 6, 6, LATENTS | {torch.int64}),
    "linear_readout": ({}, {}, 2, 0, {torch.float16}),
    "frames": ({}, {}, STEPS, 0, LATENTS),
    "few_steps": ({}, {}, 2, 0, LATENTS),
    "calibration": ({}, {}, 2, 0, LATENTS),
    "ladder": ({}, {}, 2 * (2 + STEPS), 0, {torch.float64}),
}
ALL = [(name, layers) for name, layers in ((A14B, 40), ("wan2.2-ti2v-5b", 30), ("wan2.1-i2v-14b-720p", 40))]
QUICK = [(A14B, 4 if "swap" in job else 2, job) for job in JOBS] + [(name, 2, "trajectory") for name, _ in ALL[1:]]


def walked(monkeypatch, folder, name, layers, job, **size):
    change, more, *_ = JOBS[job]
    full, gpu = Full(name, folder, layers, change, **size), Gpu()
    without_weights(monkeypatch, full)
    with gpu.watched(monkeypatch):
        kept = getattr(full_jobs, job.split()[0])(full, **more)
    return full, gpu, kept


@pytest.mark.parametrize("name, layers, job", QUICK)
def test_job(monkeypatch, tmp_path, name, layers, job):
    full, gpu, kept = walked(monkeypatch, tmp_path, name, layers, job)
    print(job, gpu.downloads, gpu.in_layers, {t.dtype for t in kept.values()})
    planned = memory_of(counts()[job.split()[0]], full.shard(job.split()[0])).held
    print("   ", gpu.peak / 1e9, planned / 1e9, planned / gpu.peak)
