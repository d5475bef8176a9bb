"""Mistakes of writing in a configuration file: one line with the file, the line and the mend, at once."""

from pathlib import Path

import pytest

from chainofsteps.config.explain import FORMS
from chainofsteps.config.read import load_config
from chainofsteps.config.schema import keys, options, schema
from chainofsteps.errors import InputError

CONFIG = Path(__file__).parents[2] / "config.yaml"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"b{i}: &b{i} [{','.join([f'*b{i - 1}' if i else '*a'] * 10)}]\n" for i in range(9)
)
BAD = [
    ("cases:\n  number: \t\n", "line 2: a tab; indent with spaces"),
    ("noise:\n\tsteps: [0]\n", "line 2: a tab; indent with spaces"),
    ("noise\n  steps: [0]\n", "line 1: no colon after noise; write `noise: ...`"),
    ("cases:\n  # cases\n  folder null # none\n  number: 2\n", "line 3: no colon after folder; write `folder: null`"),
    ("noise: {steps: [0]}\nmodel\n", "line 2: no colon after model"),
    ("model: a: b\n", "line 1: a colon that is one too many, or lacks in the line above"),
    ('x: 1\nmodel: "a\x01b"\n', "line 2: a control character; delete it"),
    ("\0\0", "line 1: a control character"),
    ("noise: {steps: [0]}\n---\nmodel: embedded\n", "line 2: a second document begins"),
    ("a: 1\nnoise: *gone\n", "line 2: the alias gone stands for nothing"),
    ("a: &x 1\nb: &x 2\n", "line 2: the anchor x was given above"),
    ("a: 1\nmodel: !!python/object:os.system x\n", "line 2: the tag !!python/object:os.system is not known"),
    ("model: [a\n", "line 1: a list or section is not closed"),
    ('model: "a\n', "line 1: a quote is not closed"),
    ("? [a, b]\n: c\n", "line 1: a key that is a list or a section"),
    ("noise:\n    steps: [0]\n  frames: [0]\n", "line 3: the indentation fits no line above"),
    ("a: @b\n", "line 1: a character that no value begins with"),
    ("a: 1\n2: b\n", "line 2: the key 2 is no text; put it in quotes"),
    ("yes: 1\n", "line 1: the key yes is no text"),
    ("a: 1\nb: 2024-13-45\n", "line 2: 2024-13-45 cannot be read .month must be in 1..12.; put it in quotes"),
    ("a: &a [*a]\n", "line 1: the alias of what begins here holds itself"),
    (LAUGHS, "line 6: its aliases stand for over 1,000,000 values"),
    ("[" * 3000, ""),
]


def refused(folder, content):
    path = folder / "mine.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        load_config(CONFIG, path)
    assert "\n" not in str(error.value)
    assert "mine.yaml" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("content", "words"), BAD, ids=range(len(BAD)))
def test_a_mistake_is_named_with_its_line(tmp_path, content, words):
    message = refused(tmp_path, content)
    assert message.startswith(f"mine.yaml{', ' if words else ''}{words.partition(' (')[0].partition(' .')[0]}"), message


def test_a_file_without_keys_or_of_another_encoding(tmp_path):
    for empty in ("", "# all is gone\n", "---\n"):
        assert refused(tmp_path, empty).startswith("mine.yaml is empty; write keys such as `model: embedded`")
    assert "holds a list at its top level" in refused(tmp_path, "[1, 2]")
    assert "mine.yaml, line 2: the byte 0xe4 is not UTF-8" in refused(tmp_path, "a: 1\nb: kä".encode("latin-1"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot read .*folder: Is a directory; check the name"):
        load_config(tmp_path / "folder")


def test_what_is_right_is_read(tmp_path):
    for content in ("\ufeffmodel: embedded\n", '{"model":\t"embedded"}', "a: &x 1\n".replace("a", "gpu_memory_gb")):
        (tmp_path / "mine.yaml").write_text(content, encoding="utf-8")
        assert load_config(CONFIG, tmp_path / "mine.yaml")["model"] == "embedded"
    assert "model stands in line 1 too" in refused(tmp_path, '{"model":\t"a",\n"model": "b"}')


def test_every_pattern_has_its_words():
    patterns = {kind["pattern"] for _, key in keys(schema()) for kind in options(key) if "pattern" in kind}
    assert len(patterns) > 5 and patterns <= set(FORMS)
