"""Prompts that are longer than the model reads are cut off, as the stock pipeline does, and a line says so."""

import dataclasses

import numpy as np
import pytest
import tiny
import tiny_ltx
import torch

from chainofsteps.bench.cases import Case
from chainofsteps.model.conditioning import encode_texts
from chainofsteps.model.family import FAMILIES
from chainofsteps.probes.baseline.job import Encoder

LONG = "move the red square to the goal " * 6  # 42 words; the model reads 23 and the end mark
ENDS = "find a blue ring", "the red square ."


def test_a_prompt_that_is_cut_is_named_with_what_is_lost(checkpoint, caplog):
    texts = dict(zip(("case a", "case b"), (LONG + end for end in ENDS), strict=True))
    embeds = encode_texts(checkpoint, {**texts, "case c": "move"}, tiny.sampling())
    assert torch.equal(*(embeds[text]["prompt_embeds"] for text in texts.values()))  # nothing tells the two apart
    (line,) = caplog.messages
    assert line == (
        "warning: case b has 47 tokens, and the model reads 24 (max_sequence_length): the last 23 are cut off, and 1 "
        "more are cut too; shorten it, or raise max_sequence_length if the model was trained with more"
    )


@pytest.mark.parametrize("words, said", [(23, False), (24, True)])
def test_the_end_mark_is_read_too(checkpoint, caplog, words, said):
    """What the stock pipeline reads of a prompt is as long as the tokenizer says, once it is cleaned."""
    encode_texts(checkpoint, {"case a": "red &amp;  red " + "red " * (words - 3)}, tiny.sampling())
    assert [("the last 1 are cut off;" in message) for message in caplog.messages] == [True] * said


def test_a_shard_says_it_once_and_names_the_case(checkpoint, caplog, tmp_path):
    picture = np.zeros((tiny.HEIGHT, tiny.WIDTH, 3), np.uint8)
    case = Case("mine", "00000", tmp_path, LONG, picture, tiny.FRAMES, None)
    sampling = tiny.sampling(guidance_scale=5.0, negative_prompt="ring")
    Encoder.of(checkpoint, [case, dataclasses.replace(case, name="00001", prompt="move")], sampling)
    (line,) = caplog.messages
    assert line.startswith("warning: the prompt of case mine/00000 has 43 tokens, and the model reads 24")
    assert "more" not in line.partition(";")[0]


def test_ltx_reads_a_prompt_as_it_stands(tmp_path, caplog):
    assert FAMILIES["LTXVideoTransformer3DModel"].cleaned(" a &amp; b") == " a &amp; b"
    assert FAMILIES["WanTransformer3DModel"].cleaned(" a &amp; b") == "a & b"
    folder = tiny_ltx.build(tmp_path)
    encode_texts(folder, {"negative_prompt": LONG}, tiny.sampling())
    assert caplog.messages[0].startswith("warning: negative_prompt has 43 tokens, and the model reads 24")
