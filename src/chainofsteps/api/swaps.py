"""Layers of one run put in place of another's: a source and a target in, a table out."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
from ..probes.swap.spec import MODES, READOUTS, Swap, expand, words
from ..run.probe import advance
from .indices import Indices, listed
from .model import Run, bar
from .table import Table

READ = ["outcome", "mass_source", "mass_target", "exact_source", "exact_target"]
COLUMNS = ["name", "run", "layer", "width", "mode", "steps", "readout", *READ]


def swap(
    target: Run,
    source: Case | Run,
    *,
    layers: Indices = "all",
    steps: Indices = 0,
    modes: str | Sequence[str] = "residual",
    width: int = 1,
    frames: Indices = "all",
    rows: Indices = "all",
    readouts: str | Sequence[str] = READOUTS,
    progress: bool = False,
) -> Table:
    """Put a layer of the source's forward in place of the target's, at each of some layers in turn (Figure 6).

    source: a case with the target's first frame and another prompt; or a Run of it, with rows of its own, from the
    target's noise: `model.run(case, latents=target.at(0))`. layers: an index, a list or "all"; a swap at each, of
    `width` neighbouring layers. steps: the same; all together are one swap's. modes: "residual", "tokens" (of latent
    `frames` and token `rows`), "full". readouts: "x0_pred" at the last swapped step; "final", the video at the end.
    Raises InputError for an index that is not there, or cases that differ in more than their prompts.

    A row is a swap and a readout, or the clean `target` or source. outcome: whose answer the last frame shows: source,
    target or other; masses: of both in it; exact: a score of 1. All are empty unless both cases are puzzles with one
    right answer each, and not the same. `table.tensors[name]`: the latents (1, C, F, h, w). Source: probes/swap/run.py.
    >>> import chainofsteps as cos
    >>> model = cos.load("models/embedded")
    >>> target, source = (cos.puzzle("object_sets", seed=seed) for seed in (900000, 900001))
    >>> table = cos.swap(model.run(target), source, layers=[0, 7], readouts="x0_pred")
    >>> table[["run", "layer", "readout"]].values.tolist()
    [['swap', 0, 'x0_pred'], ['swap', 7, 'x0_pred'], ['target', <NA>, 'x0_pred']]
    """
    runs = {"source": source} if isinstance(source, Run) else {}
    sides, case = {"target": target, **runs}, source.case if runs else source
    at = indices("swap.steps", listed(steps), target.steps)
    parts = {"part": {"frames": listed(frames), "rows": listed(rows)}}
    asked = {"layers": listed(layers), "modes": listed(modes), "steps": [at], "widths": [width], "parts": parts}
    swaps, readouts = expand(asked, target.steps, target.model.layers), _checked(readouts)
    state = _run(sides, case, swaps, parts, MODES if "final" in readouts else (), progress)
    read = [*_swapped(state, swaps, readouts), *_clean(sides, at, readouts)]
    return _table(read, Pair(target.case, case), target)


def _checked(readouts: str | Sequence[str]) -> list[str]:
    """The names of readouts as a list. Raises InputError for one that does not exist."""
    names = listed(readouts)
    for name in names:
        if name not in READOUTS:
            raise InputError(f"swap: readout must be one of {', '.join(READOUTS)}; not {name!r}")
    return names


def _run(
    sides: Mapping[str, Run],
    case: Case,
    swaps: list[Swap],
    parts: Mapping[str, Any],
    to_the_end: Collection[str],
    progress: bool,
) -> SwapState:
    """The swaps, run to their last readout. case: the source's; parts: of the tokens, that mode tokens swaps."""
    target = sides["target"]
    model, of_target, of_source = target.model, *target.model.encode(target.case, case)
    if not torch.equal(of_target.condition, of_source.condition):
        raise InputError(f"swap: {target.label} and {case.task}/{case.name} differ in more than their prompts")
    probe = SwapSweep(target, sides.get("source"), model.velocity(case), swaps, parts, target.label, to_the_end)
    with bar(f"swap {target.label}", target.steps, progress) as seen:
        return advance(probe, model.velocity(target.case), probe.begin(), on_step=seen)


def _table(read: Sequence[tuple[dict[str, Any], Tensor]], pair: Pair, target: Run) -> Table:
    """A row for each of the latents, with the answer that it shows."""
    shown = _readings(pair, target, [latents for _, latents in read])
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
