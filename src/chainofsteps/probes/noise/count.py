"""The size of the jobs of noise at a step or at a latent frame, and of their scores. No torch here."""

from collections.abc import Sequence

from ..count import ITEM, DecodingCount, ForwardCount, NetworkCount, Peak, Shard, item_bytes
from .spec import Intervention, check_exists, expand, references, tapped_layer

CKA_ROW, SCORE_ROW, CLIP_ROW = 265, 300, 98  # bytes of a row: in a file's metadata, and again in the shard's table
REFERENCES = 5  # rows of a case's scores beside the perturbed runs': baseline, null, ground truth and the two floors


def perturbed(
    interventions: Sequence[Intervention],
    steps: int,
    branches: int = 1,
    features: Sequence[str] = ("latents",),
    null: bool = True,
) -> ForwardCount:
    """All interventions on one stored baseline: each runs from its `start`, c sum(S - start); naive is c S for each.

    So one operator at every step costs c S (S + 1) / 2 with the noise before the forward and c S (S - 1) / 2 with it
    after the update; at every latent frame, from step s on, c F (S - s).
    With "block:<l>" among the `features` the hidden states of the baseline are needed, which are not stored: it is
    sampled again beside the perturbed runs, from the first start on; with `null` the baseline and the null are, at all
    steps.
    InputError if an intervention is at a step that does not exist.
    """
    for run in interventions:
        check_exists(run, steps)
    planned = sum(steps - run.start for run in interventions)
    if tapped_layer(features) is not None:
        planned += sum(references(interventions, step, null) for step in range(steps))
    return ForwardCount(branches * planned, branches * steps * len(interventions))


def _interventions(shard: Shard, latent_frames: int) -> list[Intervention]:
    return expand(shard.config["noise"], shard.model.steps, latent_frames)


class NoiseCount(NetworkCount):
    """Rule `noise`: all interventions on each case and seed, in batches; the final latents of each, and CKA rows."""

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        model, features, total = shard.model, shard.config["similarity"]["features"], ForwardCount(0, 0)
        for video in shard.videos:
            interventions = _interventions(shard, video.latent_frames)
            total += perturbed(interventions, model.steps, model.branches, features) * shard.seeds
        return total

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        """The forward; and behind the layer whose hidden states are compared, on the GPU as well, the comparison."""
        features = shard.config["similarity"]["features"]
        interventions = _interventions(shard, shard.largest.latent_frames)
        if tapped_layer(features) is None:
            return [Peak(shard.largest, forward=min(shard.model.batch_size, len(interventions)))]
        batch = min(shard.model.batch_size, len(interventions) + 2)  # the baseline and the null run beside
        # embedded, behind the layer, and compared; the baseline's; and these again without the frame that is noised
        states = 3 * batch + 2
        doubles = max(2 * batch + 1, batch + 2)  # centred, and one of the two squared
        compared = Peak(shard.largest, streams=batch, hidden_states=states, doubles=doubles)
        return [Peak(shard.largest, forward=batch, hidden_states=1), compared]  # the baseline's

    def disk(self, shard: Shard) -> float:
        steps, total = shard.model.steps, 0.0
        for video, latents in zip(shard.videos, shard.latent_bytes, strict=True):
            interventions = _interventions(shard, video.latent_frames)
            rows = steps + sum(steps - run.first_step for run in interventions)  # the null's, and each run's
            rows *= len(shard.config["similarity"]["features"])
            total += item_bytes(*[latents] * len(interventions)) + rows * CKA_ROW
        return total * shard.seeds


class ScoreCount(DecodingCount):
    """Rule `score`: the scores of all perturbed runs of each case and seed, and of what they are compared with."""

    def disk(self, shard: Shard) -> float:
        rows = 0
        for video in shard.videos:
            rows += shard.seeds * len(_interventions(shard, video.latent_frames)) + REFERENCES
        return shard.case_count * ITEM + rows * SCORE_ROW


class ClipCount(DecodingCount):
    """Rule `clip`: the first frame repeated is encoded, of one case at a time; a table of rows is kept."""

    manifest = False

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, encoded=1)]

    def disk(self, shard: Shard) -> float:
        runs = [shard.seeds * (1 + len(_interventions(shard, video.latent_frames))) + 1 for video in shard.videos]
        return sum(runs) * CLIP_ROW


COUNTS = {"noise": NoiseCount(), "score": ScoreCount(), "clip": ClipCount()}
