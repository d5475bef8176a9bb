"""The size of the jobs that swap layers between two cases, and of their scores. No torch here."""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..count import DecodingCount, ForwardCount, NetworkCount, Peak, Shard, item_bytes
from .spec import MODES, Swap, expand, last_step, nodes

KEPT_STATES = 5  # hidden states that a layer's swap keeps: source and target, before the block and after it; the swap


def of_pair(
    section: Mapping[str, Any], steps: int, layers: int, branches: int, matrix: bool, stored: bool = False
) -> ForwardCount:
    """All swaps on one pair whose target is stored, with the check of mode full.

    section: `swap` of the configuration. matrix: the pair is in the layer x step matrix. stored: the source is stored
    too. naive: source, target and every swapped run from its start, c S each.
    """
    swaps = expand(section, steps, layers, matrix)
    planned = swap_forwards(swaps, steps, layers, branches, stored, section["to_the_end"])
    if "full" in section["modes"]:
        planned += same_text_forwards(sorted({swap.layer for swap in swaps}), layers)
    return ForwardCount(float(planned), branches * steps * (2 + len(swaps)))


def swap_forwards(
    swaps: Sequence[Swap],
    steps: int,
    layers: int,
    branches: int = 1,
    stored: bool = False,
    to_the_end: Collection[str] = MODES,
) -> Fraction:
    """Forwards of all swaps on one pair whose target's baseline is stored.

    stored: the source's baseline is stored too; if not, the source is sampled beside, from step 0 to the last swapped
    step. to_the_end: the modes whose runs go on to the end. For a single swapped step s and all L layers, read at the
    end, this is c [(s + 1) + 1 + (L - 1) / 2 + L (S - s - 1)]: the source's forwards, the target's at step s, the
    layers that are left of each swapped forward, and the later steps of the swapped runs. Read at step s alone it is
    c [(s + 1) + 1 + (L - 1) / 2]. A swap of w neighbouring layers leaves w - 1 fewer of them, but in mode tokens, which
    runs these blocks with its own other tokens.
    """
    total, last = Fraction(0), last_step(swaps)
    for step in range(steps):
        starting, going = nodes(swaps, step, to_the_end)
        acting = [run for run in (*starting, *going) if step in run.steps]
        needed = layers if not stored and step < last else 0  # the whole forward, for the source's next step
        source = max([needed, *(run.last + 1 for run in acting)])
        target = max([0, *(run.layer + 1 for run in starting)])
        rest = sum(layers - 1 - run.last + run.runs_blocks for run in starting)
        total += Fraction(source + target + rest, layers) + len(going)
    return branches * total


def same_text_forwards(swapped: Sequence[int], layers: int, branches: int = 1) -> Fraction:
    """Forwards of the check that mode full is degenerate where the text is the same.

    The two streams up to the last swapped layer, what is left of each swapped forward, and what is left of the
    source's own, which the others are compared with.
    """
    last = max(swapped)
    streams = 2 * (last + 1) + sum(layers - 1 - layer for layer in swapped)
    return branches * Fraction(streams + layers - 1 - last, layers)


class SwapCount(NetworkCount):
    """Rule `swap`: all swaps of each pair and seed, in batches; of each the x0_pred, of some the final latents.

    A case's partner is its neighbour, so a case alone in its shard has no pair. A pair with the same answer is left
    out when it runs, which only the cases' states would tell, so it is counted here.
    """

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        (layers,), section = shard.model.known("layers"), shard.config["swap"]
        size = (shard.model.steps, layers, shard.model.branches)
        stored, pairs = shard.config["trajectory"]["share_noise_over_cases"], _pairs(shard)
        in_matrix = min(pairs, _in_matrix(shard))
        total = of_pair(section, *size, matrix=True, stored=stored) * in_matrix
        total += of_pair(section, *size, matrix=False, stored=stored) * (pairs - in_matrix)
        return total * shard.seeds

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        (layers,) = shard.model.known("layers")
        swaps = expand(shard.config["swap"], shard.model.steps, layers, _in_matrix(shard) > 0)
        at_once = min(shard.model.batch_size, len(swaps))
        wide = {swap.until(swap.steps[0]) for swap in swaps if swap.width > 1}  # sets of steps that begin alike are one
        opened = max((_opened(wide, step, layers) for step in {one.steps[0] for one in wide}), default=0)
        own = any(one.mode == "tokens" for one in wide)  # such a swap runs the block itself
        starting = Peak(shard.largest, forward=1, hidden_states=KEPT_STATES + opened + own, streams=1)  # the other's
        return [starting, Peak(shard.largest, forward=at_once, hidden_states=KEPT_STATES, streams=2)]

    def disk(self, shard: Shard) -> float:
        (layers,), section, total = shard.model.known("layers"), shard.config["swap"], 0.0
        for index, latents in enumerate(shard.latent_bytes[: _pairs(shard)]):
            swaps = expand(section, shard.model.steps, layers, index < _in_matrix(shard))
            kept = len(swaps) + sum(one.mode in section["to_the_end"] for one in swaps) + 1  # and the source's x0_pred
            total += item_bytes(*[latents] * kept)
        return total * shard.seeds


def _opened(wide: Collection[Swap], step: int, layers: int) -> int:
    """The most swaps of several layers that are between their first and their last one, of those of a step."""
    here = [one for one in wide if one.steps[0] == step]
    return max(sum(one.layer <= layer < one.last for one in here) for layer in range(layers))


def _pairs(shard: Shard) -> int:
    return shard.case_count if shard.case_count > 1 else 0


def _in_matrix(shard: Shard) -> int:
    """Cases of the shard that are targets of the layer x step matrix: the first `matrix_pairs` of the task."""
    section = shard.config["swap"]
    return min(max(0, section["matrix_pairs"] - shard.first_case), shard.case_count) if section["matrix"] else 0


COUNTS = {"swap": SwapCount(), "swap_video_score": DecodingCount()}
