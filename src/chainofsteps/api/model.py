"""A model that is ready to run, and the runs it makes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor
from tqdm import tqdm

from ..bench.cases import Case
from ..bench.scoring import batch_of
from ..errors import InputError
from ..model import schedule, vae
from ..model.checkpoint import check_size, keeps_first_frame, layers_of
from ..model.conditioning import Conditioning, encode_first_frame, encode_images, encode_texts
from ..model.load import Experts, load_vae
from ..model.sampling import Sampling
from ..run.denoise import GuidedVelocity, initial_latents
from ..run.probe import OnStep, StepState
from ..run.taps import Tap
from ..run.trajectory import Trajectory, record

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan


@dataclass(frozen=True, eq=False)
class Model:
    """An image-to-video model with its sampling settings; `load` makes it.

    folder: of the checkpoint. sampling: steps, shift, guidance_scale, boundary, dtype, device, batch_size and more
    (model/sampling.py). settings_from: the place that the settings come from which were not passed to `load`.
    Weights are read at their first use: one expert at a time, the VAE, the text encoder (which leaves memory again).
    """

    folder: Path
    sampling: Sampling
    settings_from: str
    experts: Experts = field(repr=False)
    _encoded: dict[tuple, Conditioning] = field(default_factory=dict, repr=False)

    @cached_property
    def vae(self) -> "AutoencoderKLWan":
        """The VAE, in float32 on the sampling's device."""
        return load_vae(self.folder, **self.sampling.vae)

    @cached_property
    def sigmas(self) -> Tensor:
        """float32 (S + 1,): the noise level of every step, from 1 down, and 0 at the end."""
        return schedule.sigmas(self.sampling.steps, self.sampling.shift)

    @cached_property
    def layers(self) -> int:
        """Number of layers of the transformer."""
        return layers_of(self.folder)

    def encode(self, *cases: Case) -> list[Conditioning]:
        """The conditioning of cases: prompt and first frame, encoded, on the CPU.

        Each case is encoded once and kept. Pass many at once to load the text encoder (11 GB for a 14B model) once.
        Raises InputError if a first frame does not divide into the model's tokens.

        Source: model/conditioning.py, with the stock pipeline's own methods.

        >>> import chainofsteps as cos
        >>> model = cos.load("models/embedded")
        >>> model.encode(cos.puzzle("loop_maze"))[0].latents_shape
        (1, 16, 5, 8, 8)
        """
        missing = {key: case for case in cases if (key := _key(case)) not in self._encoded}
        if missing:
            self._encoded.update(zip(missing, self._encode(list(missing.values())), strict=True))
        return [self._encoded[_key(case)] for case in cases]

    def _encode(self, cases: list[Case]) -> Iterator[Conditioning]:
        sampling, device = self.sampling, self.sampling.torch_device
        negative = {"negative_prompt": sampling.negative_prompt} if sampling.guided else {}
        for case in cases:
            named = f"case {_label(case)} is {case.width}x{case.height}"
            check_size(self.folder, case.frames, case.height, case.width, named)
        numbered = [replace(case, name=f"{_label(case)} ({i})") for i, case in enumerate(cases)]
        prompts = {f"the prompt of case {case.name}": case.prompt for case in numbered}
        texts = encode_texts(self.folder, {**prompts, **negative}, sampling)
        images = encode_images(self.folder, numbered, device)
        for case, image in zip(cases, images.values(), strict=True):
            size = (case.frames, case.height, case.width)
            first_frame = encode_first_frame(case, self.vae, *size, keeps_first_frame(self.folder))
            yield Conditioning.of(first_frame, texts[case.prompt], texts.get(negative.get("negative_prompt")), image)

    def velocity(self, case: Case, tap: Tap | None = None) -> GuidedVelocity:
        """The network as a function: `model.velocity(case)(latents, step)` -> velocity, both (B, C, F, h, w).

        After guidance, in float32. tap: reads hidden states on the way (run/taps.py).

        >>> import chainofsteps as cos
        >>> model, case = cos.load("models/embedded"), cos.puzzle("loop_maze")
        >>> run = model.run(case)
        >>> model.velocity(case)(run.at(3), 3).shape
        torch.Size([1, 16, 5, 8, 8])
        """
        (conditioning,) = self.encode(case)
        return GuidedVelocity(self.experts, conditioning, self.sigmas, self.sampling, tap=tap)

    def run(
        self,
        case: Case,
        seed: int = 1,
        *,
        latents: Tensor | None = None,
        shared_noise: bool = False,
        on_step: OnStep | None = None,
        progress: bool = False,
    ) -> "Run":
        """Denoise a case from noise to video, and keep the latents of all steps.

        seed: of the noise. Each case has noise of its own from a seed; shared_noise gives all cases the same, as the
        paper's tools and the stock pipeline draw it (torch.manual_seed). latents: noise of your own, float32
        (1, C, F, h, w), such as `other.at(0)`. on_step: called after each step with a StepState (step, sigma, latents,
        velocity, x0_pred; tensors (1, C, F, h, w)). progress: a bar on stderr or in the notebook.
        Raises InputError if the latents have another shape, or are not finite after a step.

        Source: run/probe.py and run/trajectory.py; with shared_noise the bits of the stock diffusers pipeline.

        >>> import chainofsteps as cos
        >>> model = cos.load("models/embedded")
        >>> sigmas = []
        >>> run = model.run(cos.puzzle("loop_maze"), seed=1, on_step=lambda seen: sigmas.append(float(seen.sigma)))
        >>> run.latents.shape, run.x0_pred(5).shape, len(sigmas), sigmas[0]
        (torch.Size([21, 16, 5, 8, 8]), torch.Size([1, 16, 5, 8, 8]), 20, 1.0)
        """
        (conditioning,) = self.encode(case)
        label, shape = _label(case), conditioning.latents_shape
        if latents is None:
            latents = initial_latents(shape, label, seed, shared_noise)
        elif tuple(latents.shape) != tuple(shape):
            raise InputError(f"run: latents are {tuple(latents.shape)}; {label} needs (1, C, F, h, w) = {shape}")
        with bar(f"run {label}", self.sampling.steps, progress, on_step) as seen:
            noise = conditioning.begin(latents.float())
            trajectory = record(self.velocity(case), noise, self.sigmas, label, seen)
        return Run(trajectory.latents, trajectory.sigmas, self, case, seed)

    def decode(self, latents: Tensor) -> np.ndarray:
        """The video of latents: uint8 (T, H, W, 3), T = 4 (F - 1) + 1, with H and W 8 times h and w.

        latents: (C, F, h, w) or (1, C, F, h, w), such as `run.final` or `run.x0_pred(5)`. Of a batch of B > 1 the
        result is (B, T, H, W, 3). Raises InputError for another shape.

        Source: model/vae.py; the bits of the stock diffusers pipeline.

        >>> import chainofsteps as cos
        >>> model, case = cos.load("models/embedded"), cos.puzzle("loop_maze")
        >>> model.decode(model.run(case).x0_pred(5)).shape
        (17, 64, 64, 3)
        """
        channels = self.vae.config.z_dim
        if latents.ndim not in (4, 5) or latents.shape[-4] != channels:
            raise InputError(
                f"decode: latents are {tuple(latents.shape)}; give ({channels}, F, h, w), or a batch of them"
            )
        whole = latents[None] if latents.ndim == 4 else latents
        videos = vae.decode(self.vae, whole, batch_of(whole))
        return videos[0] if len(videos) == 1 else videos


