"""What is done to a run: noise at a step or at a latent frame, as frozen dataclasses.

One object is at once the configuration, the row of the tables (`row`) and the file name (`name`). This module
holds no torch import, so that the plan and the Snakefile can read it for nothing.

The two schemes are those of Fig. 3a: noise at step, `x_{s, all f} <- N(0, I)`, and noise at frame, `x_{all
s, f} <- N(0, I)`. The paper gives only the operator `replace`. The other two separate what the model does
from what sigma alone does: at an early step `replace` is nearly another seed, at a late one it destroys the
video whatever the model does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...errors import InputError
from ..indices import indices

OPERATORS = ("replace", "renoise", "add")
TIMINGS = ("before", "after")
NOISES = ("fixed", "fresh")
SCHEMES = ("step", "frame")


def _check_choice(key: str, value, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InputError(f"noise: {key} must be one of {', '.join(choices)}; not {value!r}")


def _check_index(key: str, value) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"noise: {key} must be a whole number from 0 up, not {value!r}")


def _check_common(intervention: Intervention) -> None:
    _check_choice("operator", intervention.operator, OPERATORS)
    _check_choice("timing", intervention.timing, TIMINGS)
    _check_index("noise_seed", intervention.noise_seed)
    amplitude = float(intervention.amplitude)
    if not math.isfinite(amplitude) or amplitude <= 0:
        raise InputError(f"noise: amplitude must be a finite number above 0, not {intervention.amplitude!r}")
    object.__setattr__(intervention, "amplitude", amplitude)  # 1 and 1.0 must give the same name


@dataclass(frozen=True)
class NoiseAtStep:
    """Noise on all latent frames at one step.

    `timing` "before" edits x_s before the forward of step s; "after" edits x_{s+1} right after the update of
    step s. `amplitude` is the standard deviation of the noise.
    """

    step: int
    operator: str = "replace"
    amplitude: float = 1.0
    timing: str = "before"
    noise_seed: int = 1000

    RUN: ClassVar[str] = "noise_at_step"
    noise: ClassVar[str] = "fixed"

    def __post_init__(self):
        _check_index("step", self.step)
        _check_common(self)

    @property
    def first_step(self) -> int:
        """The first step at which noise is injected."""
        return self.step

    @property
    def start(self) -> int:
        """The first step whose forward sees the noise: all steps before it are the baseline's."""
        return self.first_step + (self.timing == "after")

    def acts_at(self, step: int) -> bool:
        """Whether noise is injected at `step`."""
        return step == self.step

    def acts_on(self, frame: int) -> bool:
        """Whether noise is injected into latent frame `frame`: into every one."""
        return True

    def name(self) -> str:
        """A slug for file names and tensor keys; `parse` turns it back."""
        return f"{self.RUN}_s{self.step}_{_common_slug(self)}"

    def row(self) -> dict:
        """The columns that describe this run in a table; `from_row` turns them back."""
        return {"run": self.RUN, "scheme": "step", "step": self.step, "frame": None, **_common_row(self)}


@dataclass(frozen=True)
class NoiseAtFrame:
    """Noise on one latent frame, at all steps ("all") or at a few (a tuple of steps).

    `noise` "fixed" injects the same noise at every step, "fresh" new noise at each.
    """

    frame: int
    steps: str | tuple[int, ...] = "all"
    operator: str = NoiseAtStep.operator
    amplitude: float = NoiseAtStep.amplitude
    timing: str = NoiseAtStep.timing
    noise_seed: int = NoiseAtStep.noise_seed
    noise: str = "fixed"

    RUN: ClassVar[str] = "noise_at_frame"

    def __post_init__(self):
        _check_index("frame", self.frame)
        if self.steps != "all":
            if isinstance(self.steps, str) or not self.steps:
                raise InputError(f"noise: steps must be 'all' or a list of steps, not {self.steps!r}")
            for step in self.steps:
                _check_index("step", step)
            object.__setattr__(self, "steps", tuple(sorted(set(self.steps))))
        _check_choice("noise", self.noise, NOISES)
        _check_common(self)

    @property
    def first_step(self) -> int:
        """The first step at which noise is injected."""
        return 0 if self.steps == "all" else self.steps[0]

    @property
    def start(self) -> int:
        """The first step whose forward sees the noise: all steps before it are the baseline's."""
        return self.first_step + (self.timing == "after")

    def acts_at(self, step: int) -> bool:
        """Whether noise is injected at `step`."""
        return self.steps == "all" or step in self.steps

    def acts_on(self, frame: int) -> bool:
        """Whether noise is injected into latent frame `frame`."""
        return frame == self.frame

    def name(self) -> str:
        """A slug for file names and tensor keys; `parse` turns it back."""
        steps = "all" if self.steps == "all" else "s" + ".".join(map(str, self.steps))
        return f"{self.RUN}_f{self.frame}_{steps}_{_common_slug(self)}_{self.noise}"

    def row(self) -> dict:
        """The columns that describe this run in a table; `from_row` turns them back. `step`: "all" or "3 7
        12"."""
        steps = "all" if self.steps == "all" else " ".join(map(str, self.steps))
        return {"run": self.RUN, "scheme": "frame", "step": steps, "frame": self.frame, **_common_row(self)}


