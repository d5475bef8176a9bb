import dataclasses
import weakref

import numpy as np
import pytest
import tiny
import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image

from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.model import conditioning
from chainofsteps.model.conditioning import Conditioning, encode, restore_first_frame
from chainofsteps.model.load import load_image_encoder, load_text_encoder, load_vae
from chainofsteps.run.denoise import initial_latents

SETTINGS = tiny.sampling(guidance_scale=5.0, negative_prompt="blue ring")
SIZE = (tiny.FRAMES, tiny.HEIGHT, tiny.WIDTH)


@pytest.fixture(scope="module")
def given(checkpoint):
    return tiny.conditioning(checkpoint, SETTINGS)


def settings_of(kind):
    """The image branch needs the text tokens that the real models have."""
    return dataclasses.replace(SETTINGS, max_sequence_length=512) if kind == "wan2.1-i2v" else SETTINGS


@pytest.mark.parametrize("kind", ["wan2.2-i2v", "wan2.1-i2v", "wan2.2-ti2v"])
def test_it_is_what_the_stock_pipeline_gives_its_model(kind, checkpoint_of, monkeypatch):
    seen, settings = [], settings_of(kind)
    pipeline = WanImageToVideoPipeline.from_pretrained(checkpoint_of(kind))
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
        max_sequence_length=settings.max_sequence_length,
        output_type="latent",
        generator=torch.Generator().manual_seed(1),
    )
    given = tiny.conditioning(checkpoint_of(kind), settings)
    for branch, embeds in zip(seen, (given.prompt_embeds, given.negative_prompt_embeds), strict=True):
        assert torch.equal(embeds, branch["encoder_hidden_states"])
        image_embeds = branch["encoder_hidden_states_image"]
        assert (given.image_embeds is None) == (image_embeds is None) == (kind != "wan2.1-i2v")
        assert image_embeds is None or torch.equal(given.image_embeds, image_embeds)
        noise = initial_latents(given.latents_shape, "00000", seed=1, shared=True)
        latents_in, timestep = given.model_input(given.begin(noise), torch.tensor(1000.0), 2)
        assert torch.equal(latents_in, branch["hidden_states"])
        assert torch.equal(timestep, branch["timestep"]) and timestep.ndim == (2 if kind == "wan2.2-ti2v" else 1)


def test_a_first_frame_that_stays(checkpoint_of):
    """TI2V: latent frame 0 is the encoded first frame at every step, whatever the model says of it."""
    folder = checkpoint_of("wan2.2-ti2v")
    given = tiny.conditioning(folder, SETTINGS)
    assert given.condition.shape == (1, 48, 1, 4, 4) and given.latents_shape == (1, 48, 5, 4, 4)
    assert given.first_frame_mask[0, 0, :, 0, 0].tolist() == [0, 1, 1, 1, 1]
    noise, velocity = torch.randn(2, 3, *given.latents_shape[1:])
    begun = given.begin(noise)
    assert torch.equal(begun[:, :, :1], given.condition.expand(3, -1, -1, -1, -1))
    assert torch.equal(begun[:, :, 1:], noise[:, :, 1:])
    kept = given.keep_first_frame(velocity, begun, torch.tensor(0.7))
    assert (kept[:, :, 0] == 0).all() and torch.equal(kept[:, :, 1:], velocity[:, :, 1:])
    # Disturbed, it does not reach the model, and is led back.
    latents_in, timestep = given.model_input(noise, torch.tensor(700.0), 2)
    assert torch.equal(latents_in, begun)
    assert timestep.shape == (3, 5 * 2 * 2) and timestep[0].tolist() == [0.0] * 4 + [700.0] * 16
    x0_pred = noise - 0.7 * given.keep_first_frame(velocity, noise, torch.tensor(0.7))
    assert torch.allclose(x0_pred[:, :, :1], given.condition.expand(3, -1, -1, -1, -1), atol=1e-5)


def test_other_models_have_no_frame_that_stays(given):
    noise, velocity = torch.randn(2, *tiny.LATENTS_SHAPE)
    assert given.begin(noise) is noise
    assert given.keep_first_frame(velocity, noise, torch.tensor(0.7)) is velocity


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
    embeds = conditioning.encode_texts(
        checkpoint, dict(zip("abcd", [case.prompt, "blue ring", case.prompt, "blue ring"], strict=True)), SETTINGS
    )
    assert encoded == [case.prompt, "blue ring"] == list(embeds)  # each once
    assert encoders[0]() is None  # before the VAE is loaded
    assert torch.equal(embeds[case.prompt]["prompt_embeds"], given.prompt_embeds)
    assert torch.equal(embeds["blue ring"]["prompt_embeds"], given.negative_prompt_embeds)
    frame = conditioning.encode_first_frame(case, load_vae(checkpoint), *SIZE)
    assert list(frame) == ["condition"] and torch.equal(frame["condition"], given.condition)


