"""Noise put into a run: interventions in, a table out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..probes.noise.rows import finals
from ..probes.noise.run import Sweep, block_tap
from ..probes.noise.similarity import Similarity
from ..probes.noise.spec import Intervention
from ..run.probe import advance
from .model import Run, bar
from .readings import scores_of
from .table import Table

DESCRIBED = ["name", "run", "scheme", "step", "frame", "operator", "amplitude", "timing", "noise_seed", "noise"]
COLUMNS = [*DESCRIBED, "later_step", "features", "dissimilarity", "score", "exact"]


def sweep(
    run: Run,
    interventions: Sequence[Intervention],
    *,
    similarity: Similarity | str = "latents",
    null: Run | None = None,
    scored: bool = True,
    restore_first_frame: bool = True,
    progress: bool = False,
) -> Table:
    """Perturb a run with noise, once for each intervention, and compare each perturbed run with it (Figure 3).

    interventions: NoiseAtStep(step, operator), NoiseAtFrame(frame); the operator is "replace", "renoise" or "add".
    similarity: "latents", "x0_pred" or "block:<layer>", or a `Similarity` with another kernel. null: a run of the same
    case from another seed, for rows `reseed`: the dissimilarity of two runs that share the case alone. scored: decode
    and score the final videos. restore_first_frame: before that, put back the encoded first frame wherever its latent
    frame was noised. Raises InputError for a step, latent frame or layer that does not exist.

    A row is an intervention and a later step at which the perturbed run may differ. dissimilarity: 1 - CKA of the
    features at `later_step`, 0 for no effect. score (in [0, 1], NaN for a task that is no puzzle) and exact: of the
    final video, so the same in all rows of an intervention. `table.tensors[name]`: its latents (C, F, h, w).
    Source: probes/noise/run.py, the workflow's own sweep, bit for bit.

    >>> import chainofsteps as cos
    >>> run = cos.load("models/embedded").run(cos.puzzle("loop_maze"))
    >>> table = cos.sweep(run, [cos.NoiseAtStep(17, "renoise"), cos.NoiseAtFrame(2)])
    >>> table.groupby("run").later_step.count().to_dict()
    {'noise_at_frame': 20, 'noise_at_step': 3}
    >>> table.tensors[table.name[0]].shape
    torch.Size([16, 5, 8, 8])
    """
    similarity, interventions = _similarity(similarity), list(interventions)
    latents, dissimilarity = _perturbed(run, interventions, similarity, null, progress)
    scores = scores_of(run, _finals(run, latents, interventions, null, restore_first_frame), scored)
    described, by_features = (
        _described(interventions, null),
        zip(similarity.features, dissimilarity.tolist(), strict=True),
    )
    rows = ({**row, "features": name} for name, values in by_features for row in _rows(described, scores, values))
    return Table.of(rows, COLUMNS, latents)


def _similarity(asked: Similarity | str) -> Similarity:
    return Similarity(asked) if isinstance(asked, str) else asked


def _perturbed(
    run: Run, interventions: list[Intervention], similarity: Similarity, null: Run | None, progress: bool
) -> tuple[dict[str, Tensor], Tensor]:
    """Final latents by name, and the dissimilarity (features, interventions [+ 1: the null], S), NaN where nothing
    differs."""
    if not interventions:
        raise InputError("sweep: no intervention is named; give at least one, such as NoiseAtStep(3)")
    tap = block_tap(similarity, run.steps)
    probe = Sweep(run, interventions, run.label, run.seed, similarity, null, tap)
    with bar(f"sweep {run.label}", run.steps, progress) as seen:
        state = advance(probe, run.model.velocity(run.case, tap), probe.begin(), on_step=seen)
    return probe.result(state).latents, state.dissimilarity


def _finals(
    run: Run, latents: Mapping[str, Tensor], interventions: Sequence[Intervention], null: Run | None, restore: bool
) -> Tensor:
    """Final latents (interventions [+ 1: the null], C, F, h, w), ready to be decoded."""
    (conditioning,) = run.model.encode(run.case)
    ready = finals(latents, interventions, conditioning, restore)
    return torch.cat([*ready, null.final] if null is not None else ready)


def _described(interventions: Sequence[Intervention], null: Run | None) -> list[dict[str, Any]]:
    """The columns that name each perturbed run, and the null."""
    perturbed = [{"name": intervention.name(), **intervention.row()} for intervention in interventions]
    return perturbed if null is None else [*perturbed, {"name": "reseed", "run": "reseed"}]


def _rows(
    described: Sequence[Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    dissimilarity: Sequence[Sequence[float]],
) -> Iterator[dict[str, Any]]:
    """A row for each run and later step at which it was compared."""
    for about, score, values in zip(described, scores, dissimilarity, strict=True):
        for step, value in enumerate(values):
            if value == value:  # NaN: not compared
                yield {**about, "later_step": step, "dissimilarity": value, **score}
