"""The latent swaps (Fig. 6b), as frozen dataclasses. No torch here: the plan and the workflow read them.

A swap puts a layer of the source's forward, or some neighbouring layers, in place of the target's, at one step or a
set of steps. Runs that differ in later steps only share what they have in common: no step of one is run twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import InputError
from ..indices import indices

MODES = ("residual", "tokens", "full")
READOUTS = ("x0_pred", "final")


@dataclass(frozen=True)
class Swap:
    """One swap: at which layers, what of them, and at which steps.

    layer: the first of `width` neighbouring layers. mode: residual puts the update of the source's block on the
    target's input of that block; tokens replaces some tokens of the block's output; full replaces all of it. part: the
    name of those tokens, in mode tokens alone.
    """

    layer: int
    mode: str = "residual"
    steps: tuple[int, ...] = (0,)
    width: int = 1
    part: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"swap: mode must be one of {', '.join(MODES)}; not {self.mode!r}")
        for word, value in (("layer", self.layer), *(("step", step) for step in self.steps)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InputError(f"swap: {word} must be a whole number from 0 up, not {value!r}")
        if isinstance(self.width, bool) or not isinstance(self.width, int) or self.width < 1:
            raise InputError(f"swap: width must be a whole number from 1 up, not {self.width!r}")
        if not self.steps:
            raise InputError("swap: a set of steps is empty; give at least one step")
        object.__setattr__(self, "steps", tuple(sorted(set(self.steps))))  # one set, one name

    @property
    def last(self) -> int:
        """The last of its layers."""
        return self.layer + self.width - 1

    @property
    def runs_blocks(self) -> int:
        """How many blocks of its layers it runs by itself: other modes take the source's update or output as it is."""
        return self.width - 1 if self.mode == "tokens" else 0

    def name(self) -> str:
        """A slug for file names and tensor keys."""
        layers = str(self.layer) if self.width == 1 else f"{self.layer}-{self.last}"
        part = f"_{self.part}" if self.part else ""
        return f"swap_l{layers}_{self.mode}{part}_s{'.'.join(map(str, self.steps))}"

    def row(self) -> dict:
        """The columns that describe this run in a table."""
        of_layers = {"layer": self.layer, "width": self.width, "mode": self.mode, "part": self.part}
        return {"run": "swap", **of_layers, "steps": words(self.steps)}

    def until(self, step: int) -> "Swap":
        """What of it has been done after a step: the same layer at the steps up to it."""
        return replace(self, steps=tuple(one for one in self.steps if one <= step))


def words(steps: Iterable[int]) -> str:
    """Steps in a table, such as "0 1 2"."""
    return " ".join(map(str, steps))


def expand(swap: Mapping, steps: int, layers: int, matrix: bool = False) -> list[Swap]:
    """The swaps of one pair that the `swap` section of the configuration asks for, each once.

    steps, layers: how many the model has. matrix: those of the layer x step matrix too, mode residual at every single
    step. Mode tokens is swapped in each of the `parts`; mode full has no widths: what goes on after some layers is what
    goes on after the last of them. InputError if a step or layer is not there.
    """
    asked = indices("swap.layers", swap["layers"], layers)
    sets = [tuple(indices("swap.steps", one, steps)) for one in swap["steps"]]
    swaps = [
        Swap(layer, mode, one, width, part)
        for one in sets
        for mode in swap["modes"]
        for part in (swap["parts"] if mode == "tokens" else [""])
        for width in ([1] if mode == "full" else swap["widths"])
        for layer in asked
        if layer + width <= layers
    ]
    if matrix:
        swaps += [Swap(layer, "residual", (step,)) for step in range(steps) for layer in asked]
    return list(dict.fromkeys(swaps))


def read_at_the_ends(swap: Mapping) -> bool:
    """True if swaps that a scorer reads need only the noise and the final latents of the clean runs: they begin at step
    0, and all of them go on to the end. swap: the settled section, with its steps as numbers."""
    in_sets = all([*steps] == [0] for steps in swap["steps"]) and not swap["matrix"]
    return in_sets and {*swap["modes"]} <= {*swap["to_the_end"]}


def nodes(swaps: Sequence[Swap], step: int, to_the_end: Collection[str]) -> tuple[list[Swap], list[Swap]]:
    """The runs of a step, those that leave the target's clean run here and those that left it before.

    Each is told by what of it has been done after the step, so that swaps which have not parted yet are one run.
    to_the_end: the modes whose runs go on to the end; the others stop after their last swapped step.
    """
    alive = [one for one in swaps if one.steps[0] <= step and (one.mode in to_the_end or step <= one.steps[-1])]
    runs = list(dict.fromkeys(one.until(step) for one in alive))
    return [run for run in runs if run.steps[0] == step], [run for run in runs if run.steps[0] < step]


def last_step(swaps: Sequence[Swap]) -> int:
    """The last step at which anything is swapped: the source is walked no further."""
    return max(one.steps[-1] for one in swaps)
