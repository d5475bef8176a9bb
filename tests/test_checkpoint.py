import json
import shutil

import pytest
import tiny

from chainofsteps.checkpoint import check_boundary, experts_of, layers_of
from chainofsteps.errors import InputError


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*; give a diffusers checkpoint"),
        ("{", "is not JSON"),
        ("[]", "is not a section of keys"),
        (json.dumps({"num_layers": "two"}), "is not the configuration of a Wan transformer"),
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
