"""Inside the network: hidden states of a stored run, as norms on the token grid or whole."""

from collections.abc import Callable, Sequence

from torch import Tensor
from tqdm import tqdm

from ..bench.cases import true_clip
from ..errors import InputError
from ..probes.activations.run import token_norms
from ..probes.activations.table import object_mask, rows_of
from ..probes.indices import indices
from ..run.taps import Tap, full, token_norm
from .indices import Indices, listed
from .model import Run
from .table import Table

COLUMNS = ["name", "step", "branch", "layer", "part", "auc", "hoyer"]


def activations(
    run: Run, layers: Indices = "all", steps: Indices = "all", *, branch: str = "cond", progress: bool = False
) -> Table:
    """L2 norms of the hidden states after some layers, at some steps, on the token grid (Figure 6a).

    layers, steps: an index, a list, or "all". branch: "cond", "uncond" or "both"; the latter two need guidance. Each
    step is one forward of the stored latents, no further than the last layer.

    The table has one row for each step, branch, layer and part (`given`: the first latent frame; `generated`: the
    others). auc: how well the norm tells tokens with an object of the true clip from background, 0.5 for not at all,
    NaN where one of the two is missing. hoyer: sparsity of the norms, 0 for none, 1 for all in one token.
    `table.tensors["step010-cond"]` are the norms, float32 (layers, F, H, W) on the grid of tokens, in the order of
    `table.layer.unique()`. Raises InputError for an index that does not exist.

    Source: probes/activations.

    >>> import chainofsteps as cos
    >>> run = cos.load("models/embedded").run(cos.puzzle("grounding"))
    >>> table = cos.activations(run, layers=[0, 7], steps=10)
    >>> table.tensors["step010-cond"].shape
    torch.Size([2, 5, 4, 4])
    """
    layers = indices("activations.layers", listed(layers), run.model.layers)
    maps = _walked(run, layers, steps, branch, token_norm, progress)
    grid = next(iter(maps.values())).shape[1:]
    mask = object_mask(true_clip(run.case), grid)
    rows = rows_of({name: norms.flatten(1).numpy() for name, norms in maps.items()}, layers, mask, None)
    return Table.of([{"name": f"step{row['step']:03d}-{row['branch']}", **row} for row in rows], COLUMNS, maps)


def hidden_states(
    run: Run,
    layers: Indices,
    steps: Indices,
    *,
    branch: str = "cond",
    limit_gb: float = 4.0,
    progress: bool = False,
) -> dict[str, Tensor]:
    """Whole hidden states after some layers at some steps: float32 (layers, F, H, W, d) by name, as "step010-cond".

    layers, steps, branch: as in `activations`. limit_gb: the most that may be kept; all layers of one forward of a 14B
    model at full size are 26.8 GB. Raises InputError, with the size, above the limit.

    Source: run/taps.py.

    >>> import chainofsteps as cos
    >>> run = cos.load("models/embedded").run(cos.puzzle("grounding"))
    >>> cos.hidden_states(run, layers=3, steps=[0, 10])["step010-cond"].shape
    torch.Size([1, 5, 4, 4, 192])
    """
    layers = indices("activations.layers", listed(layers), run.model.layers)
    return _walked(run, layers, steps, branch, full, progress, limit_gb)


def _walked(
    run: Run,
    layers: Sequence[int],
    steps: Indices,
    branch: str,
    reducer: Callable[[Tensor], Tensor],
    progress: bool,
    limit_gb: float | None = None,
) -> dict[str, Tensor]:
    """What a tap keeps of the stored latents of each step, (layers, F, H, W[, d]), by the step and the branch."""
    at = indices("activations.steps", listed(steps), run.steps)
    if not layers or not at:
        raise InputError("activations: no layer or no step is named; give at least one of each")
    velocity, kept = run.model.velocity(run.case), {}
    stream = velocity.stream(run.at(at[0]), at[0], "cond")  # of the first step, for the sizes
    size = Tap(layers, at, branch, reducer).nbytes(*stream.hidden_states.shape) / 1e9
    if limit_gb is not None and size > limit_gb:
        raise InputError(f"hidden_states: these are {size:.1f} GB; name fewer layers or steps, or raise limit_gb")
    with tqdm(total=len(at), desc=f"activations {run.label}", disable=not progress, leave=False) as of_steps:
        for step in at:
            tapped = token_norms(velocity, run.at(step), step, Tap(layers, [step], branch, reducer))
            kept |= {name: values.unflatten(1, stream.grid) for name, values in tapped.items()}
            of_steps.update()
    return kept
