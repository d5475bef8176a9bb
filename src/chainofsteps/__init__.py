"""Chain-of-Steps: measurements of how a video diffusion model reasons along its denoising steps.

In a notebook::

    import chainofsteps as cos

    model = cos.load("models/embedded")
    case = cos.puzzle("loop_maze", seed=900000)
    run = model.run(case, seed=1)
    table = cos.sweep(run, [cos.NoiseAtStep(3, "renoise")])

The names of `__all__` live in `chainofsteps.api` and are loaded at their first use (PEP 562): the Snakefile reads this
package in every job, and `import chainofsteps` alone imports no torch.
"""

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from .api import (
        Ensemble,
        Model,
        NoiseAtFrame,
        NoiseAtStep,
        Run,
        StepState,
        Swap,
        Table,
        activations,
        case,
        ensemble,
        hidden_states,
        load,
        masses,
        puzzle,
        score,
        swap,
        sweep,
    )

# transformers complains at every import that torchvision is missing; nothing here needs it.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

# In a script of Snakemake Ctrl-C ends the process as it does other programs, without a traceback; `store.job.Job` then
# takes it, so that nothing is left half written.
if hasattr(sys.modules["__main__"], "snakemake") and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

__version__ = "0.1.0"

__all__ = [
    "Ensemble",
    "InputError",
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(".api", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
