"""The loop: from noise to latents along explicit sigmas, with any velocity."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from ..errors import InputError
from ..model import schedule, wan
from ..model.sampling import Sampling
from .taps import BRANCHES

if TYPE_CHECKING:
    from ..model.conditioning import Conditioning
    from ..model.load import Experts
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
        counter: wan.Forwards | None = None,
        tap: "Tap | None" = None,
    ) -> None:
        if sampling.guided and conditioning.negative_prompt_embeds is None:
            raise InputError(
                f"guidance ({sampling.guidance_scale}) needs negative_prompt_embeds; encode the case again"
            )
        self.experts, self.sampling, self.counter, self.tap = experts, sampling, counter, tap
        self.sigmas, self.timesteps = sigmas, schedule.timesteps(sigmas)
        self.conditioning = conditioning.to(sampling.torch_device, sampling.torch_dtype)

    @property
    def branches(self) -> tuple[str, ...]:
        """The forwards of one step: cond, and uncond with guidance."""
        return BRANCHES["both" if self.sampling.guided else "cond"]

    def model_at(self, step: int) -> torch.nn.Module:
        """The transformer that works at a step; loaded if another one was in memory."""
        return self.experts.at(self.timesteps[step])

    @torch.no_grad()
    def __call__(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        model = self.model_at(step)
        if self.tap is not None:
            self.tap.check(wan.depth(model), len(self.timesteps))
        chunks = [self._chunk(model, chunk, step) for chunk in latents.split(self.sampling.batch_size)]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks)

    def _chunk(self, model: torch.nn.Module, latents: torch.Tensor, step: int) -> torch.Tensor:
        made = {}
        for branch in self.branches:
            tap = None if self.tap is None else self.tap.at(step, branch)
            stream = self.stream(latents, step, branch)
            made[branch] = wan.head(model, wan.walk(model, stream, tap=tap, counter=self.counter))
        return self.combined(made, latents, step)

    @torch.no_grad()
    def stream(self, latents: torch.Tensor, step: int, branch: str) -> wan.Stream:
        """One branch of latents (B, C, F, h, w) at a step, ready for the first block of `model_at(step)`.

        Raises InputError for the branch uncond without negative_prompt_embeds.
        """
        given, timestep = self.conditioning, self.timesteps[step]
        prompt_embeds = given.prompt_embeds if branch == "cond" else given.negative_prompt_embeds
        if prompt_embeds is None:
            raise InputError("the branch uncond needs negative_prompt_embeds; set guidance_scale above 1")
        if self.sampling.timestep_dtype == "bfloat16":
            timestep = timestep.bfloat16().float()  # what the network is told; sigma itself is never rounded
        device, batch = given.condition.device, len(latents)
        latents_in, timestep = given.model_input(latents.to(device), timestep.to(device))
        return wan.embed(
            self.model_at(step),
            latents_in.to(self.sampling.torch_dtype),
            timestep,
            prompt_embeds.expand(batch, -1, -1),
            None if given.image_embeds is None else given.image_embeds.expand(batch, -1, -1),
        )

    def combined(self, of_branches: Mapping[str, torch.Tensor], latents: torch.Tensor, step: int) -> torch.Tensor:
        """The velocity, after guidance, that the heads of all branches (B, C, F, h, w) make of latents at a step."""
        velocity = of_branches["cond"].float()
        if self.sampling.guided:
            uncond = of_branches["uncond"].float()
            velocity = uncond + self.sampling.guidance_scale * (velocity - uncond)
        device = velocity.device
        sigma = self.sigmas[step].to(device)
        return self.conditioning.keep_first_frame(velocity, latents.to(device), sigma).to(latents.device)


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
