"""Our side of the measurements: what the rules do for a case, with files and bookkeeping."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from chainofsteps.bench.cases import Case
from chainofsteps.bench.scoring import BATCH_ELEMENTS, references, scores
from chainofsteps.files import save_tensors
from chainofsteps.model import conditioning, schedule
from chainofsteps.model import load as models
from chainofsteps.model.sampling import Sampling
from chainofsteps.model.vae import decode
from chainofsteps.probes.noise import spec
from chainofsteps.probes.noise.rows import finals
from chainofsteps.probes.noise.run import NoiseResult, block_tap, sweep
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import Intervention
from chainofsteps.run.denoise import GuidedVelocity, denoise, initial_latents
from chainofsteps.run.taps import Tap
from chainofsteps.run.trajectory import Trajectory, record
from chainofsteps.store.provenance import made_with


@dataclass(frozen=True)
class Work:
    """What is done to every case: the sections of the configuration that are in force."""

    seed: int
    null_seed: int
    similarity: Similarity
    restore_first_frame: bool


def label(case: Case) -> str:
    """A case's name among those of all tasks: what its noise is drawn for."""
    return f"{case.task}/{case.name}"


class Ours:
    """A checkpoint, loaded once, and what the rules do with it."""

    def __init__(self, folder: Path, sampling: Sampling) -> None:
        self.sampling = sampling
        self.sigmas = schedule.sigmas(sampling.steps, sampling.shift)
        self.experts = models.Experts(folder, sampling)
        self.encoders = models.load_text_encoder(folder, sampling.dtype)
        self.vae = models.load_vae(folder, device=sampling.torch_device)

    def encode(self, case: Case) -> conditioning.Conditioning:
        size = case.frames, case.height, case.width
        return conditioning.encode(case, *self.encoders, self.vae, self.sampling, *size)

    def velocity(self, given: conditioning.Conditioning, tap: Tap | None = None) -> GuidedVelocity:
        return GuidedVelocity(self.experts, given, self.sigmas, self.sampling, tap=tap)

    def latents(self, case: Case, seed: int, given: conditioning.Conditioning) -> torch.Tensor:
        """Initial latents (1, C, F, h, w)."""
        return initial_latents(given.latents_shape, label(case), seed)

    def video(self, case: Case, seed: int) -> np.ndarray:
        """One untouched video uint8 (1, T, H, W, 3), from prompt and first frame to pixels."""
        given = self.encode(case)
        final = denoise(self.velocity(given), self.latents(case, seed, given), self.sigmas)
        return decode(self.vae, final)

    def baseline(
        self, case: Case, seed: int, given: conditioning.Conditioning, path: Path, tap: Tap | None = None
    ) -> Trajectory:
        """One untouched run, kept on disk."""
        run = record(self.velocity(given, tap), self.latents(case, seed, given), self.sigmas, label(case))
        save_tensors(path, run.to_tensors(), {"case": label(case), "seed": seed, **made_with(self.sampling)})
        return run

    def sweep(
        self, case: Case, interventions: Sequence[Intervention], work: Work, folder: Path
    ) -> tuple[NoiseResult, list[float]]:
        """Encode, both untouched runs, every intervention with its CKA, every video decoded and scored: the
        scores of the runs, then those of the floors and the ground truth."""
        folder = folder / label(case)
        given = self.encode(case)
        clean, null = (
            self.baseline(case, seed, given, folder / f"seed{seed}.safetensors") for seed in (work.seed, work.null_seed)
        )
        tap = block_tap(work.similarity, self.sampling.steps)
        result = sweep(
            self.velocity(given, tap),
            clean,
            interventions,
            label(case),
            work.seed,
            work.similarity,
            null,
            tap,
        )
        save_tensors(folder / "perturbed.safetensors", result.latents, {"case": label(case)})
        whole = [clean.at(clean.steps), null.at(null.steps)]
        whole += finals(result.latents, interventions, given, work.restore_first_frame)
        of_references = references(case, self.vae, given.latents_shape)
        return result, [*scores(case, self.vae, torch.cat(whole)), *of_references.values()]

    @torch.no_grad()
    def bare(self, given: conditioning.Conditioning, batches: Sequence[Sequence[int]], decodes: int) -> None:
        """The model's forwards alone, `batches` samples at each step, and the VAE's decodes: nothing else.

        batches: for each step, the sizes of its forwards. decodes: of runs; the ground truth is encoded and
        decoded and noise is decoded besides.
        """
        device, dtype = self.sampling.torch_device, self.sampling.torch_dtype
        timesteps = schedule.timesteps(self.sigmas).to(device)
        latents = torch.randn(given.latents_shape).to(device)
        condition = given.condition.to(device)
        branches = [given.prompt_embeds, given.negative_prompt_embeds][: 1 + self.sampling.guided]
        for step, sizes in enumerate(batches):
            model = self.experts.at(timesteps[step])
            latents_in = torch.cat([latents, condition], dim=1).to(dtype)
            for size in sizes:
                for prompt_embeds in branches:
                    model(
                        latents_in.repeat(size, 1, 1, 1, 1),
                        timesteps[step].expand(size),
                        prompt_embeds.to(device, dtype).expand(size, -1, -1),
                    )
        at_once = max(1, BATCH_ELEMENTS // latents.numel())
        one = latents.to(self.vae.dtype)
        for part in [*one.repeat(decodes, 1, 1, 1, 1).split(at_once), one]:
            video = self.vae.decode(part).sample.cpu()  # to the host: waits for the device
        self.vae.decode(self.vae.encode(video.to(device)).latent_dist.mode()).sample.cpu()


class Workers:
    """The cores as the workflow uses them: one process of one thread on each, with a case of its own."""

    def __init__(self, number: int, folder: Path, sampling: Sampling) -> None:
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(number, context, _start, (folder, sampling))

    def sweep(self, cases: Sequence[Case], *given) -> None:
        """Ours.sweep of each case."""
        list(self.pool.map(_sweep, cases, *([item] * len(cases) for item in given)))

    def bare(self, conditionings: Sequence[conditioning.Conditioning], *given) -> None:
        """Ours.bare of each conditioning."""
        tensors = [{name: value.numpy() for name, value in of.to_tensors().items()} for of in conditionings]
        list(self.pool.map(_bare, tensors, *([item] * len(tensors) for item in given)))


def _start(folder: Path, sampling: Sampling) -> None:
    global worker
    torch.set_num_threads(1)
    worker = Ours(folder, sampling)


def _sweep(*given) -> None:
    worker.sweep(*given)


def _bare(tensors: dict[str, np.ndarray], *given) -> None:
    of_case = {name: torch.from_numpy(value) for name, value in tensors.items()}
    worker.bare(conditioning.Conditioning.from_tensors(of_case), *given)


def batches(interventions: Sequence[Intervention], sampling: Sampling, similarity: Similarity) -> list[list[int]]:
    """For each step the sizes of the forwards that a sweep and its two untouched runs make."""
    sizes = []
    for step in range(sampling.steps):
        active = sum(run.start <= step for run in interventions)
        if similarity.layer is not None:
            active += spec.references(interventions, step, null=True)
        whole, rest = divmod(active, sampling.batch_size)
        sizes.append([1, 1] + [sampling.batch_size] * whole + [rest] * (rest > 0))
    return sizes
