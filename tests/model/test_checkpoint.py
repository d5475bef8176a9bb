import json
import shutil

import numpy as np
import pytest
import tiny

import chainofsteps as cos
from chainofsteps.bench.cases import Case
from chainofsteps.errors import InputError
from chainofsteps.model.checkpoint import (
    adapters_of,
    check_boundary,
    check_size,
    check_text_tokens,
    experts_of,
    keeps_first_frame,
    layers_of,
    read_index,
    takes_image_embeds,
)
from chainofsteps.probes.baseline.job import Encoder


def test_what_the_small_files_say(checkpoint, checkpoint_two):
    assert experts_of(checkpoint) == ["high"] and experts_of(checkpoint_two) == ["high", "low"]
    assert layers_of(checkpoint) == tiny.LAYERS
    check_boundary(checkpoint, None)
    check_boundary(checkpoint_two, 0.9)


def test_boundary_and_experts_must_fit(checkpoint, checkpoint_two):
    with pytest.raises(InputError, match="has one expert: set boundary to null"):
        check_boundary(checkpoint, 0.9)
    with pytest.raises(InputError, match=r"has two experts: set boundary \(its model_index.json says 0.8\)"):
        check_boundary(checkpoint_two, None)


@pytest.mark.parametrize("kind, side", [("wan2.2-i2v", 512), ("wan2.2-ti2v", 1024)])  # 32 tokens of 16 or 32 pixels
def test_pictures_and_clips_have_positions_in_the_model(checkpoint_of, kind, side):
    folder = checkpoint_of(kind)
    check_size(folder, 4 * 31 + 1, side, side, "'cases.size' is x")
    for size in ((17, side + 16, side), (17, side, side + 16)):
        with pytest.raises(InputError, match=rf"^'cases.size' is x, but .* at most {side} pixels a side \(rope"):
            check_size(folder, *size, "'cases.size' is x")
    with pytest.raises(InputError, match="and 129 frames, but .* takes at most 125 "):
        check_size(folder, 129, side, side, "'cases.size' is x")


def test_a_case_that_is_too_large_is_refused_before_the_encoders_are_loaded(checkpoint):
    case = Case("maze", "00000", None, "a prompt", np.zeros((16, 528, 3), np.uint8), 17, None)
    with pytest.raises(InputError, match=r"^case maze/00000 is 528x16 \(by cases.size, or its first frame\), but "):
        Encoder.of(checkpoint, [case], tiny.sampling())
    with pytest.raises(InputError, match="is 528x16, but .* at most 512 pixels"):
        cos.load(checkpoint, steps=1, guidance_scale=1.0, device="cpu").encode(case)


def test_the_kinds_of_models(checkpoint, checkpoint_of):
    of_image, of_both = checkpoint_of("wan2.1-i2v"), checkpoint_of("wan2.2-ti2v")
    assert [takes_image_embeds(folder) for folder in (checkpoint, of_image, of_both)] == [False, True, False]
    assert [keeps_first_frame(folder) for folder in (checkpoint, of_image, of_both)] == [False, False, True]
    assert experts_of(of_image) == experts_of(of_both) == ["high"]
    check_text_tokens(checkpoint, 24)
    check_text_tokens(of_image, 512)
    with pytest.raises(InputError, match="beside 512 text tokens, no other number: set max_sequence_length to 512"):
        check_text_tokens(of_image, 24)


def test_a_model_of_text_alone_is_refused(checkpoint_of, tmp_path):
    """TI2V 5B names the class of the text-to-video models, which differ in nothing else."""
    copy = shutil.copytree(checkpoint_of("wan2.2-ti2v"), tmp_path / "copy")
    index = json.loads((copy / "model_index.json").read_text())
    assert index["_class_name"] == "WanPipeline" and read_index(copy)["expand_timesteps"]
    (copy / "model_index.json").write_text(json.dumps({**index, "expand_timesteps": False}))
    with pytest.raises(InputError, match="holds a WanPipeline; give a Wan image-to-video checkpoint"):
        read_index(copy)


def test_adapters_of_the_experts(tmp_path):
    lora = {"folder": tmp_path, "high": "h.safetensors", "low": "sub/l.safetensors", "alpha": 1.0}
    both = {"high": tmp_path / "h.safetensors", "low": tmp_path / "sub" / "l.safetensors"}
    assert adapters_of(lora) == adapters_of(lora, ["high", "low"]) == both
    assert adapters_of(None, ["high"]) == {}
    with pytest.raises(InputError, match="adapters for high, low, but the checkpoint has the experts high; name one"):
        adapters_of(lora, ["high"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*; give a diffusers checkpoint"),
        ("{", "is not JSON"),
        ("[]", "is not a section of keys"),
        (json.dumps({"num_layers": "two"}), "is not the configuration of a transformer"),
    ],
)
def test_broken_configuration_is_one_line(checkpoint, tmp_path, content, message):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    path = copy / "transformer" / "config.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        layers_of(copy)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
