"""A tokenizer without its vocabulary knows no word, and says nothing: it is refused before a prompt is encoded."""

import json
import shutil

import pytest

from chainofsteps.errors import InputError
from chainofsteps.model.load import check_checkpoint, load_text_encoder

DAMAGES = {
    "no vocabulary": (lambda file: file.unlink(), r"tokenizer has no vocabulary \(spiece.model or tokenizer.json\)"),
    "empty": (lambda file: file.write_text(""), "holds no tokenizer that can be read .*; copy its files again"),
    "cut short": (lambda file: file.write_text(file.read_text()[:200]), "holds no tokenizer that can be read"),
    "another file": (lambda file: file.write_text("{}"), "holds no tokenizer that can be read"),
    "empty settings": (
        lambda file: file.with_name("tokenizer_config.json").write_text(""),
        "holds no tokenizer that can be read",
    ),
}


@pytest.fixture
def folder(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("act", [check_checkpoint, load_text_encoder])
def test_a_tokenizer_that_cannot_be_read(folder, damage, act):
    spoil, message = DAMAGES[damage]
    spoil(folder / "tokenizer/tokenizer.json")
    with pytest.raises(InputError, match=message) as error:
        act(folder)
    assert "\n" not in str(error.value)


def test_a_tokenizer_of_another_model(folder):
    path = folder / "tokenizer/tokenizer.json"
    tokenizer = json.loads(path.read_text())
    known = len(tokenizer["model"]["vocab"])
    tokenizer["model"]["vocab"] += [["▁more", -1.0]]
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=f"has {known + 1} tokens, but the text encoder {known} embeddings"):
        check_checkpoint(folder)
