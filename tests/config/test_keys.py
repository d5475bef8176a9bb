"""Keys of a file that stand twice, and folders of the user's own."""

from pathlib import Path

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("noise: {steps: [0]}\nmodel: mine\nnoise: {frames: [1]}\n", "mine.yaml, line 3: noise stands in line 1 too"),
        ("cases:\n  number: 2\n  tasks: [a]\n  number: 3\n", "mine.yaml, line 4: number stands in line 2 too"),
        ("noise: {steps: [0], steps: [1]}\n", "mine.yaml, line 1: steps stands in line 1 too; keep one of them"),
        ("panels:\n  - {figure: fig1, panel: a, figure: fig2}\n", "line 2: figure stands in line 2 too"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_lines(tmp_path, text, words):
    """YAML takes the last one, and says nothing."""
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        load_config(ROOT / "config.yaml", tmp_path / "mine.yaml")


def test_keys_that_are_merged_or_of_other_sections_may_come_again(tmp_path):
    text = "models:\n  a: &one {like: embedded, steps: 4}\n  b: {<<: *one, steps: 8}\n  c: *one\n"
    (tmp_path / "mine.yaml").write_text(text)
    models = load_config(ROOT / "config.yaml", tmp_path / "mine.yaml")["models"]
    assert [models[name]["steps"] for name in "abc"] == [4, 8, 4]


def test_a_tilde_is_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = load_config(
        ROOT / "config.yaml", models_folder="~/weights", models={"mine": {"like": "embedded", "folder": "~/m"}}
    )
    assert config["models_folder"] == str(tmp_path / "weights") and config["models"]["mine"]["folder"] == str(
        tmp_path / "m"
    )
    assert config["models"]["vbvr-wan2.2"]["folder"].startswith(str(tmp_path / "weights"))
