"""Every job that uses a GPU, on the published models in their real sizes, on a GPU that computes nothing (gpu.py).

Held: the tensors of a call lie on one device and are of one dtype; loops over steps and layers never wait for a number;
copies to the host are as few in 40 layers as in 2; what is kept lies on the host, in the dtypes of the engine; and the
most memory at once is what the plan says, or up to a tenth less.
"""

import full_jobs
import pytest
import torch
from full import MODELS, STEPS, Full, without_weights
from gpu import Gpu

from chainofsteps.model import network
from chainofsteps.plan.memory import memory_of
from chainofsteps.plan.rules import counts

A14B, TI2V, I2V = MODELS
LATENTS, WITH_NUMBERS = {torch.float32}, {torch.float32, torch.int64}
FEW = {"noise": {"steps": [0], "frames": [5], "operators": ["renoise"]}, "similarity": {"features": ["latents"]}}
BLOCK = FEW | {"similarity": {"features": ["block:1", "latents"]}}
SWAPS = {"layers": [1], "widths": [1, 2], "steps": [[0, 1]], "matrix": False}
ONE_MODE = SWAPS | {"modes": ["residual"]}
MERGED = {"windows": ["0-9", "20-29"], "steps": [0, 1]}
CARRIED = {"windows": ["0-39"], "carry": "mean", "controls": False}
# by rule: configuration; more for the job; copies to the host; copies while blocks run (taps, and the states of a
# swap's source, which no GPU could hold); dtypes of what is kept
JOBS = {
    "trajectory": ({}, {}, STEPS, 0, LATENTS),  # the velocity of a step
    "noise": (FEW, {}, 6, 0, LATENTS),  # of each run
    "noise block": (BLOCK, {}, 24, 12, LATENTS),
    "swap": ({"swap": SWAPS}, {}, 72, 54, WITH_NUMBERS),  # the outputs of all swaps of a step
    "swap beside": ({"swap": ONE_MODE}, {"stored": False}, 49, 16, WITH_NUMBERS),
    "ensemble": ({"ensemble": MERGED}, {}, 12, 0, LATENTS),
    "ensemble mean": ({"ensemble": CARRIED}, {}, 5, 0, LATENTS),
    "activations": ({"activations": {"branch": "both"}}, {}, 2 * STEPS, 2 * STEPS, WITH_NUMBERS),
    "linear_readout": ({}, {}, 2, 0, {torch.float16}),  # of a forward
    "frames": ({}, {}, STEPS, 0, LATENTS),
    "few_steps": ({}, {}, 2, 0, LATENTS),
    "calibration": ({}, {}, 2, 0, LATENTS),
    "ladder": ({}, {}, 2 * STEPS, 0, {torch.float64}),
}
DEPTH = 4  # from which on a swap of two layers has all that it can have on the GPU
DECODED = {
    "score": 5,
    "x0_pred": STEPS,
    "clip": 1,
    "answers": 2,
    "panels": 2,
}  # copies to the host: videos, and latents
ROOM = {  # the plan may say so many times more
    "answers": 1.4,  # with several right answers it decodes, and these puzzles have one
    "swap": 1.15,  # not all swaps of several layers are open at once, as it takes them to be
}


def walked(monkeypatch, full, job):
    gpu = Gpu()
    without_weights(monkeypatch, full)
    with gpu.watched(monkeypatch):
        kept = getattr(full_jobs, job.split()[0])(full, **JOBS[job][1])
    return gpu, kept


def check_plan(full, gpu, rule, room=1.1, **wildcards):
    held = memory_of(counts()[rule], full.shard(rule, **wildcards)).held
    assert gpu.peak <= held <= max(room, ROOM.get(rule, room)) * gpu.peak, (rule, gpu.peak, held)


def check_job(monkeypatch, full, job):
    gpu, kept = walked(monkeypatch, full, job)
    *_, downloads, in_layers, dtypes = JOBS[job]
    assert (gpu.downloads, gpu.in_layers) == (downloads, in_layers)
    assert {tensor.dtype for tensor in kept.values()} == dtypes
    if "latents" in kept or dtypes == LATENTS:
        grids = {tuple(kept[name].shape[-4:]) for name in kept if kept[name].ndim >= 4}
        assert job == "frames" or grids == {full.shape[1:]}
    check_plan(full, gpu, job.split()[0])


BESIDE = {"swap beside", "ensemble mean"}  # of which make test-sizes alone runs the other kind
QUICK = [(A14B, job) for job in JOBS if job not in BESIDE] + [(name, "trajectory") for name in (TI2V, I2V)]


@pytest.mark.parametrize("name, job", QUICK)
def test_a_job_of_a_few_layers_of_the_real_width(monkeypatch, tmp_path, name, job):
    check_job(monkeypatch, Full(name, tmp_path, DEPTH if "swap" in job else 2, JOBS[job][0]), job)


