"""What training reads: clips, latents and token ids are what the stock pipeline would make."""

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline

from chainofsteps import puzzles
from chainofsteps.training import clips, latents, text, vae


def test_training_clips_take_turns_and_hold_out():
    names = list(puzzles.PUZZLES)
    drawn = [clips.training_puzzle(index, seed=0) for index in range(40)]
    assert not any(puzzles.is_held_out(puzzle.layout) for puzzle in drawn)
    assert all(
        puzzles.PUZZLES[names[index % len(names)]].score(puzzle.video, puzzle.layout) == 1.0
        for index, puzzle in enumerate(drawn)
    )


def test_clip_pool_is_the_puzzles(tmp_path):
    clips.write_clips(tmp_path / "clips.npy", 5, seed=3, processes=1)
    pool = np.load(tmp_path / "clips.npy")
    assert np.array_equal(pool[4], clips.training_puzzle(4, 3).video)


def test_training_autoencoder_is_the_stock_one():
    torch.manual_seed(0)
    stock = vae.build_vae().eval()
    clip = clips.to_tensor(clips.training_puzzle(0, 0).video)[None]
    with torch.no_grad():
        expected = stock.encode(clip).latent_dist.mode()
        decoded = stock.decode(expected).sample
        module = vae.ClipAutoencoder(stock)
        mean, _ = module.encode(clip)
        assert torch.allclose(mean, expected, atol=1e-4)
        assert torch.allclose(module.decode(mean).clamp(-1, 1), decoded, atol=1e-4)


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


def test_latent_pool_is_what_the_stock_pipeline_conditions_on(tmp_path):
    torch.manual_seed(0)
    trained = vae.build_vae()
    trained.register_to_config(latents_mean=[0.1] * 16, latents_std=[2.0] * 16)
    trained.save_pretrained(tmp_path / "vae")
    latents.open_pool(tmp_path, 3)
    latents.write_latents(0, 1, tmp_path, 3, seed=0)
    pool = latents.open_pool(tmp_path)
    puzzle = clips.training_puzzle(2, seed=1)
    pipeline = WanImageToVideoPipeline(
        text.build_tokenizer(), None, trained.eval(), FlowMatchEulerDiscreteScheduler(), transformer=None
    )
    image = clips.to_tensor(puzzle.video[:1])[:, 0][None]
    with torch.no_grad():
        _, condition = pipeline.prepare_latents(image, 1, 16, 64, 64, 17, torch.float32, latents=torch.zeros(1))
    assert np.allclose(pool["condition"][2], condition[0, 4:], atol=5e-3)
    assert pool["ids"][2].tolist() == text.token_ids(text.build_tokenizer(), [puzzle.prompt])[0].tolist()
