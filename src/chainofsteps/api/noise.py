"""Noise put into a run: interventions in, a table out."""

from collections.abc import Sequence

import torch

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

    interventions: NoiseAtStep(step, operator) and NoiseAtFrame(frame), with operator "replace", "renoise" or "add".
    All of them share one walk: a perturbed run starts from the stored latents at its first noised step.
    similarity: "latents", "x0_pred" or "block:<layer>", or a `Similarity` with another kernel. null: a run of the same
    case from another seed, for rows `reseed`: the dissimilarity of two runs that share the case alone.
    scored: decode and score the final videos (5 s each for a 14B model). restore_first_frame: before that, put back
    the encoded first frame wherever its latent frame was noised, as the workflow does by default.

    The table has one row for each intervention and later step at which the perturbed run may differ: dissimilarity is
    1 - CKA of the features at `later_step`, 0 for no effect. score (in [0, 1], NaN for a task that is no puzzle) and
    exact are of the final video, and so the same in all rows of an intervention. `table.tensors[name]` are the final
    latents (C, F, h, w) of a perturbed run. Raises InputError for a step, latent frame or layer that does not exist.

    Source: probes/noise/run.py, the workflow's own sweep, bit for bit.

    >>> import chainofsteps as cos
    >>> run = cos.load("models/embedded").run(cos.puzzle("loop_maze"))
    >>> table = cos.sweep(run, [cos.NoiseAtStep(17, "renoise"), cos.NoiseAtFrame(2)])
    >>> table.groupby("run").later_step.count().to_dict()
    {'noise_at_frame': 20, 'noise_at_step': 3}
    >>> table.tensors[table.name[0]].shape
    torch.Size([16, 5, 8, 8])
    """
    interventions = list(interventions)
    if not interventions:
        raise InputError("sweep: no intervention is named; give at least one, such as NoiseAtStep(3)")
    similarity = Similarity(similarity) if isinstance(similarity, str) else similarity
    tap = block_tap(similarity, run.steps)
    probe = Sweep(run, interventions, run.label, run.seed, similarity, null, tap)
    with bar(f"sweep {run.label}", run.steps, progress) as seen:
        state = advance(probe, run.model.velocity(run.case, tap), probe.begin(), on_step=seen)
    latents = probe.result(state).latents
    (conditioning,) = run.model.encode(run.case)
    ready = finals(latents, interventions, conditioning, restore_first_frame)
    described = [{"name": one.name(), **one.row()} for one in interventions]
    if null is not None:
        ready, described = [*ready, null.final], [*described, {"name": "reseed", "run": "reseed"}]
    scores = scores_of(run, torch.cat(ready), scored)
    rows = [
        {**about, "later_step": step, "features": similarity.features, "dissimilarity": value, **score}
        for about, score, values in zip(described, scores, state.dissimilarity.tolist(), strict=True)
        for step, value in enumerate(values)
        if value == value  # NaN: not measured
    ]
    return Table.of(rows, COLUMNS, latents)