@dataclass(frozen=True, eq=False, repr=False)
class Run(Trajectory):
    """A sampled trajectory: the latents of all steps, with the model, the case and the seed it is of.

    latents float32 (S + 1, C, F, h, w), the last ones final, on the CPU; sigmas float32 (S + 1,). `run.at(step)` are
    the latents before a step and `run.x0_pred(step)` its clean estimate, both (1, C, F, h, w).
    """

    model: Model
    case: Case
    seed: int

    @property
    def label(self) -> str:
        """<task>/<case>: the name on which noise depends, beside the seed."""
        return _label(self.case)

    @property
    def final(self) -> Tensor:
        """The latents (1, C, F, h, w) after the last step."""
        return self.at(self.steps)

    def video(self, step: int | None = None) -> np.ndarray:
        """The decoded x0_pred of a step, by default the final video: uint8 (T, H, W, 3). InputError outside 0..S-1.

        >>> import chainofsteps as cos
        >>> case = cos.puzzle("loop_maze")
        >>> cos.score(case, cos.load("models/embedded").run(case).video())
        1.0
        """
        return self.model.decode(self.final if step is None else self.x0_pred(step))

    def __repr__(self) -> str:
        return f"Run({self.label}, seed {self.seed}: {self.steps} steps, latents {tuple(self.latents.shape)})"


@contextmanager
def bar(title: str, total: int, shown: bool, on_step: OnStep | None = None) -> Iterator[OnStep]:
    """A progress bar, if it is `shown`: the callback that moves it on by a step, after calling `on_step`."""
    with tqdm(total=total, desc=title, unit="step", disable=not shown, leave=False) as of_steps:

        def seen(state: StepState) -> None:
            if on_step is not None:
                on_step(state)
            of_steps.update()

        yield seen


def _label(case: Case) -> str:
    return f"{case.task}/{case.name}"


def _key(case: Case) -> tuple:
    """All that the conditioning of a case depends on, and its name."""
    pixels = hashlib.sha256(np.ascontiguousarray(case.first_frame)).hexdigest()
    return _label(case), case.prompt, case.frames, case.first_frame.shape, pixels
