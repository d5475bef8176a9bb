import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.model.checkpoint import keeps_first_frame
from chainofsteps.model.conditioning import encode_first_frame
from chainofsteps.model.load import Experts, load_vae
from chainofsteps.model.network import Forwards
from chainofsteps.model.sizes import latent_frames_of
from chainofsteps.probes.frames import run as frames
from chainofsteps.probes.frames import table as frames_table
from chainofsteps.probes.frames.count import at_counts
from chainofsteps.probes.frames.spec import other_counts
from chainofsteps.run.denoise import GuidedVelocity, denoise

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
KINDS = ["wan2.2-i2v", "wan2.1-i2v", "wan2.2-ti2v"]


@pytest.mark.parametrize("kind", KINDS)
def test_shortened_is_what_encoding_anew_gives_to_the_bit(checkpoint_of, kind):
    folder = checkpoint_of(kind)
    whole = tiny.conditioning(folder, tiny.sampling())
    for count in (5, 9, 13, 17):
        anew = encode_first_frame(
            tiny.TinyCase(), load_vae(folder), count, tiny.HEIGHT, tiny.WIDTH, keeps_first_frame(folder)
        )
        short = frames.shortened(whole, count)
        assert short.latents_shape[2] == latent_frames_of(count)
        for name, tensor in anew.items():
            assert torch.equal(getattr(short, name), tensor), (name, count)
        assert torch.equal(short.prompt_embeds, whole.prompt_embeds)


@pytest.mark.parametrize("count", [4, 6, 21])
def test_a_count_that_the_video_has_not_is_refused(checkpoint, count):
    given = tiny.conditioning(checkpoint, tiny.sampling())
    with pytest.raises(InputError, match=f"a video of 17 frames has no first {count}; give 4k"):
        frames.shortened(given, count)


@pytest.mark.parametrize(("guidance", "branches"), [(1.0, 1), (4.0, 2)])
def test_ran_is_planned_is_the_closed_form(checkpoint, guidance, branches):
    """c S for each count that is not the own one; and a shorter run's forwards have fewer tokens."""
    counts, settings, counter = [5, 9, 17], tiny.sampling(guidance_scale=guidance), Forwards()
    given, sigmas = tiny.conditioning(checkpoint, settings), schedule.sigmas(5, 3.0)
    shapes = []
    for count in other_counts(counts, tiny.FRAMES):
        short = frames.shortened(given, count)
        velocity = GuidedVelocity(Experts(checkpoint, settings), short, sigmas, settings, counter)
        shapes.append(denoise(velocity, torch.zeros(short.latents_shape), sigmas).shape)
    planned = at_counts(counts, tiny.FRAMES, 5, branches)
    assert counter.total == planned.planned == branches * 5 * 2 and planned.naive == branches * 5 * 3
    assert frames.tokens_by_count(shapes) == {"5": [2 * 16], "9": [3 * 16]}


def test_own_count_is_among_the_runs_whether_listed_or_not():
    assert at_counts([5, 17], 17, 20).planned == at_counts([5], 17, 20).planned == 20
    with pytest.raises(InputError, match="frames.counts: 21 frames are more than the 17 of the video"):
        at_counts([21], 17, 20)


def runs(scores, **columns):
    """A row for each task, case, count and seed; scores: task -> count -> case -> scores of its seeds. 17 is own."""
    return pd.DataFrame(
        [
            {"task": task, "case": f"{case:05d}", "frames": count, "own": count == 17, "seed": seed, "score": score}
            | {"exact": score == 1.0, **columns}
            for task, of_task in scores.items()
            for count, cases in of_task.items()
            for case, of_case in enumerate(cases)
            for seed, score in enumerate(of_case)
        ]
    )


def test_difference_is_paired_by_case_and_seeds_are_averaged_first():
    cases = [(1.0, 0.8), (0.2, 0.4), (0.6, 0.6)]
    lost = [tuple(value - 0.25 for value in case) for case in cases]
    table = frames_table.by_setting(runs({"shelf": {17: cases, 5: lost}}), "frames", STATISTICS)
    assert table.frames.tolist() == [5, 17] and table.own.tolist() == [False, True]
    short, own = table.to_dict("records")
    assert (short["n"], short["seeds"], short["score"]) == (3, 2, pytest.approx(0.6 - 0.25))
    # every case loses the same: what is left is what three cases leave, whose scores themselves differ
    others = 1 - ((1 - STATISTICS["level"]) / 2) ** (1 / 3)
    low, high = -0.25 - others * 0.75, -0.25 + others * 1.25
    found = [short[f"score_difference{end}"] for end in ("", "_low", "_high")]
    assert found == pytest.approx([-0.25, low, high], abs=1e-4)
    assert short["score_low"] < short["score"] < short["score_high"]
    assert own["score_difference"] == 0 and own["success"] == pytest.approx(0.5 / 3, abs=1e-4)


def test_mean_over_tasks_is_of_the_same_cases_at_every_count():
    scores = {
        "shelf": {17: [(1.0,)] * 2, 9: [(0.5,)] * 2, 5: [(0.0,)] * 2},
        "bounce": {17: [(0.5,)] * 4, 9: [(0.5,)] * 4},
    }
    table = frames_table.by_setting(runs(scores, floor_static=0.125), "frames", STATISTICS)
    mean = table[table.task == frames_table.MEAN].set_index("frames")
    assert mean.index.tolist() == [9, 17], "bounce has no 5"
    assert mean.score.tolist() == [0.5, 0.75], "tasks count alike, not cases"
    assert mean.n.tolist() == [6, 6] and set(mean.tasks) == {2} and set(mean.floor_static) == {0.125}
    assert mean.score_difference.tolist() == [-0.25, 0]
    assert "scorer_check" not in table  # without the true clip's score

    several = runs(scores, floor_static=0.125, ground_truth=1.0)
    several.loc[(several.task == "bounce") & (several.frames == 9), "floor_static"] = 0.5
    table = frames_table.by_setting(several, "frames", STATISTICS).set_index(["task", "frames"]).scorer_check
    failed = "bounce (first frame 0.5)"
    assert (table[frames_table.MEAN, 9], table["bounce", 9], table["shelf", 9]) == (failed, failed, "passed")
    assert table[frames_table.MEAN, 17] == "passed"


def test_without_runs_of_the_own_value_there_is_no_difference():
    table = frames_table.by_setting(runs({"shelf": {5: [(1.0,), (0.0,)]}}), "frames", STATISTICS)
    assert "score_difference" not in table or np.isnan(table.score_difference).all()