def test_image_embeds_are_made_once_for_each_case(checkpoint, checkpoint_of, monkeypatch):
    encoders, encoded = [], []

    def load(*where):
        image_encoder, image_processor = load_image_encoder(*where)
        encoders.append(weakref.ref(image_encoder))
        return image_encoder, image_processor

    encode_image = conditioning.encode_image
    monkeypatch.setattr(conditioning, "load_image_encoder", load)
    monkeypatch.setattr(
        conditioning, "encode_image", lambda case, *rest: encoded.append(case.name) or encode_image(case, *rest)
    )
    other = np.zeros_like(tiny.TinyCase().first_frame)
    cases = [tiny.TinyCase(), tiny.TinyCase(name="00001", first_frame=other)]
    folder = checkpoint_of("wan2.1-i2v")
    embeds = conditioning.encode_images(folder, cases, "cpu")
    assert encoded == ["00000", "00001"] == list(embeds)
    assert encoders[0]() is None  # before the VAE is loaded
    expected = tiny.conditioning(folder, settings_of("wan2.1-i2v")).image_embeds
    assert torch.equal(embeds["00000"], expected) and not torch.equal(embeds["00001"], expected)
    assert conditioning.encode_images(checkpoint, cases, "cpu") == {"00000": None, "00001": None}
    assert len(encoders) == 1


def test_text_tokens_that_the_image_branch_cannot_have(checkpoint_of, monkeypatch):
    monkeypatch.setattr(conditioning, "load_text_encoder", None)  # it is said before anything is loaded
    with pytest.raises(InputError, match="set max_sequence_length to 512"):
        conditioning.encode_texts(checkpoint_of("wan2.1-i2v"), {"a": "move"}, SETTINGS)


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
    kept = replace_frame(given)
    save_tensors(tmp_path / "k.safetensors", kept.to_tensors(), {})
    back = Conditioning.from_tensors(load_tensors(tmp_path / "k.safetensors")[0])
    assert torch.equal(back.first_frame_mask, kept.first_frame_mask)
    with pytest.raises(InputError, match="not a conditioning: tensors latents"):
        Conditioning.from_tensors({"latents": torch.zeros(1)})


def replace_frame(given):
    """The same with a first frame that stays."""
    return dataclasses.replace(given, condition=torch.ones(1, 48, 1, 4, 4), first_frame_mask=torch.ones(1, 1, 5, 4, 4))


def test_the_dtype_is_that_of_the_embeddings(checkpoint_of):
    for kind in ("wan2.1-i2v", "wan2.2-ti2v"):
        moved = tiny.conditioning(checkpoint_of(kind), settings_of(kind)).to("cpu", torch.bfloat16)
        dtypes = {name: tensor.dtype for name, tensor in moved.to_tensors().items()}
        in_float32 = {"condition", "first_frame_mask"} & set(dtypes)
        assert {name for name, dtype in dtypes.items() if dtype == torch.float32} == in_float32


@pytest.mark.parametrize("kind", ["wan2.1-i2v", "wan2.2-ti2v"])
def test_the_first_frame_of_any_model_is_restored(kind, checkpoint_of):
    given = tiny.conditioning(checkpoint_of(kind), settings_of(kind))
    latents = torch.randn(2, *given.latents_shape[1:])
    restored = restore_first_frame(latents, given)
    assert torch.equal(restored[:, :, 1:], latents[:, :, 1:])
    of_frame = given.condition[:, 4:, 0] if kind == "wan2.1-i2v" else given.condition[:, :, 0]
    assert torch.equal(restored[:, :, 0], of_frame.expand(2, -1, -1, -1))


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


def test_tokens_of_ti2v_are_larger(checkpoint_of):
    with pytest.raises(InputError, match="case 00000: 48x64 pixels; both sides must be multiples of 32"):
        conditioning.encode_first_frame(tiny.TinyCase(), load_vae(checkpoint_of("wan2.2-ti2v")), 17, 48, 64, True)
