import dataclasses
import weakref

import pytest
import tiny
import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image

from chainofsteps import conditioning
from chainofsteps.conditioning import Conditioning, encode, restore_first_frame
from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.models import load_text_encoder, load_vae

SETTINGS = tiny.sampling(guidance_scale=5.0, negative_prompt="blue ring")


@pytest.fixture(scope="module")
def given(checkpoint):
    return tiny.conditioning(checkpoint, SETTINGS)


def test_it_is_what_the_stock_pipeline_gives_its_model(checkpoint, given, monkeypatch):
    seen = []
    pipeline = WanImageToVideoPipeline.from_pretrained(checkpoint)
    forward = pipeline.transformer.forward
    monkeypatch.setattr(pipeline.transformer, "forward", lambda **inputs: seen.append(inputs) or forward(**inputs))
    case = tiny.TinyCase()
    pipeline(
        image=Image.fromarray(case.first_frame),
        prompt=case.prompt,
        negative_prompt="blue ring",
        height=64,
        width=64,
        num_frames=17,
        num_inference_steps=1,
        guidance_scale=5.0,
        max_sequence_length=tiny.TEXT_TOKENS,
        output_type="latent",
    )
    assert torch.equal(given.condition, seen[0]["hidden_states"][:, 16:])
    assert torch.equal(given.prompt_embeds, seen[0]["encoder_hidden_states"])
    assert torch.equal(given.negative_prompt_embeds, seen[1]["encoder_hidden_states"])


def test_encoders_one_after_the_other_give_the_same_bits(checkpoint, given, monkeypatch):
    encoders, encoded = [], []

    def load(*where):
        text_encoder, tokenizer = load_text_encoder(*where)
        encoders.append(weakref.ref(text_encoder))
        return text_encoder, tokenizer

    encode_text = conditioning.encode_text
    monkeypatch.setattr(conditioning, "load_text_encoder", load)
    monkeypatch.setattr(
        conditioning, "encode_text", lambda text, *rest: encoded.append(text) or encode_text(text, *rest)
    )
    case = tiny.TinyCase()
    embeds = conditioning.encode_texts(checkpoint, [case.prompt, "blue ring", case.prompt, "blue ring"], SETTINGS)
    assert encoded == [case.prompt, "blue ring"] == list(embeds)  # each once
    assert encoders[0]() is None  # before the VAE is loaded
    assert torch.equal(embeds[case.prompt], given.prompt_embeds)
    assert torch.equal(embeds["blue ring"], given.negative_prompt_embeds)
    condition = conditioning.encode_first_frame(case, load_vae(checkpoint), tiny.FRAMES, tiny.HEIGHT, tiny.WIDTH)
    assert torch.equal(condition, given.condition)


def test_shapes_mask_and_padding(given):
    assert given.condition.shape == (1, 20, 5, 8, 8) and given.latents_shape == tiny.LATENTS_SHAPE
    assert (given.condition[:, :4, 0] == 1).all() and (given.condition[:, :4, 1:] == 0).all()
    words = len(tiny.TinyCase().prompt.split()) + 1  # and the end mark; &amp; became one unknown word
    assert (given.prompt_embeds[0, :words].abs().sum(-1) > 0).all()
    assert (given.prompt_embeds[0, words:] == 0).all()


def test_the_prompt_is_cleaned(checkpoint, given):
    clean = dataclasses.replace(tiny.TinyCase(), prompt="move the red square to the goal & find a ring .")
    assert torch.equal(tiny.conditioning(checkpoint, SETTINGS, clean).prompt_embeds, given.prompt_embeds)


def test_without_guidance_there_is_no_negative_prompt(checkpoint, tmp_path):
    plain = tiny.conditioning(checkpoint, tiny.sampling())
    assert plain.negative_prompt_embeds is None and "negative_prompt_embeds" not in plain.to_tensors()


def test_tensors_and_back(given, tmp_path):
    save_tensors(tmp_path / "c.safetensors", given.to_tensors(), {})
    back = Conditioning.from_tensors(load_tensors(tmp_path / "c.safetensors")[0])
    assert torch.equal(back.condition, given.condition) and back.image_embeds is None
    assert torch.equal(back.prompt_embeds, given.prompt_embeds)
    assert torch.equal(back.negative_prompt_embeds, given.negative_prompt_embeds)
    with pytest.raises(InputError, match="not a conditioning: tensors latents"):
        Conditioning.from_tensors({"latents": torch.zeros(1)})


def test_the_first_frame_is_restored(checkpoint, given):
    latents = torch.randn(3, *tiny.LATENTS_SHAPE[1:])
    before = latents.clone()
    restored = restore_first_frame(latents, given)
    assert torch.equal(latents, before) and torch.equal(restored[:, :, 1:], latents[:, :, 1:])
    # the encoded first frame by itself, normalised
    vae = load_vae(checkpoint)
    pixels = torch.from_numpy(tiny.TinyCase().first_frame).permute(2, 0, 1)[None, :, None] / 127.5 - 1
    with torch.no_grad():
        alone = vae.encode(pixels).latent_dist.mode()[:, :, 0]
    mean, std = (torch.tensor(v).view(1, 16, 1, 1) for v in (vae.config.latents_mean, vae.config.latents_std))
    assert torch.allclose(restored[:, :, 0], ((alone - mean) / std).expand(3, -1, -1, -1), atol=1e-5)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((16, 64, 64), "case 00000: 16 frames; the VAE needs 4k \\+ 1, such as 17"),
        ((17, 60, 64), "case 00000: 60x64 pixels; both sides must be multiples of 16"),
    ],
)
def test_sizes_that_do_not_divide(checkpoint, size, message):
    encoders = (*load_text_encoder(checkpoint), load_vae(checkpoint))
    with pytest.raises(InputError, match=message):
        encode(tiny.TinyCase(), *encoders, SETTINGS, *size)
