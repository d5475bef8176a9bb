"""The engine at the size of the 14B models, on a GPU: seconds and memory that no laptop can say.

python benchmarks/full_size.py writes full_size.json beside it. The transformer has the shape of Wan 2.2 I2V A14B and
random weights, which cost what trained ones cost; latents, text and first frame are noise. What is measured: a forward
as it is, with the norms of all tokens kept, compiled, and with its layers in main memory; whether a run that was cut
off ends in the same bits; a decode. Memory stands beside what the plan reckons.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from forward import conditioning, hardware

from chainofsteps.errors import InputError, reported
from chainofsteps.files import load_tensors, save_tensors, write_json
from chainofsteps.model import schedule
from chainofsteps.model.network import depth
from chainofsteps.model.sampling import Sampling
from chainofsteps.model.vae import decode
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.plan import memory
from chainofsteps.plan.model import Model, transformer_width
from chainofsteps.probes.count import VideoSize
from chainofsteps.run.denoise import GuidedVelocity, denoise
from chainofsteps.run.taps import Tap

OUTPUT = Path(__file__).with_name("full_size.json")
CHANNELS, STRIDE = 16, 8  # of the latents
TRANSFORMER = {"in_channels": MASK_CHANNELS + 2 * CHANNELS}  # all else of 14B is diffusers' default
GB = 1e9


class Resident:
    """One transformer for every timestep, in place of the experts of a folder."""

    def __init__(self, model: WanTransformer3DModel) -> None:
        self.model = model

    def at(self, _timestep: torch.Tensor) -> WanTransformer3DModel:
        return self.model


def network(config: Mapping[str, Any], dtype: torch.dtype, device: torch.device) -> WanTransformer3DModel:
    """Random weights, made where they stay; what diffusers keeps in float32 is that."""
    torch.manual_seed(0)
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = WanTransformer3DModel(**config)
    finally:
        torch.set_default_dtype(usual)
    for name, weight in model.named_parameters():
        if {*name.split(".")} & {*model._keep_in_fp32_modules}:
            weight.data = weight.data.float()
    return model.eval().requires_grad_(False)


def sizes_of(sampling: Sampling, **sizes: int) -> Model:
    """A model of these sizes, as the plan describes it."""
    settings = {"steps": sampling.steps, "branches": 1, "text_tokens": sampling.max_sequence_length}
    settings |= {"item": sampling.torch_dtype.itemsize, "batch_size": 1, "here": True}
    return Model(name="full size", **settings, latent_channels=CHANNELS, stride=STRIDE, **sizes)


def timed(run: Callable[[], object], turns: int, device: torch.device) -> tuple[float, float, float | None]:
    """(seconds of the first call, median of `turns` more, most bytes on the GPU; None on a CPU)."""
    seconds = []
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    for _ in range(turns + 1):
        began = time.perf_counter()
        run()  # its result comes to the CPU, so a GPU has ended by then
        seconds.append(time.perf_counter() - began)
    most = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return seconds[0], statistics.median(seconds[1:]), most


def forwards(
    config: Mapping[str, Any], size: VideoSize, sampling: Sampling, turns: int, compiler: str = "inductor"
) -> list[dict[str, Any]]:
    """Of a transformer: seconds and memory of a forward in each way, and whether a run goes on to the same bits."""
    device = sampling.torch_device
    model = network(config, sampling.torch_dtype, device)
    of, width = model.config, transformer_width(model.config)
    sizes = sizes_of(sampling, layers=of.num_layers, width=width, ffn_width=of.ffn_dim, text_width=of.text_dim)
    given = conditioning(sizes, sampling, size)
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    latents = torch.randn(given.latents_shape)
    reckoned = memory.forward(sizes, 1, size)
    weights = sum(weight.nbytes for weight in model.parameters())

    def velocity(tap: Tap | None = None) -> GuidedVelocity:
        return GuidedVelocity(Resident(model), given, sigmas, sampling, tap=tap)

    def one(tap: Tap | None = None) -> None:
        velocity(tap)(latents, 0)
        if tap is not None:
            tap.take()

    about = {"tokens": sizes.tokens_of(size), "weights_gb": weights / GB, "reckoned_beside_gb": reckoned / GB}
    rows = [{"what": "forward", **seconds(timed(one, turns, device)), **about}]
    norms = Tap(range(depth(model)), [0])
    rows.append({"what": "forward that keeps all token norms", **seconds(timed(lambda: one(norms), turns, device))})
    rows.append({"what": "a run cut off goes on to the same bits", "same": resumes(velocity(), latents, sigmas)})
    model.compile_repeated_blocks(backend=compiler)
    rows.append({"what": "forward, compiled", **seconds(timed(one, turns, device))})
    del model
    torch._dynamo.reset()
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    model = replace(sampling, group_offload=True).placed(network(config, sampling.torch_dtype, device))
    rows.append({"what": "forward, group_offload", **seconds(timed(one, turns, device))})
    return rows


def seconds(found: tuple[float, float, float | None]) -> dict[str, float | None]:
    """As it is written."""
    first, median, most = found
    return {"seconds": median, "first_seconds": first, "peak_gb": None if most is None else most / GB}


def resumes(velocity: GuidedVelocity, latents: torch.Tensor, sigmas: torch.Tensor) -> bool:
    """Whether a run of all steps, and one that lies in a file after its first step, end in the same latents."""
    whole = denoise(velocity, latents, sigmas)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "latents.safetensors")
        save_tensors(path, {"latents": denoise(velocity, latents, sigmas, stop=1)}, {})
        again = denoise(velocity, load_tensors(path)[0]["latents"], sigmas, start=1)
    return torch.equal(whole, again)


def decoding(config: Mapping[str, Any], size: VideoSize, sampling: Sampling, turns: int) -> dict[str, Any]:
    """Of the VAE, in float32 as in the rules."""
    torch.manual_seed(0)
    device = sampling.torch_device
    with device:
        vae = AutoencoderKLWan(**config).eval().requires_grad_(False)
    sizes = sizes_of(sampling, vae_width=vae.config.base_dim)
    latents = torch.randn(1, CHANNELS, size.latent_frames, size.height // STRIDE, size.width // STRIDE)
    weights = sum(weight.nbytes for weight in vae.parameters())
    about = {"weights_gb": weights / GB, "reckoned_beside_gb": memory.decode(sizes, 1, size) / GB}
    return {"what": "decode", **seconds(timed(lambda: decode(vae, latents), turns, device)), **about}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("frames", 81), ("height", 480), ("width", 832), ("layers", 40), ("turns", 3)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: benchmarks/full_size.json")
    given = parser.parse_args()
    size = VideoSize(given.frames, given.height, given.width)
    with reported():
        if not torch.cuda.is_available():
            raise InputError("there is no GPU here; run this where torch.cuda.is_available() is true")
        sampling = Sampling(2, 5.0, dtype="bfloat16", device="cuda", batch_size=1)
        rows = forwards({**TRANSFORMER, "num_layers": given.layers}, size, sampling, given.turns)
        rows.append(decoding({}, size, sampling, given.turns))
        of_all = {"hardware": hardware(sampling.torch_device), "torch": torch.__version__, "dtype": sampling.dtype}
        of_all |= {"frames": given.frames, "height": given.height, "width": given.width, "layers": given.layers}
        write_json(given.output, {**of_all, "turns": given.turns, "figures": rows})
        for row in rows:
            print(
                ", ".join(
                    f"{key} {value:.4g}" if isinstance(value, float) else str(value) for key, value in row.items()
                )
            )
        print(given.output)


if __name__ == "__main__":
    main()
