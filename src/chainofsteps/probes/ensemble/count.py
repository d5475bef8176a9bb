"""The size of the jobs that merge the streams of several seeds, and of their scores. No torch here."""

from collections.abc import Sequence
from fractions import Fraction

from ..count import DecodingCount, ForwardCount, NetworkCount, Peak, Shard, item_bytes
from .spec import OF_LATENTS, Ensemble, distinct, expand


def ensembles(
    runs: Sequence[Ensemble], seeds: int, steps: int, layers: int, branches: int = 1, controls: bool = True
) -> ForwardCount:
    """All ensembles of one case whose seeds' trajectories are stored; with controls, two runs from the mean of the
    seeds' latents as well.

    c (E + 2 S), where E is `merged_forwards`; naive is K whole streams at every step for each ensemble, c K S.
    """
    beside = len(OF_LATENTS) * controls
    planned = branches * (merged_forwards(runs, seeds, steps, layers) + beside * steps)
    planned = planned.numerator if planned.denominator == 1 else float(planned)
    return ForwardCount(planned, branches * steps * (seeds * len(runs) + beside))


def merged_forwards(ensembles: Sequence[Ensemble], seeds: int, steps: int, layers: int) -> Fraction:
    """Forwards of one branch for all ensembles of one case whose seeds' trajectories are stored.

    K seeds, S steps, L layers, s0 the first merged step. From s0 on, each distinct ensemble costs one forward at every
    step that is not merged. At a merged step an ensemble merges last after layer e (mode mean: the window's first
    layer a, since all streams are equal from there). Up to e it needs all K streams, and behind e one. Ensembles share
    the streams that are the same in all of them: at s0 everything before their first merge, later the K - 1 streams
    that come from stored latents. One ensemble at s0 alone costs S - s0 - 1 + (K (e + 1) + L - 1 - e) / L.
    """
    runs = distinct(ensembles)
    if not runs:
        return Fraction(0)
    merged = runs[0].steps
    total = Fraction((steps - merged[0] - len(merged)) * len(runs))
    for step in merged:
        total += Fraction(sum(len(streams(runs, seeds, layer, step == merged[0])) for layer in range(layers)), layers)
    return total


def most_streams(runs: Sequence[Ensemble], seeds: int, layers: int) -> int:
    """How many streams are kept at once between two layers of a merged step, at most. runs: distinct."""
    firsts = {step == runs[0].steps[0] for step in runs[0].steps}
    return max(len(streams(runs, seeds, layer, first)) for layer in range(layers) for first in firsts)


def embedded_streams(runs: Sequence[Ensemble], seeds: int) -> int:
    """How many streams are embedded at once, at most: of all seeds, or from the second merged step on of every run and
    of the other seeds. runs: distinct."""
    return seeds if len(runs[0].steps) == 1 else max(seeds, len(runs) + seeds - 1)


def streams(runs: Sequence[Ensemble], seeds: int, layer: int, same_latents: bool) -> set[tuple]:
    """The streams that go through a layer at a merged step, each told from the others by all that made it.

    runs: distinct. same_latents: all runs carry the same latents into the step, as they do into the first merged one.
    """
    needed: set[tuple] = set()
    for number, run in enumerate(runs):
        own = () if same_latents else (number,)
        if layer <= run.first:  # nothing is merged yet
            needed |= {("first", *own), *(("other", seed) for seed in range(1, seeds))}
        elif layer <= run.last:  # blends from the window's first layer on: equal for windows that end later
            needed |= {(run.mode, run.weight, run.first, *own, seed) for seed in range(seeds)}
        elif (layer, run.mode, run.carry) == (run.last + 1, "blend", "first"):
            needed.add((run.mode, run.weight, run.first, *own, 0))  # as it is in a window that ends later
        else:
            needed.add((run.mode, run.weight, run.first, run.last, run.carry, *own))
    return needed


class EnsembleCount(NetworkCount):
    """Rule `ensemble`: all ensembles of each case, in batches; the final latents of each, and of the two means."""

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        (layers,), section, model = shard.model.known("layers"), shard.config["ensemble"], shard.model
        how = (len(section["seeds"]), model.steps, layers, model.branches, section["controls"])
        of_case = ensembles(expand(section, layers), *how)
        return of_case * shard.case_count

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        """With every stream kept between two layers but those in the forward, whose embedded ones are not kept."""
        (layers,), runs = shard.model.known("layers"), _runs(shard)
        seeds, most = len(shard.config["ensemble"]["seeds"]), shard.model.batch_size
        needed, embedded = most_streams(runs, seeds, layers), embedded_streams(runs, seeds)
        merging, beside = min(most, needed), len(OF_LATENTS) * shard.config["ensemble"]["controls"]
        kept = {"hidden_states": needed - 2 * merging, "streams": max(0, embedded - merging)}
        later = min(most, len(runs) + beside)
        return [Peak(shard.largest, forward=merging, **kept), Peak(shard.largest, forward=later)]

    def disk(self, shard: Shard) -> float:
        kept = len(_runs(shard)) + len(OF_LATENTS) * shard.config["ensemble"]["controls"]
        return sum(item_bytes(*[latents] * kept) for latents in shard.latent_bytes)


def _runs(shard: Shard) -> list[Ensemble]:
    (layers,) = shard.model.known("layers")
    return distinct(expand(shard.config["ensemble"], layers))


COUNTS = {"ensemble": EnsembleCount(), "ensemble_score": DecodingCount()}