@pytest.mark.sizes
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("name", MODELS)
def test_a_job_of_all_layers(monkeypatch, tmp_path, name, job):
    layers = 30 if name == TI2V else 40
    full = Full(name, tmp_path, layers, JOBS[job][0])
    if job == "swap beside":  # the source's run goes through all layers and keeps their states at the swapped steps
        gpu, _ = walked(monkeypatch, full, job)
        check_plan(full, gpu, "swap")
    else:
        check_job(monkeypatch, full, job)


@pytest.mark.sizes
@pytest.mark.parametrize("job", JOBS)
def test_memory_of_a_job_at_1024(monkeypatch, tmp_path, job):
    layers = DEPTH if "swap" in job else 2
    check_job(monkeypatch, Full(A14B, tmp_path, layers, JOBS[job][0], size="1024x1024", frames=97), job)


@pytest.mark.parametrize("name", MODELS)
def test_encoders_give_what_the_networks_take(monkeypatch, tmp_path, name):
    full, gpu = Full(name, tmp_path, 2), Gpu(waits=2)  # of transformers, which looks at the mask of each text
    with gpu.watched(monkeypatch):
        given = full_jobs.conditioning(full, monkeypatch)
    wanted = full.conditioning["00000"].to_tensors()
    assert not any(tensor.is_meta for tensor in given.values())
    assert {key: (one.shape, one.dtype) for key, one in given.items()} == {
        key: (one.shape, one.dtype) for key, one in wanted.items()
    }
    memory = memory_of(counts()["conditioning"], full.shard("conditioning"))
    assert memory.total >= full.model.weights["vae"] + gpu.peak


def check_decoding(monkeypatch, full, rules, room):
    judge = full_jobs.judge(full, monkeypatch)
    for rule in rules:
        gpu = Gpu()
        with gpu.watched(monkeypatch):
            assert len(full_jobs.decoded(full, judge)[rule]()) > 0
        assert gpu.downloads == DECODED[rule], rule
        check_plan(full, gpu, rule, room, **({"figure": "fig1"} if rule == "panels" else {}))


def test_decoding(monkeypatch, tmp_path):
    check_decoding(monkeypatch, Full(A14B, tmp_path, 2, frames=17), DECODED, 1.1)


@pytest.mark.sizes
@pytest.mark.parametrize("size, frames", [("832x480", 81), ("1024x1024", 97)])
def test_memory_of_decoding_at_full_size(monkeypatch, tmp_path, size, frames):
    check_decoding(monkeypatch, Full(A14B, tmp_path, 2, size=size, frames=frames), ("clip", "panels"), 1.1)


TILES = {"model": {"vae_dtype": "bfloat16", "vae_tiling": True}}


def test_decoding_by_tiles_in_two_bytes(monkeypatch, tmp_path):
    check_decoding(monkeypatch, Full(A14B, tmp_path, 2, TILES, size="480x480", frames=17), ("panels",), 1.1)


@pytest.mark.sizes
def test_memory_of_decoding_by_tiles_at_full_size(monkeypatch, tmp_path):
    check_decoding(monkeypatch, Full(A14B, tmp_path, 2, TILES), ("clip",), 1.1)


@pytest.mark.slow
def test_decoding_of_a_residual_vae(monkeypatch, tmp_path):
    check_decoding(monkeypatch, Full(TI2V, tmp_path, 2, frames=17), ("score", "x0_pred", "panels"), 1.25)


def on_gpu(dtype=torch.float32):
    return torch.ones(4, 4, device="meta", dtype=dtype)


REFUSED = {
    "a tensor of the host": lambda: on_gpu() + torch.ones(4, 4),
    "tensors of the host in a list": lambda: torch.cat([on_gpu(), torch.ones(4, 4)]),
    "another dtype in a product": lambda: on_gpu() @ on_gpu(torch.bfloat16),
    "item": lambda: on_gpu().sum().item(),
    "a decision": lambda: bool((on_gpu() > 0).any()),
    "a mask as index": lambda: on_gpu()[on_gpu() > 0],
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_gpu_refuses(what):
    with Gpu(), pytest.raises((AssertionError, RuntimeError)):
        REFUSED[what]()


def test_the_gpu_counts_copies_and_tells_those_between_layers(monkeypatch, tmp_path):
    full, gpu = Full(A14B, tmp_path, 2), Gpu()
    velocity = full.network().velocity(full.conditioning["00000"])
    without_weights(monkeypatch, full)
    with gpu.watched(monkeypatch):
        stream = velocity.stream(torch.ones(full.shape), 0, "cond")
        before = gpu.downloads
        network.walk(velocity.model_at(0), stream, tap=lambda _layer, states: states[:, :1].cpu())
        on_gpu().cpu()
    assert (gpu.downloads - before, gpu.in_layers) == (3, 2)
