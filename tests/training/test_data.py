"""What training reads: clips, latents and token ids are what the stock pipeline would make."""

from itertools import permutations

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline

from chainofsteps import names as layout
from chainofsteps.bench import puzzles
from chainofsteps.bench.puzzles import bounce, bounce_down
from chainofsteps.bench.puzzles.canvas import COLOURS
from chainofsteps.bench.puzzles.flights import FLIGHTS
from chainofsteps.training import card, clips, latents, mixture, text, vae


def test_training_clips_take_turns_and_hold_out():
    for bucket in mixture.BUCKETS:
        names = bucket.puzzles()
        for index in range(len(names)):
            puzzle = mixture.training_puzzle(bucket, index, seed=0)
            assert not puzzles.is_held_out(puzzle.layout)
            assert puzzle.video.shape == (bucket.frames, bucket.side, bucket.side, 3)
            if bucket.frames > 1:  # one frame is the first, which solves nothing
                assert puzzles.PUZZLES[names[index]].score(puzzle.video, puzzle.layout) == 1.0


def test_what_the_card_says_of_flights_and_of_clips_laid_otherwise():
    drawn = {flight for flights in FLIGHTS.values() for flight in flights}
    assert f"{len(drawn)} flights" in card.TEMPLATE.read_text() and f"{len(drawn)} flights" in bounce.__doc__
    colours = [list(four) for four in permutations(COLOURS, 4)]
    for start, across in drawn:  # of every flight some are trained on and some are held out
        layouts = [{"targets": four, "start": start, "across": across} for four in colours]
        assert len({puzzles.is_held_out(layout) for layout in layouts}) == 2
    clip = bounce.generate(0).video
    ways = [vae.turned(torch.from_numpy(clip).movedim(-1, 0), way).movedim(0, -1).numpy() for way in range(8)]
    assert any(np.array_equal(way, bounce_down.generate(0).video) for way in ways)


def test_every_puzzle_in_the_domain_is_trained_on_and_no_other():
    for side in (64, 80):
        sizes = {name for name in layout.IN_DOMAIN if puzzles.PUZZLES[name].generate(0).video.shape[1] == side}
        assert {name for b in mixture.BUCKETS if b.side == side for name in b.puzzles()} == sizes
    assert {name for bucket in mixture.BUCKETS for name in bucket.puzzles()} == set(layout.IN_DOMAIN)


def test_no_two_buckets_or_seeds_share_a_clip():
    drawn = [
        mixture.training_puzzle(bucket, index, seed).layout
        for bucket in mixture.BUCKETS
        if bucket.side == 64
        for seed in (0, 1)
        for index in (0, 1)
    ]
    assert len({str(item) for item in drawn}) == len(drawn)


def test_buckets_come_as_often_as_their_shares_and_the_same_in_all_processes():
    steps = [mixture.bucket_of_step(step, seed=1) for step in range(4000)]
    assert steps == [mixture.bucket_of_step(step, seed=1) for step in range(4000)]
    for bucket in mixture.BUCKETS:
        assert steps.count(bucket) / 4000 == pytest.approx(bucket.share, abs=0.03)


