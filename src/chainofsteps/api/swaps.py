"""Layers of one run put in place of another's: a source and a target in, a table out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..bench.cases import Case
from ..bench.puzzles.candidates import right_answers
from ..errors import InputError
from ..names import PUZZLES
from ..probes.indices import indices
from ..probes.swap.rows import Pair
from ..probes.swap.run import SwapState, SwapSweep
from ..probes.swap.spec import READOUTS, Swap, expand, words
from ..run.probe import advance
from .indices import Indices, listed
from .model import Run, bar
from .table import Table

READ = ["outcome", "mass_source", "mass_target", "exact_source", "exact_target"]
COLUMNS = ["name", "run", "layer", "mode", "steps", "readout", *READ]


def swap(
    target: Run,
    source: Case | Run,
    *,
    layers: Indices = "all",
    steps: Indices = 0,
    modes: str | Sequence[str] = "residual",
    frames: Indices = "all",
    rows: Indices = "all",
    readouts: str | Sequence[str] = READOUTS,
    progress: bool = False,
) -> Table:
    """Put one layer of the source's forward in place of the target's, at each of some layers in turn (Figure 6).

    source: a case with the target's first frame and another prompt. It runs along from the target's noise; pass a Run
    from that noise, `model.run(case, latents=target.at(0))`, to save its forwards and have its own rows.
    layers: at each of which there is a swap of its own. steps: one set, at all of which a swap acts. Both are an index,
    a list, or "all". modes: "residual" (the block's own update), "tokens" (some tokens of its output: latent `frames`
    and token `rows`) and "full" (all of them: degenerate, see probes/swap/layers.py).
    readouts: "x0_pred" at the last swapped step, "final" for the video at the end; without it no run goes on.

    The table has one row for each swap and readout, and rows of the clean `target` (and of a source's Run). outcome:
    source, target or other, whose answer the last frame shows; masses and exact as in tables/swap.csv. They are empty
    where either case is no puzzle or has several right answers, or both have the same one. `table.tensors[name]` are
    the latents (1, C, F, h, w) that were read. Raises InputError for an index that does not exist, and for cases that
    differ in more than their prompts.

    Source: probes/swap/run.py, the workflow's own swaps.

    >>> import chainofsteps as cos
    >>> model = cos.load("models/embedded")
    >>> target, source = (cos.puzzle("object_sets", seed=seed) for seed in (900000, 900001))
    >>> table = cos.swap(model.run(target), source, layers=[0, 7], readouts="x0_pred")
    >>> table[["run", "layer", "readout"]].values.tolist()
    [['swap', 0, 'x0_pred'], ['swap', 7, 'x0_pred'], ['target', <NA>, 'x0_pred']]
    """
    model, case = target.model, source if isinstance(source, Case) else source.case
    readouts, part = listed(readouts), {"frames": listed(frames), "rows": listed(rows)}
    for readout in readouts:
        if readout not in READOUTS:
            raise InputError(f"swap: readout must be one of {', '.join(READOUTS)}; not {readout!r}")
    at = indices("swap.steps", listed(steps), target.steps)
    swaps = expand({"layers": listed(layers), "modes": listed(modes), "steps": [at]}, target.steps, model.layers)
    givens = model.encode(target.case, case)
    if not torch.equal(givens[0].condition, givens[1].condition):
        raise InputError(f"swap: {target.label} and {case.task}/{case.name} differ in more than their prompts")
    stored = source if isinstance(source, Run) else None
    probe = SwapSweep(target, stored, model.velocity(case), swaps, part, target.label, "final" in readouts)
    with bar(f"swap {target.label}", target.steps, progress) as seen:
        state = advance(probe, model.velocity(target.case), probe.begin(), on_step=seen)
    sides = {"target": target} | ({"source": stored} if stored is not None else {})
    read = [*_swapped(state, swaps, readouts), *_clean(sides, at, readouts)]
    shown = _readings(Pair(target.case, case), target, [latents for _, latents in read])
    tensors = {about["name"]: latents for about, latents in read}
    return Table.of([{**about, **seen} for (about, _), seen in zip(read, shown, strict=True)], COLUMNS, tensors)


def _swapped(state: SwapState, swaps: Sequence[Swap], readouts: Sequence[str]) -> Iterator[tuple[dict, Tensor]]:
    """The columns and the latents of each swap and readout."""
    latents = {"x0_pred": state.x0_pred, "final": state.latents}
    for one in swaps:
        for readout in readouts:
            about = {"name": f"{one.name()}/{readout}", **one.row(), "readout": readout}
            yield about, latents[readout][one.name()]


def _clean(
    sides: Mapping[str, Run], steps: Sequence[int], readouts: Sequence[str]
) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """The same of the clean runs."""
    for side, run in sides.items():
        for readout in readouts:
            about = {"name": f"{side}/{readout}", "run": side, "steps": words(steps), "readout": readout}
            yield about, run.final if readout == "final" else run.x0_pred(steps[-1])


def _readings(pair: Pair, run: Run, latents: Sequence[Tensor]) -> Iterator[dict[str, Any]]:
    """Whose answer each of the latents shows, or nothing where that cannot be read."""
    readable = all(_has_one_answer(case) for case in (pair.target, pair.source)) and pair.differs
    answers = pair.answers if readable else {}
    for one in latents:
        yield pair.read(run.model.decode(one), answers) if readable else {}


def _has_one_answer(case: Case) -> bool:
    return case.task in PUZZLES and len(right_answers(case.task, case.layout)) == 1
