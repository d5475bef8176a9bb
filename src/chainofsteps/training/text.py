"""The text side of the embedded model: a word tokenizer in T5's class and a two-layer UMT5 encoder."""

import re
from functools import cache

import torch
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

from ..bench.puzzles import PUZZLES
from ..names import IN_DOMAIN
from ..probes.skill.run import EMBEDDED

TEXT_DIM = 64
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
MAX_SEQUENCE_LENGTH = EMBEDDED.max_sequence_length
_SAMPLE = 300  # seeds per puzzle: enough to meet every word of its prompts


@cache
def vocabulary() -> list[str]:
    """Every word of the prompts of the puzzles that are trained on."""
    prompts = {PUZZLES[name].generate(seed).prompt for name in IN_DOMAIN for seed in range(_SAMPLE)}
    return sorted({word for prompt in prompts for word in re.findall(r"\S+", prompt)})


def build_tokenizer() -> T5TokenizerFast:
    """Whole words first; a word that is not known is spelt in letters."""
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words = [(f"▁{word}", -1.0) for word in vocabulary()]
    spelling = [("▁", -10.0), *((letter, -10.0) for letter in LETTERS)]
    return T5TokenizerFast(vocab=special + words + spelling, extra_ids=0, model_max_length=512)


def build_text_encoder(vocabulary_size: int) -> UMT5EncoderModel:
    """An untrained UMT5 encoder of width 64; it is trained jointly with the transformer."""
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=vocabulary_size,
            d_model=TEXT_DIM,
            d_kv=16,
            d_ff=128,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            relative_attention_num_buckets=16,
            relative_attention_max_distance=32,
            is_encoder_decoder=False,
            use_cache=False,
        )
    )


def token_ids(tokenizer: T5TokenizerFast, prompts: list[str]) -> torch.Tensor:
    """Prompts -> (B, 24) token ids, padded with 0 as the stock pipeline pads."""
    padded = tokenizer(prompts, padding="max_length", max_length=MAX_SEQUENCE_LENGTH, truncation=True)
    return torch.tensor(padded.input_ids)


def embed_prompts(text_encoder: UMT5EncoderModel, ids: torch.Tensor) -> torch.Tensor:
    """Token ids (B, n) -> embeddings (B, n, 64), zero beyond each prompt's end, as the stock pipeline makes them."""
    mask = ids.gt(0)
    return text_encoder(ids, mask.long()).last_hidden_state * mask[..., None]