def test_batches_hold_as_many_tokens_and_the_clips_seen_are_theirs():
    for bucket in mixture.BUCKETS:
        _, frames, height, width = bucket.latent_shape
        assert bucket.batch % 2 == 0
        assert 0.9 < bucket.batch * frames * (height // 2) * (width // 2) / mixture.TOKENS <= 1
    steps = [mixture.bucket_of_step(step, seed=1).batch for step in range(30)]
    assert mixture.clips_seen(30, seed=1) == sum(steps) and mixture.clips_seen(0, seed=1) == 0


def test_pools_are_as_large_as_what_is_drawn_of_them():
    sizes = {bucket: latents.pool_size(bucket, 100_000) for bucket in mixture.BUCKETS}
    first, *others = mixture.BUCKETS
    assert sum(sizes.values()) == pytest.approx(100_000, rel=0.01)
    for other in others:
        drawn = other.share * other.batch / (first.share * first.batch)
        assert sizes[other] / sizes[first] == pytest.approx(drawn, rel=0.01)


def test_clip_pool_is_the_puzzles(tmp_path):
    bucket = mixture.BUCKETS[1]
    path = tmp_path / "training" / "clips.npy"  # in a folder that is not there yet
    clips.write_clips(path, bucket, 3, seed=3, processes=1)
    assert np.array_equal(np.load(path)[2], mixture.training_puzzle(bucket, 2, 3).video)


def test_the_eight_ways_to_lay_a_clip_are_eight():
    clip = torch.rand(1, 3, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    laid = [vae.turned(clip, way) for way in range(8)]
    assert torch.equal(laid[0], clip)
    assert len({tuple(one.flatten().tolist()) for one in laid}) == 8
    assert all(torch.equal(one.flatten().sort().values, clip.flatten().sort().values) for one in laid)


def test_training_autoencoder_is_the_stock_one():
    torch.manual_seed(0)
    stock = vae.build_vae().eval()
    clip = clips.to_tensor(mixture.training_puzzle(mixture.BUCKETS[0], 0, 0).video)[None]
    with torch.no_grad():
        expected = stock.encode(clip).latent_dist.mode()
        decoded = stock.decode(expected).sample
        module = vae.ClipAutoencoder(stock)
        mean, _ = module.encode(clip)
        assert torch.allclose(mean, expected, atol=1e-4)
        assert torch.allclose(module.decode(mean).clamp(-1, 1), decoded, atol=1e-4)


@pytest.mark.slow
def test_prompts_are_embedded_as_the_stock_pipeline_does():
    torch.manual_seed(0)
    tokenizer = text.build_tokenizer()
    encoder = text.build_text_encoder(len(tokenizer)).eval()
    prompts = ["mark the red circle", "move the red disc along the shortest path to the green square", ""]
    ids = text.token_ids(tokenizer, prompts)
    pipeline = WanImageToVideoPipeline(
        tokenizer, encoder, vae.build_vae(), FlowMatchEulerDiscreteScheduler(), transformer=None
    )
    with torch.no_grad():
        expected, _ = pipeline.encode_prompt(prompts, do_classifier_free_guidance=False, max_sequence_length=24)
        assert torch.allclose(text.embed_prompts(encoder, ids), expected, atol=1e-6)
    assert tokenizer.unk_token_id not in ids, "a word of a prompt is not in the vocabulary"
    assert len({tuple(row.tolist()) for row in ids}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["17x64", "17x80", "9x64", "1x64"])
def test_latent_pool_is_what_the_stock_pipeline_conditions_on(tmp_path, monkeypatch, name):
    bucket = next(bucket for bucket in mixture.BUCKETS if bucket.name == name)
    monkeypatch.setattr(latents, "BUCKETS", (bucket,))
    monkeypatch.setattr(latents, "BATCH", 3)
    torch.manual_seed(0)
    trained = vae.build_vae()
    trained.register_to_config(latents_mean=[0.1] * 16, latents_std=[2.0] * 16)
    trained.save_pretrained(tmp_path / "vae")
    latents.open_pool(tmp_path, bucket, "w+", 3)
    latents.write_latents(0, 1, tmp_path, 3, seed=0)
    pool = latents.open_pool(tmp_path, bucket)
    puzzle = mixture.training_puzzle(bucket, 2, seed=1)
    pipeline = WanImageToVideoPipeline(
        text.build_tokenizer(), None, trained.eval(), FlowMatchEulerDiscreteScheduler(), transformer=None
    )
    image = clips.to_tensor(puzzle.video[:1])[:, 0][None]
    shape = (bucket.side, bucket.side, bucket.frames)
    with torch.no_grad():
        _, condition = pipeline.prepare_latents(image, 1, 16, *shape, torch.float32, latents=torch.zeros(1))
    assert np.allclose(pool["condition"][2], condition[0, 4:], atol=5e-3)
    assert pool["ids"][2].tolist() == text.token_ids(text.build_tokenizer(), [puzzle.prompt])[0].tolist()
