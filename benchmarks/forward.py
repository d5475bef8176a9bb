"""Seconds of one forward of the configured model, at the shape of its largest configured case: for `make plan`.

Latents, text and first frame are noise, so that nothing but the transformer is loaded. On a CPU the seconds are those
that a thread works, as in a job, and not the clock's: others may be at work on the machine. A GPU's are the clock's.
"""

import argparse
import platform
import re
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from chainofsteps.errors import InputError
from chainofsteps.files import write_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling
from chainofsteps.model.sizes import latent_frames_of
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.plan.cases import Cases
from chainofsteps.plan.model import IMAGE_TOKENS, Model, model_of
from chainofsteps.plan.seconds import MEASURED, measured, renewed
from chainofsteps.probes.count import VideoSize
from chainofsteps.run.denoise import GuidedVelocity

ROOT = Path(__file__).parents[1]


def measure(given: argparse.Namespace, config: dict[str, Any], _folder: Path) -> list:
    """Measure, print, and put into forwards.json beside --output, in place of what stood there of the same."""
    name = config["model"]
    if given.model:
        config = {
            **config,
            "models": {**config["models"], name: {**config["models"][name], "folder": str(given.model)}},
        }
    model, sampling = model_of(config, name, ROOT), Sampling.from_config(config["models"][name])
    size = largest(config)
    path, threads = given.output.with_name(MEASURED), torch.get_num_threads()
    torch.set_num_threads(1)  # as every rule of the workflow
    try:
        batches = sorted({1, sampling.batch_size})
        folder = Path(ROOT, config["models"][name]["folder"])
        seconds = {batch: of_forward(folder, model, sampling, size, batch, given.turns) for batch in batches}
    finally:
        torch.set_num_threads(threads)
    about = {"model": name, "tokens": model.tokens_of(size), "hardware": hardware(sampling.torch_device)}
    about |= {"device": sampling.torch_device.type, "dtype": sampling.dtype, "torch": torch.__version__}
    records = [{**about, "batch": batch, "seconds": value} for batch, value in seconds.items()]
    write_json(path, renewed(measured(path), records))
    for record in records:
        print(f"{name}: {record['seconds']:.4g} s a forward in a batch of {record['batch']}, {record['hardware']}")
    print(path)
    return []


def largest(config: dict[str, Any]) -> VideoSize:
    """The size of the largest configured case. InputError if the cases are not there."""
    cases = Cases(config, ROOT)
    if not cases.known:
        raise InputError("the configured cases are not downloaded yet; make one of their targets first")
    sizes = [size for task in config["cases"]["tasks"] for size in cases.of_task(task)]
    return max(sizes, key=lambda size: size.elements)


def of_forward(folder: Path, model: Model, sampling: Sampling, size: VideoSize, batch: int, turns: int) -> float:
    """Median seconds of one forward of one sample and branch in a batch, after one that is not counted."""
    sigmas, given = schedule.sigmas(sampling.steps, sampling.shift), conditioning(model, sampling, size)
    velocity = GuidedVelocity(Experts(folder, sampling), given, sigmas, replace(sampling, batch_size=batch))
    latents = torch.randn(batch, *given.latents_shape[1:])
    clock = time.process_time if sampling.torch_device.type == "cpu" else time.perf_counter
    velocity(latents, 0)
    seconds = []
    for _ in range(turns):
        began = clock()
        velocity(latents, 0)  # comes back to the CPU, so a GPU has ended by then
        seconds.append(clock() - began)
    return statistics.median(seconds) / (batch * model.branches)


def conditioning(model: Model, sampling: Sampling, size: VideoSize) -> Conditioning:
    """Noise of the shapes that the model is given of a case."""
    frames, height, width = size
    grid = latent_frames_of(frames), height // model.stride, width // model.stride
    text = torch.randn(1, model.text_tokens, model.text_width)
    if model.per_token:
        mask = torch.ones(1, 1, *grid)
        mask[:, :, 0] = 0
        first = {"condition": torch.randn(1, model.latent_channels, 1, *grid[1:]), "first_frame_mask": mask}
    else:
        first = {"condition": torch.randn(1, MASK_CHANNELS + model.latent_channels, *grid)}
    image = torch.randn(1, IMAGE_TOKENS, model.image_width) if model.image_width else None
    return Conditioning(text, negative_prompt_embeds=text if sampling.guided else None, image_embeds=image, **first)


def hardware(device: torch.device) -> str:
    """The GPU's name, or the processor's with what is used of it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        named = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    except OSError:
        named = None
    return f"{named[1] if named else platform.processor() or platform.machine()}, 1 thread"
