"""The loop: from noise to latents along explicit sigmas, with any velocity."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from . import schedule, transformer
from .errors import InputError
from .settings import Sampling

if TYPE_CHECKING:
    from .conditioning import Conditioning
    from .models import Experts
    from .taps import Tap


class Velocity(Protocol):
    """What drives the loop: velocity (same shape) of latents (B, C, F, h, w) at a step."""

    def __call__(self, latents: torch.Tensor, step: int) -> torch.Tensor: ...


@dataclass(frozen=True)
class StepState:
    """One step as seen from outside: sigma () in [0, 1] and latents before the update, velocity after guidance.

    latents, velocity, x0_pred: (B, C, F, h, w), the clean estimate from the two before it.
    """

    step: int
    sigma: torch.Tensor
    latents: torch.Tensor
    velocity: torch.Tensor
    x0_pred: torch.Tensor


def denoise(
    velocity: Velocity,
    latents: torch.Tensor,
    sigmas: torch.Tensor,
    start: int = 0,
    stop: int | None = None,
    on_step: Callable[[StepState], None] | None = None,
) -> torch.Tensor:
    """Integrate dx = velocity dsigma from the latents at step `start` to those at `stop` (None: the end).

    latents (B, C, F, h, w) float32 at sigmas[start]; sigmas (S + 1,). `on_step` sees each step before its
    update. Raises InputError if start or stop is outside 0..S.
    """
    steps = len(sigmas) - 1
    stop = steps if stop is None else stop
    if not 0 <= start <= stop <= steps:
        raise InputError(f"steps {start} to {stop} are out of range: the schedule has {steps} steps, 0 to {steps - 1}")
    for step in range(start, stop):
        sigma, sigma_next = sigmas[step], sigmas[step + 1]
        v = velocity(latents, step)
        if on_step is not None:
            on_step(StepState(step, sigma, latents, v, schedule.x0_pred(latents, v, sigma)))
        latents = schedule.euler_step(latents, v, sigma, sigma_next)  # x <- x + v (sigma_next - sigma)
    return latents


class GuidedVelocity:
    """Velocity of a Wan model for ONE case, its conditioning expanded over the batch.

    With guidance_scale g > 1 the branches run as separate forwards, cond then uncond, as in the stock
    pipeline, and v = v_uncond + g (v_cond - v_uncond), in float32. A batch larger than sampling.batch_size
    runs in chunks. Latents may lie on any device; the velocity comes back there.
    """

    def __init__(
        self,
        experts: "Experts",
        conditioning: "Conditioning",
        sigmas: torch.Tensor,
        sampling: Sampling,
        counter: transformer.Forwards | None = None,
        tap: "Tap | None" = None,
    ) -> None:
        if sampling.guided and conditioning.negative_prompt_embeds is None:
            raise InputError(
                f"guidance ({sampling.guidance_scale}) needs negative_prompt_embeds; encode the case again"
            )
        self.experts, self.sampling, self.counter, self.tap = experts, sampling, counter, tap
        self.sigmas, self.timesteps = sigmas, schedule.timesteps(sigmas)
        self.conditioning = conditioning.to(sampling.torch_device, sampling.torch_dtype)

    @torch.no_grad()
    def __call__(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        model = self.experts.at(self.timesteps[step])
        if self.tap is not None:
            self.tap.check(transformer.depth(model), len(self.timesteps))
        chunks = [self._chunk(model, chunk, step) for chunk in latents.split(self.sampling.batch_size)]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks)

    def _chunk(self, model: torch.nn.Module, latents: torch.Tensor, step: int) -> torch.Tensor:
        given, timestep = self.conditioning, self.timesteps[step]
        if self.sampling.timestep_dtype == "bfloat16":
            timestep = timestep.bfloat16().float()  # what the network is told; sigma itself is never rounded
        device = given.condition.device
        latents_in, timestep = given.model_input(latents.to(device), timestep.to(device))
        latents_in = latents_in.to(self.sampling.torch_dtype)
        velocity = self._branch(model, latents_in, timestep, step, "cond", given.prompt_embeds)
        if self.sampling.guided:
            uncond = self._branch(model, latents_in, timestep, step, "uncond", given.negative_prompt_embeds)
            velocity = uncond + self.sampling.guidance_scale * (velocity - uncond)
        sigma = self.sigmas[step].to(device)
        return given.keep_first_frame(velocity, latents.to(device), sigma).to(latents.device)

    def _branch(
        self,
        model: torch.nn.Module,
        latents_in: torch.Tensor,
        timestep: torch.Tensor,
        step: int,
        branch: str,
        prompt_embeds: torch.Tensor,
    ) -> torch.Tensor:
        batch = len(latents_in)
        image_embeds = self.conditioning.image_embeds
        stream = transformer.embed(
            model,
            latents_in,
            timestep,
            prompt_embeds.expand(batch, -1, -1),
            None if image_embeds is None else image_embeds.expand(batch, -1, -1),
        )
        tap = None if self.tap is None else self.tap.at(step, branch)
        return transformer.head(model, transformer.walk(model, stream, tap=tap, counter=self.counter)).float()


def generator(*parts: str | int) -> torch.Generator:
    """A fresh CPU generator that depends on `parts` alone: batch, device and order of work do not move it."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return torch.Generator("cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def initial_latents(shape: tuple[int, ...], case: str, seed: int, shared: bool = False) -> torch.Tensor:
    """N(0, I) latents at sigma 1: float32 on the CPU, of `shape` (1, C, F, h, w).

    shared: every case gets the noise of `seed` itself (torch's manual_seed, as the paper's tools and the
    stock pipeline draw it); else each (case, seed) has its own.
    """
    source = torch.Generator("cpu").manual_seed(seed) if shared else generator(case, seed)
    return torch.randn(shape, generator=source, dtype=torch.float32)
