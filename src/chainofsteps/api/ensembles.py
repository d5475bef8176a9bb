"""Hidden states of several seeds merged into one run: runs in, a table out."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ..bench.scoring import references
from ..errors import InputError
from ..names import PUZZLES
from ..probes.ensemble.run import Ensembles, finals_of
from ..probes.ensemble.spec import Ensemble
from ..probes.ensemble.table import CEILING, DESCRIBED, FLOORS, SINGLE, rows_of
from ..run.probe import advance
from .model import Run, bar
from .readings import scores_of
from .table import Table

COLUMNS = ["name", *DESCRIBED, "seed", "forwards", "score", "exact"]


def ensemble(
    runs: Sequence[Run], ensembles: Sequence[Ensemble], *, scored: bool = True, progress: bool = False
) -> Table:
    """Merge the hidden states of several seeds inside the network, then go on as one run (Figure 7, Table A1).

    runs: of one model and one case, from two seeds or more; the first one is carried. ensembles: Ensemble(first, last)
    is the window of layers, with mode "mean" or "blend", weight, carry and steps, which must be the same for all.
    scored: decode and score the videos.

    The table has one row for each run (variant `single`), each ensemble, the baselines that average outside the
    network (`mean_of_latents`, `mean_of_latents_rescaled`, `mean_of_finals`), the floors and the ceiling. forwards: of
    the row alone. score: in [0, 1], NaN for a task that is no puzzle. `table.tensors[name]` are the final latents
    (1, C, F, h, w); floors and ceiling have none. Raises InputError for fewer than two runs, for runs of several cases,
    and for a layer or step that does not exist.

    Source: probes/ensemble/run.py, the workflow's own ensembles.

    >>> import chainofsteps as cos
    >>> model, case = cos.load("models/embedded"), cos.puzzle("loop_maze")
    >>> table = cos.ensemble([model.run(case, seed) for seed in (1, 2, 3)], [cos.Ensemble(4, 5)])
    >>> table.variant[table.variant != "single"].tolist()[:2]
    ['ensemble', 'mean_of_latents']
    """
    runs, ensembles = list(runs), list(ensembles)
    _check(runs, ensembles)
    first, seeds = runs[0], [run.seed for run in runs]
    model = first.model
    (conditioning,) = model.encode(first.case)
    probe = Ensembles(ensembles, runs, conditioning, first.label)
    with bar(f"ensemble {first.label}", first.steps, progress) as seen:
        state = advance(probe, model.velocity(first.case), probe.begin(), on_step=seen)
    finals = finals_of({run.seed: run.final for run in runs}, probe.result(state))
    rows = rows_of(_values(first, finals, scored), ensembles, seeds, model.sampling, model.layers)
    return Table.of(_named(rows, seeds, ensembles), COLUMNS, finals)


def _check(runs: Sequence[Run], ensembles: Sequence[Ensemble]) -> None:
    """InputError for runs that cannot be merged."""
    if len({(run.label, run.model) for run in runs}) > 1:
        raise InputError("ensemble: the runs are of several cases or models; give runs that differ in their seed alone")
    if not runs or not ensembles:
        raise InputError(f"ensemble: {len(runs)} runs and {len(ensembles)} ensembles; give at least two runs and one")
    seeds = [run.seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise InputError(f"ensemble: seeds {seeds}; give each seed once")


def _named(
    rows: Sequence[dict[str, Any]], seeds: Sequence[int], ensembles: Sequence[Ensemble]
) -> Iterator[dict[str, Any]]:
    """Rows with the name of their tensors: that of the seed or of the ensemble, else the variant."""
    names = iter([*(f"seed{seed}" for seed in seeds), *(ensemble.name() for ensemble in ensembles)])
    for row in rows:
        yield {"name": next(names) if row["variant"] in (SINGLE, "ensemble") else row["variant"], **row}


def _values(run: Run, finals: dict[str, Tensor], scored: bool) -> dict[str, float]:
    """Scores by name of all final latents, of the floors and of the ceiling."""
    scores = scores_of(run, torch.cat(list(finals.values())), scored)
    values = {name: score["score"] for name, score in zip(finals, scores, strict=True)}
    if scored and run.case.task in PUZZLES:
        return values | references(run.case, run.model.vae, tuple(run.at(0).shape))
    return values | dict.fromkeys((*FLOORS, CEILING), float("nan"))
