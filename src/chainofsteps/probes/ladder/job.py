"""The work on the ladder: every case in every number of steps, read in latents; nothing is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from ...bench.cases import Case, listed_cases
from ...bench.puzzles import puzzle
from ...errors import InputError
from ...files import fingerprint, read_json
from ...model import schedule
from ...model.load import Experts
from ...model.network import Forwards
from ...model.sampling import Sampling, placement
from ...run.denoise import initial_latents
from ...run.probe import StepState, advance
from ...store.job import Job
from ...store.reader import ShardReader, read_shard
from ..candidates.observer import Candidates, mixture_weights, observer_weights
from ..candidates.rows import flat, stored
from ..network import Network
from .nouns import KINDS, item_name
from .run import PlainAndRenoised
from .table import COLUMNS, FINAL, solved

SHARED_PARTS = ("vae", "text_encoder", "tokenizer", "image_encoder", "image_processor")


@dataclass(frozen=True)
class Rung:
    """A case, with what it starts from. network: of the model, with the case's conditioning."""

    case: Case
    network: Network
    answers: ShardReader


@dataclass(frozen=True)
class Ladder:
    """rungs: by the name of the item. settings: of the noun."""

    rungs: Mapping[str, Rung]
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, job: Job) -> Ladder:
        """From a job with lists of inputs: cases, conditioning and answers of each shard, of the configured model."""
        check_shared(job.model, read_json(job.input.base))
        sampling = Sampling.from_config({**job.params.sampling, **placement(job.config, job.wildcards.model)})
        experts, rungs = Experts.of(job.model, sampling), {}
        for cases, encoded, answers in zip(job.input.cases, job.input.conditioning, job.input.answers, strict=True):
            made, network = read_json(cases), Network(experts, sampling, read_shard(encoded))
            for case in listed_cases(made):
                rungs[item_name(case.task, case.name)] = Rung(case, network, read_shard(answers))
        return cls(rungs, job.params.settings)

    @property
    def identities(self) -> dict[str, str]:
        """Of each item the identity of its case."""
        return {name: rung.network.encoded.identities[rung.case.name] for name, rung in self.rungs.items()}

    @property
    def shards(self) -> str:
        """A hash of what the conditioning and the answers are made from."""
        readers = [reader for rung in self.rungs.values() for reader in (rung.network.encoded, rung.answers)]
        return fingerprint(sorted({reader.manifest["settings_hash"] for reader in readers}))

    def measure(self, name: str) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]], float]:
        """Right weights of the final latents (numbers of steps, kinds), rows of COLUMNS less model and layers, and how
        many forwards that took."""
        rung, numbers = self.rungs[name], self.settings["numbers"]
        candidates, own = stored(rung.answers, rung.case.name), rung.network.sampling.steps
        rows, counter = [], Forwards()
        for steps in numbers:
            rows += self._runs(rung, candidates, steps, counter, every_step=steps == own)
        finals = [row["right"] for row in rows if row["step"] == FINAL]
        kept = {"right": torch.tensor(finals, dtype=torch.float64).view(len(numbers), len(KINDS))}
        return kept, rows, counter.total

    def _runs(
        self, rung: Rung, candidates: Candidates, steps: int, counter: Forwards, every_step: bool
    ) -> list[dict[str, Any]]:
        """Rows of both kinds of run in a number of steps: of x0_pred at every step if asked, of the final latents."""
        network, seed, rows = rung.network, self.settings["seed"], []
        label, given = f"{rung.case.task}/{rung.case.name}", network.conditioning(rung.case.name)
        noise = initial_latents(given.latents_shape, label, seed, self.settings["share_noise_over_cases"])
        sigmas = schedule.sigmas(steps, network.sampling.shift)
        probe = PlainAndRenoised(noise, sigmas, given, label, seed)
        about = {"task": rung.case.task, "case": rung.case.name, "seed": seed, "steps": steps}
        about["difficulty"] = puzzle(rung.case.task).difficulty(rung.case.layout)

        def read(kind: str, step: int, sigma: float, x0_pred: torch.Tensor, latents: torch.Tensor) -> dict[str, Any]:
            weights, residual = mixture_weights(candidates, flat(x0_pred))
            right = float(weights[candidates.right].sum())
            row = {**about, "kind": kind, "step": step, "sigma": sigma, "right": right, "residual": residual}
            if step == FINAL:
                return {**row, "observer": None, "solved": solved(right, residual, self.settings["residual"])}
            observer = observer_weights(candidates, flat(latents), sigma, "all")
            return {**row, "observer": float(observer[candidates.right].sum()), "solved": None}

        def on_step(seen: StepState) -> None:
            if every_step:
                of_kinds = zip(KINDS, seen.x0_pred.cpu(), seen.latents.cpu(), strict=True)
                rows.extend(read(kind, seen.step, float(seen.sigma), *pair) for kind, *pair in of_kinds)

        state = advance(probe, network.velocity(given, sigmas=sigmas, counter=counter), probe.begin(), on_step=on_step)
        finals = zip(KINDS, state.latents, strict=True)
        return rows + [read(kind, FINAL, 0.0, latents, latents) for kind, latents in finals]


def check_shared(model: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """InputError unless two checkpoints have the same VAE and encoders: one's answers are read for the other."""
    for part in SHARED_PARTS:
        hashes = [
            {path: entry["sha256"] for path, entry in one["files"].items() if path.startswith(f"{part}/")}
            for one in (model, base)
        ]
        if hashes[0] != hashes[1]:
            raise InputError(
                f"ladder.models: {model['folder']} has another {part} than the configured model ({base['folder']}); "
                "name models that share it, or configure one of their family"
            )


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], model: str, layers: int) -> pd.DataFrame:
    """The rows of all items as one table."""
    of_all = [{"model": model, "layers": layers, **row} for of_item in rows.values() for row in of_item]
    return pd.DataFrame(of_all, columns=COLUMNS).round(5)
