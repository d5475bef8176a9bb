"""Windows of layers in which the streams of several seeds are merged: the ensembles, as frozen dataclasses.

The paper averages the hidden states of three seeds over layers 20-29 of 40, at the first step (Table A1 has the
windows 0-9 and 0-39 too). One object is at once the configuration, the row of the tables (`row`) and the name of a
tensor (`name`). No torch here: the plan counts their forwards, and the Snakefile reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ...errors import InputError

MODES = ("mean", "blend")
CARRIES = ("first", "mean")
OF_LATENTS = ("mean_of_latents", "mean_of_latents_rescaled")  # runs from the mean of the seeds' initial latents
OF_FINALS = "mean_of_finals"  # no run: the mean of the seeds' final latents


@dataclass(frozen=True)
class Ensemble:
    """What is merged, where, and which run goes on.

    first, last: layers of the window. mode: mean replaces the hidden states of every seed by their mean, after the
    window's first layer; blend moves them a part `weight` of the way there, h <- (1 - w) h + w mean, after every layer
    of the window. carry: the first seed's latents go on with the merged velocity, or the mean of the seeds' latents.
    steps: at which steps; at the others one plain forward. window: how the configuration named the window, for the
    row alone.
    """

    first: int
    last: int
    mode: str = "mean"
    weight: float = 0.5
    carry: str = "first"
    steps: tuple[int, ...] = (0,)
    window: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for key, value, known in (("mode", self.mode, MODES), ("carry", self.carry, CARRIES)):
            if value not in known:
                raise InputError(f"ensemble: {key} must be one of {', '.join(known)}; not {value!r}")
        if not 0 <= self.first <= self.last:
            raise InputError(f"ensemble: layers {self.first} to {self.last} are no window; give the lower one first")
        if not 0 < self.weight <= 1:
            raise InputError(f"ensemble: weight must be above 0 and up to 1, not {self.weight!r}")
        if not self.steps or min(self.steps) < 0:
            raise InputError(f"ensemble: steps must be whole numbers from 0 up, at least one; not {self.steps!r}")
        object.__setattr__(self, "steps", tuple(sorted(set(self.steps))))
        object.__setattr__(self, "weight", float(self.weight))

    def effective(self) -> Ensemble:
        """What of it makes a difference. After the first mean all streams are equal, and further means do nothing; the
        mean of blends is the mean."""
        if self.mode == "mean" or self.weight == 1 or (self.carry == "mean" and self.first == self.last):
            return replace(self, last=self.first, mode="mean", weight=1.0, window="")
        return replace(self, window="")

    def name(self) -> str:
        """A slug for tensor keys: equal for ensembles that are one run."""
        one = self.effective()
        steps = ".".join(map(str, one.steps))
        weight = "" if one.mode == "mean" else f"_w{one.weight!r}"
        return f"ensemble_l{one.first}-{one.last}_{one.mode}{weight}_{one.carry}_s{steps}"

    def row(self) -> dict:
        """The columns that describe it in a table. layers: of this model, from 0; window: as it was configured."""
        return {
            "variant": "ensemble",
            "window": self.window,
            "layers": f"{self.first}-{self.last}",
            "mode": self.mode,
            "weight": self.weight if self.mode == "blend" else None,
            "carry": self.carry,
            "steps": " ".join(map(str, self.steps)),
        }


def parsed(window: str, of_layers: int) -> tuple[int, int]:
    """First and last layer of "20-29", of a model of `of_layers` layers. InputError if it has no such window."""
    first, _, last = window.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) < of_layers):
        raise InputError(
            f"ensemble.windows: {window!r} is no window of {of_layers} layers; give <first>-<last>, "
            f"0 to {of_layers - 1}, or another ensemble.of_layers"
        )
    return int(first), int(last)


def scaled(window: str, of_layers: int, layers: int) -> tuple[int, int]:
    """The layers that the same part of a model of `layers` layers has: every one that the window touches.

    20-29 of 40 is 4-5 of 8, and itself of 40.
    """
    first, last = parsed(window, of_layers)
    return first * layers // of_layers, -(-(last + 1) * layers // of_layers) - 1


def expand(settings: Mapping, layers: int) -> list[Ensemble]:
    """The ensembles that the `ensemble` section of the configuration asks for, of a model of `layers` layers: every
    window in every mode. Raises InputError for a window that is not there."""
    common = {"weight": settings["weight"], "carry": settings["carry"], "steps": tuple(settings["steps"])}
    return [
        Ensemble(*scaled(window, settings["of_layers"], layers), mode, **common, window=window)
        for window in settings["windows"]
        for mode in settings["modes"]
    ]


def distinct(ensembles: Iterable[Ensemble]) -> list[Ensemble]:
    """Those that are runs of their own, each once: two windows that begin at one layer are one run in mode mean."""
    return list(dict.fromkeys(one.effective() for one in ensembles))
