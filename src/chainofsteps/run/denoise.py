"""The plain run, from noise to latents with no probe; the velocity of a model; the noise that a run starts from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from ..errors import InputError
from ..model import network, schedule
from ..model.family import family_of
from ..model.sampling import Sampling
from ..model.shapes import Latents, Sigmas
from ..model.stream import Stream
from .probe import OnStep, Probe, StepState, Velocity, advance, check_finite, saved_step
from .taps import BRANCHES

if TYPE_CHECKING:
    from ..model.conditioning import Conditioning
    from ..model.load import Experts
    from .taps import Tap


@dataclass(frozen=True)
class PlainState:
    """The latents (B, C, F, h, w) of a plain run before `step`."""

    step: int
    latents: Latents

    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for files.save_tensors."""
        return {"step": torch.tensor(self.step), "latents": self.latents.cpu()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "PlainState":
        """The state that `to_tensors` wrote. Raises InputError if an earlier version wrote it."""
        return cls(saved_step(tensors), tensors["latents"])


@dataclass(frozen=True)
class Plain(Probe[PlainState, Tensor]):
    """A run that nothing disturbs; its result is its final latents (B, C, F, h, w).

    noise: the latents (B, C, F, h, w) before step 0, float32. case: its name in errors. Raises InputError at the first
    step whose latents are not finite.
    """

    noise: Latents
    sigmas: Sigmas
    case: str = "unnamed"

    State: ClassVar[type] = PlainState

    def begin(self) -> PlainState:
        return PlainState(0, self.noise)

    def latents(self, state: PlainState, step: int) -> Latents:
        return state.latents

    def after(self, state: PlainState, seen: StepState, updated: Latents) -> PlainState:
        check_finite(updated, self.case, seen.step)
        return PlainState(seen.step + 1, updated)

    def result(self, state: PlainState) -> Latents:
        return state.latents


def denoise(
    velocity: Velocity,
    latents: Latents,
    sigmas: Sigmas,
    start: int = 0,
    stop: int | None = None,
    on_step: OnStep | None = None,
) -> Latents:
    """Integrate dx = velocity dsigma from the latents at step `start` to those at `stop` (None: the end).

    latents (B, C, F, h, w) float32 at sigmas[start]; sigmas (S + 1,). Raises InputError if start or stop is outside
    0..S, or if latents are not finite.
    """
    plain = Plain(latents, sigmas)
    return plain.result(advance(plain, velocity, PlainState(start, latents), stop, on_step))


class GuidedVelocity:
    """The velocity of a model for a single case, whose conditioning every item of the batch gets.

    With guidance_scale g > 1 the branches run as separate forwards, cond then uncond, as in the stock pipeline, and
    v = v_uncond + g (v_cond - v_uncond), in sampling.guidance_dtype. A batch larger than sampling.batch_size runs in
    chunks. Latents may lie on any device, and the velocity is returned there. counter: counts the forwards. tap: reads
    hidden states. Raises InputError if guidance lacks negative_prompt_embeds.
    """

    def __init__(
        self,
        experts: "Experts",
        conditioning: "Conditioning",
        sigmas: Sigmas,
        sampling: Sampling,
        counter: network.Forwards | None = None,
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
    def latents_dtype(self) -> torch.dtype:
        """What the latents of a step and its update are rounded to."""
        return getattr(torch, self.sampling.latents_dtype)

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches of a step: cond, and with guidance uncond."""
        return BRANCHES["both" if self.sampling.guided else "cond"]

    def model_at(self, step: int) -> torch.nn.Module:
        """The transformer of a step; loads it if another expert was in memory."""
        return self.experts.at(self.timesteps[step])

    @torch.no_grad()
    def __call__(self, latents: Latents, step: int) -> Latents:
        model = self.model_at(step)
        if self.tap is not None:
            self.tap.check(network.depth(model), len(self.timesteps))
        chunks = [self._chunk(model, chunk, step) for chunk in latents.split(self.sampling.batch_size)]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks)

    def _chunk(self, model: torch.nn.Module, latents: Latents, step: int) -> Latents:
        velocities = {}
        for branch in self.branches:
            tap = None if self.tap is None else self.tap.at(step, branch)
            stream = self.stream(latents, step, branch)
            velocities[branch] = network.head(model, network.walk(model, stream, tap=tap, counter=self.counter))
        return self.combined(velocities, latents, step)

    @torch.no_grad()
    def stream(self, latents: Latents, step: int, branch: str) -> Stream:
        """A branch of latents (B, C, F, h, w) at a step, ready for the first block of `model_at(step)`.

        Raises InputError for the branch uncond without negative_prompt_embeds.
        """
        conditioning, timestep, model = self.conditioning, self.timesteps[step], self.model_at(step)
        conditions = conditioning.of_branch(branch, len(latents))
        if self.sampling.timestep_dtype == "bfloat16":
            timestep = timestep.bfloat16().float()  # the network's input alone: sigma is never rounded
        device, patch = conditioning.condition.device, family_of(model).patch
        latents_in, timestep = conditioning.model_input(latents.to(device), timestep.to(device), patch)
        return network.embed(model, latents_in.to(self.sampling.torch_dtype), timestep, **conditions)

    def combined(self, velocities: Mapping[str, Latents], latents: Latents, step: int) -> Latents:
        """The velocity (B, C, F, h, w) of latents at a step after guidance, float32, from that of each branch."""
        dtype = getattr(torch, self.sampling.guidance_dtype)
        velocity = velocities["cond"].to(dtype)
        if self.sampling.guided:
            uncond = velocities["uncond"].to(dtype)
            velocity = uncond + self.sampling.guidance_scale * (velocity - uncond)
        velocity = velocity.float()
        device = velocity.device
        sigma = self.sigmas[step].to(device)
        return self.conditioning.keep_first_frame(velocity, latents.to(device), sigma).to(latents.device)


def generator(*parts: str | int) -> torch.Generator:
    """A new CPU generator seeded by `parts` alone: batch, device and order of work do not change it."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return torch.Generator("cpu").manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def initial_latents(shape: tuple[int, ...], case: str, seed: int, shared: bool = False) -> Latents:
    """N(0, I) latents at sigma 1: float32 on the CPU, of `shape` (1, C, F, h, w).

    shared: every case gets the noise of `seed` itself (torch's manual_seed, as the paper's tools and the stock pipeline
    draw it); else each (case, seed) has noise of its own.
    """
    source = torch.Generator("cpu").manual_seed(seed) if shared else generator(case, seed)
    return torch.randn(shape, generator=source, dtype=torch.float32)
