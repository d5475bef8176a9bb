"""The public API: what a notebook imports, on top of the same engine that the workflow runs."""

from ..probes.ensemble.spec import Ensemble
from ..probes.noise.spec import NoiseAtFrame, NoiseAtStep
from ..probes.swap.spec import Swap
from ..run.probe import StepState
from .cases import case, puzzle, score
from .ensembles import ensemble
from .inside import activations, hidden_states
from .loading import load
from .model import Model, Run
from .noise import sweep
from .readings import masses
from .swaps import swap
from .table import Table

__all__ = [
    "Ensemble",
    "Model",
    "NoiseAtFrame",
    "NoiseAtStep",
    "Run",
    "StepState",
    "Swap",
    "Table",
    "activations",
    "case",
    "ensemble",
    "hidden_states",
    "load",
    "masses",
    "puzzle",
    "score",
    "swap",
    "sweep",
]
