import threading
from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.scoring import BATCH_ELEMENTS, references, score, scored, scores, through_vae
from chainofsteps.bench.video import read_mp4, resized
from chainofsteps.errors import InputError
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.names import GROUND_TRUTH
from chainofsteps.probes.noise.rows import finals
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep


@pytest.fixture
def case(tmp_path):
    write_case(tmp_path, "In-Domain_50", "grounding", "00000", puzzles.draw("grounding", 7, held_out=True))
    return read_cases(tmp_path, "grounding")[0]


class AutoencoderKLWan(torch.nn.Module):
    """A VAE, by its name of the family Wan, whose latents are the video's own pixels: what goes through it is known."""

    dtype, device = torch.float32, torch.device("cpu")

    class config:  # noqa: N801, the name diffusers uses
        z_dim, latents_mean, latents_std = 3, [0.1, -0.2, 0.3], [0.5, 2.0, 1.5]

    class Posterior:
        def __init__(self, mode):
            self.mode = lambda: mode

    def encode(self, pixels):
        self.frames, self.size = pixels.shape[2], tuple(pixels.shape[3:])
        assert pixels.shape[:2] == (1, 3) and pixels.min() >= -1 and pixels.max() <= 1
        return type("Output", (), {"latent_dist": self.Posterior(pixels)})

    def decode(self, latents, return_dict):
        return (latents,)


def test_ground_truth_goes_through_the_vae_with_its_own_mean_and_spread(case):
    video = np.random.default_rng(0).integers(0, 256, (17, 64, 64, 3), np.uint8)
    assert np.abs(through_vae(AutoencoderKLWan(), video).astype(int) - video).max() <= 1


def test_ground_truth_is_what_the_real_class_makes_of_it(case):
    vae, video = tiny.vae(), np.random.default_rng(0).integers(0, 256, (17, 64, 64, 3), np.uint8)
    pixels = torch.from_numpy(video).permute(3, 0, 1, 2)[None] / 127.5 - 1
    with torch.no_grad():
        decoded = vae.decode(vae.encode(pixels).latent_dist.mode()).sample[0]
    expected = ((decoded.permute(1, 2, 3, 0) + 1) * 127.5).clamp(0, 255).round().numpy()
    assert np.abs(through_vae(vae, video) - expected).max() <= 1


def test_scores_are_those_of_the_videos_one_by_one_in_order(case):
    truth = torch.from_numpy(read_mp4(case.folder / GROUND_TRUTH)).permute(3, 0, 1, 2) / 127.5 - 1
    mean, std = (
        torch.tensor(values).view(3, 1, 1, 1)
        for values in (AutoencoderKLWan.config.latents_mean, AutoencoderKLWan.config.latents_std)
    )
    static = truth[:, :1].expand_as(truth)
    latents = torch.stack([(clip - mean) / std for clip in (truth, static, truth)])
    assert latents[0].numel() > BATCH_ELEMENTS  # one at a time
    floor = score(case, np.repeat(case.first_frame[None], 17, axis=0))
    # the first frame of the file is that of the case but for the codec
    assert scores(case, AutoencoderKLWan(), latents) == [1.0, pytest.approx(floor, abs=0.01), 1.0]
    vae, small = tiny.vae(), torch.randn(20, *tiny.LATENTS_SHAPE[1:])
    assert 1 < BATCH_ELEMENTS // small[0].numel() < 20  # several at a time, and the rest
    assert len(scores(case, vae, small)) == 20


def test_the_first_frame_is_restored_wherever_it_was_noised():
    runs = [NoiseAtStep(0), NoiseAtStep(7, "renoise"), NoiseAtFrame(0), NoiseAtFrame(0, (3,)), NoiseAtFrame(2)]
    latents = {run.name(): torch.randn(tiny.LATENTS_SHAPE[1:]) for run in runs}
    given = Conditioning(torch.zeros(1, 3, 2), torch.randn(1, 20, *tiny.LATENTS_SHAPE[2:]))
    first = given.condition[0, MASK_CHANNELS:, 0]
    for run, final in zip(runs, finals(latents, runs, given, True), strict=True):
        noised = latents[run.name()]
        assert final.shape == tiny.LATENTS_SHAPE and torch.equal(final[0, :, 1:], noised[:, 1:])
        assert torch.equal(final[0, :, 0], noised[:, 0] if run == NoiseAtFrame(2) else first)
    untouched = finals(latents, runs, given, False)
    assert all(torch.equal(final[0], latents[run.name()]) for run, final in zip(runs, untouched, strict=True))


def test_references_of_a_perfect_vae(case):
    found = references(case, AutoencoderKLWan(), (1, 3, 17, 64, 64))
    assert found["ground_truth"] == 1.0
    assert found["floor_static"] == score(case, np.repeat(case.first_frame[None], 17, axis=0)) <= 0.3
    assert found["floor_noise"] <= 0.3
    assert references(case, AutoencoderKLWan(), (1, 3, 17, 64, 64)) == found


def test_references_of_a_shorter_video_are_as_short(case):
    """The true clip tells the whole story in the case's number of frames; grounding is scored by the last of them."""
    recorder = AutoencoderKLWan()
    assert references(replace(case, frames=5), recorder, (1, 3, 5, 64, 64))["ground_truth"] == 1.0
    assert recorder.frames == 5


def test_the_true_clip_of_a_longer_video_stays_at_its_end(case):
    seen = []
    references(
        replace(case, frames=21), AutoencoderKLWan(), (1, 3, 21, 64, 64), lambda case, video: seen.append(video) or 0.0
    )
    truth = read_mp4(case.folder / GROUND_TRUTH).astype(int)
    assert [len(video) for video in seen] == [21, 21, 21]
    assert np.abs(seen[0] - np.concatenate([truth, np.repeat(truth[-1:], 4, axis=0)])).max() <= 1


def test_task_without_a_rule_is_refused(case):
    with pytest.raises(InputError, match="G-3_sort"):
        score(type(case)(**{**vars(case), "task": "G-3_sort"}), np.zeros((17, 64, 64, 3), np.uint8))


def test_the_true_clip_is_read_in_the_size_that_the_case_is_run_in(case):
    larger = replace(case, first_frame=resized(case.first_frame[None], 128, 128)[0], given=(64, 64))
    recorder = AutoencoderKLWan()
    assert references(larger, recorder, (1, 3, 17, 128, 128))["ground_truth"] == 1.0
    assert recorder.size == (128, 128)


def test_videos_are_scored_side_by_side_in_their_order_while_others_are_decoded():
    """The second is scored before the first is done, and not all are decoded before one is scored."""
    second_came, decoded = threading.Event(), []

    def scorer(video):
        if video == 0:
            assert second_came.wait(20)
        if video == 1:
            second_came.set()
        return 10 * video

    def videos():
        for video in range(9):
            decoded.append(video)
            yield video

    found = scored(scorer, videos(), at_once=2)
    assert next(found) == 0 and len(decoded) == 4
    assert list(found) == [10, 20, 30, 40, 50, 60, 70, 80]
    assert list(scored(scorer, [3, 4])) == [30, 40]


def test_a_failure_side_by_side_is_the_failure_of_all():
    def scorer(video):
        raise InputError(f"video {video} has no score")

    with pytest.raises(InputError, match="video 0 has no score"):
        list(scored(scorer, range(5), at_once=3))