Intervention = NoiseAtStep | NoiseAtFrame


def _common_slug(i: Intervention) -> str:
    return f"{i.operator}_a{i.amplitude!r}_{i.timing}_n{i.noise_seed}"


def _common_row(i: Intervention) -> dict:
    return {
        "operator": i.operator,
        "amplitude": i.amplitude,
        "timing": i.timing,
        "noise_seed": i.noise_seed,
        "noise": i.noise,
    }


_COMMON = r"(?P<operator>[a-z]+)_a(?P<amplitude>[0-9.e+-]+)_(?P<timing>[a-z]+)_n(?P<noise_seed>\d+)"
_AT_STEP = re.compile(rf"noise_at_step_s(?P<step>\d+)_{_COMMON}")
_AT_FRAME = re.compile(rf"noise_at_frame_f(?P<frame>\d+)_(?P<steps>all|s\d+(?:\.\d+)*)_{_COMMON}_(?P<noise>[a-z]+)")


def parse(name: str) -> Intervention:
    """The intervention that `name()` named. InputError if no intervention has that name."""
    if match := _AT_STEP.fullmatch(name):
        row = {"scheme": "step", "noise": "fixed", **match.groupdict()}
    elif match := _AT_FRAME.fullmatch(name):
        row = {"scheme": "frame", **match.groupdict()}
        row["step"] = row.pop("steps").removeprefix("s").replace(".", " ")
    else:
        raise InputError(f"{name!r} is not the name of an intervention")
    try:
        intervention = from_row(row)
    except ValueError as error:  # such as an amplitude of "1.0.0"
        raise InputError(f"{name!r} is not the name of an intervention: {error}") from error
    if intervention.name() != name:  # one intervention, one name: "s07" is not "s7"
        raise InputError(f"{name!r} is not the name of an intervention; did you mean {intervention.name()!r}?")
    return intervention


def from_row(row: Mapping) -> Intervention:
    """The intervention of a table row (as `row` wrote it, values perhaps read back as text)."""
    _check_choice("scheme", row["scheme"], SCHEMES)
    common = {
        "operator": row["operator"],
        "amplitude": float(row["amplitude"]),
        "timing": row["timing"],
        "noise_seed": int(row["noise_seed"]),
    }
    if row["scheme"] == "step":
        return NoiseAtStep(step=int(row["step"]), **common)
    steps = "all" if row["step"] == "all" else tuple(int(step) for step in str(row["step"]).split())
    return NoiseAtFrame(frame=int(row["frame"]), steps=steps, noise=row["noise"], **common)


def check_exists(intervention: Intervention, steps: int, latent_frames: int | None = None) -> None:
    """InputError if it is at a step or latent frame that a run of so many does not have (None: not known)."""
    if isinstance(intervention, NoiseAtStep):
        asked = [("step", intervention.step, steps)]
    else:
        asked = [("step", step, steps) for step in intervention.steps if intervention.steps != "all"]
        asked += [("frame", intervention.frame, latent_frames)] * (latent_frames is not None)
    for unit, index, count in asked:
        if index >= count:
            within = f"{unit} {index} is out of range; this run has {unit}s 0 to {count - 1}"
            raise InputError(f"{intervention.name()}: {within}")


def expand(noise: Mapping, steps: int, latent_frames: int) -> list[Intervention]:
    """The interventions that the `noise` section of the configuration asks for.

    Scheme `step`: one run for each step of `noise.steps` and each operator. Scheme `frame`: one run for each
    frame of `noise.frames` and each operator, with noise at all steps of `noise.steps`. InputError if a step
    or frame does not exist in this model.
    """
    asked_steps = indices("noise.steps", noise["steps"], steps)
    asked_frames = indices("noise.frames", noise["frames"], latent_frames)
    frame_steps = "all" if len(asked_steps) == steps else tuple(asked_steps)
    common = {key: noise[key] for key in ("amplitude", "timing", "noise_seed")}
    runs: list[Intervention] = []
    for scheme in noise["schemes"]:
        _check_choice("schemes", scheme, SCHEMES)
        for operator in noise["operators"]:
            if scheme == "step":
                runs += [NoiseAtStep(step, operator, **common) for step in asked_steps]
            else:
                runs += [
                    NoiseAtFrame(frame, frame_steps, operator, noise=noise["noise"], **common) for frame in asked_frames
                ]
    names = [run.name() for run in runs]
    if len(set(names)) < len(names):
        raise InputError("noise: a scheme or an operator is listed twice; list each once")
    return runs


def block_layer(features: str) -> int | None:
    """The layer of "block:<l>", None for any other word."""
    word, _, layer = features.partition(":")
    return int(layer) if word == "block" and layer.isdecimal() else None


def tapped_layer(features: Iterable[str]) -> int | None:
    """The layer of "block:<l>" among some features, None if there is none."""
    return next((layer for layer in map(block_layer, features) if layer is not None), None)


def references(interventions: Sequence[Intervention], step: int, null: bool) -> int:
    """The number of undisturbed runs in the batch of a step, with features "block:<l>": their hidden states are not
    stored, so the baseline runs again wherever a perturbed run is, and with `null` baseline and null run at all steps.
    """
    if null:
        return 2
    return int(any(run.start <= step for run in interventions))
