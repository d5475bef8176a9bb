"""The tokenizer of a checkpoint: without its vocabulary transformers makes an empty one, to which each word is unknown.

transformers takes seconds to import: it is imported where the tokenizer is loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .checkpoint import check_no_pointer, check_there, read_config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PART, SETTINGS = "tokenizer", "tokenizer_config.json"


def load_tokenizer(folder: str | Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a checkpoint folder. Raises InputError if it has no vocabulary, cannot be read, or has more
    tokens than the text encoder has embeddings."""
    from transformers import AutoTokenizer

    place = Path(folder, PART)
    check_there(Path(folder), PART, SETTINGS)
    for path in filter(Path.is_file, place.iterdir()):
        check_no_pointer(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    except Exception as error:  # the library behind it has no class of its own for a damaged vocabulary
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise InputError(f"{place} holds no tokenizer that can be read ({reason}); copy its files again") from error
    names = sorted(set(tokenizer.vocab_files_names.values()))
    if not any((place / name).is_file() for name in names):
        raise InputError(f"{place} has no vocabulary ({' or '.join(names)}); copy the whole checkpoint")
    embeddings = read_config(folder, "text_encoder").get("vocab_size", len(tokenizer))
    if len(tokenizer) > embeddings:
        raise InputError(
            f"{place} has {len(tokenizer)} tokens, but the text encoder {embeddings} embeddings; give the tokenizer of "
            "this checkpoint"
        )
    return tokenizer
