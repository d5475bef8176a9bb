"""What the small files of a checkpoint folder say of it, read before anything is loaded: no torch here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from .family import Family, family_named
from .sizes import frames_of, latent_frames_of

INDEX = "model_index.json"
POINTER = b"version https://git-lfs.github.com/spec/"  # how one begins
PEFT_NAME, PEFT_SETTINGS = "adapter_model.safetensors", "adapter_config.json"
SCALE = 8  # pixels a side of a latent, where a VAE's config.json does not say it
SUBFOLDERS = {"high": "transformer", "low": "transformer_2"}


def read_index(folder: str | Path) -> dict[str, Any]:
    """model_index.json of an image-to-video checkpoint of a known family. Raises InputError if the folder is none."""
    path = Path(folder, INDEX)
    if not path.is_file():
        raise InputError(f"{folder} is not a diffusers checkpoint: it has no {INDEX}; {_elsewhere(folder)}")
    index = _read(path)
    if _class_of(index, "transformer") is None:
        raise InputError(f"{folder} has no transformer in its {INDEX}; copy the whole checkpoint")
    family_named(_class_of(index, "transformer"), folder).check_index(folder, index)
    return index


def family_in(folder: str | Path) -> Family:
    """The family of a checkpoint. Raises InputError as `read_index` does."""
    return family_named(_class_of(read_index(folder), "transformer"), folder)


def experts_of(folder: str | Path) -> list[str]:
    """["high"] or ["high", "low"]: the experts that model_index.json of a checkpoint names."""
    index = read_index(folder)
    return [name for name, part in SUBFOLDERS.items() if _class_of(index, part) is not None]


def keeps_first_frame(folder: str | Path) -> bool:
    """True if the model is given the first frame as a latent frame that stays, with timesteps per token.

    Otherwise it is given it as further channels beside the latents.
    """
    return family_in(folder).keeps_first_frame(read_index(folder))


def takes_image_embeds(folder: str | Path) -> bool:
    """True if the model sees the first frame through an image encoder too (Wan 2.1 I2V)."""
    return family_in(folder).takes_image_embeds(read_config(folder, "transformer"))


def check_text_tokens(folder: str | Path, max_sequence_length: int) -> None:
    """Raises InputError if the model takes image embeddings and could not tell text from image."""
    only = family_in(folder).only_text_tokens(read_config(folder, "transformer"))
    if only not in (None, max_sequence_length):
        raise InputError(
            f"{folder} takes image embeddings beside {only} text tokens, no other number: "
            f"set max_sequence_length to {only}"
        )


def check_size(folder: str | Path, frames: int, height: int, width: int, named: str) -> None:
    """Raises InputError if a video has more tokens a side, or latent frames, than the transformer has positions for.

    frames, height, width: of the video. named: what to change, in the message, such as 'cases.size' is 1664x960.
    """
    most = read_config(folder, "transformer").get("rope_max_seq_len")
    if most is None:  # of a family whose positions have no end
        return
    token = family_in(folder).patch * read_config(folder, "vae").get("scale_factor_spatial", SCALE)
    if max(height, width) > most * token:
        raise InputError(
            f"{named}, but {folder} takes pictures of at most {most * token} pixels a side (rope_max_seq_len {most} in "
            f"its transformer/config.json, tokens of {token} pixels); take a smaller size, or another model"
        )
    if latent_frames_of(frames) > most:
        raise InputError(
            f"{named}, and {frames} frames, but {folder} takes at most {frames_of(most)} (rope_max_seq_len {most} in "
            "its transformer/config.json); take fewer frames, or another model"
        )


def check_boundary(folder: str | Path, boundary: float | None) -> None:
    """Raises InputError if the checkpoint's experts and the boundary do not fit together."""
    number = len(experts_of(folder))
    if number == 1 and boundary is not None:
        raise InputError(f"{folder} has one expert: set boundary to null")
    if number == 2 and boundary is None:
        given = read_index(folder).get("boundary_ratio")
        raise InputError(f"{folder} has two experts: set boundary (its {INDEX} says {given})")


def adapters_of(lora: Mapping[str, Any] | None, experts: Sequence[str] | None = None) -> dict[str, Path]:
    """The file of each expert's adapter, of an entry's `lora` in config.yaml; none if that is null.

    Raises InputError if `experts` (None: not known) are not those that have an adapter.
    """
    if lora is None:
        return {}
    files = {expert: Path(lora["folder"], lora[expert]) for expert in SUBFOLDERS if expert in lora}
    if experts is not None and list(files) != list(experts):
        raise InputError(
            f"{lora['folder']}: `lora` names adapters for {', '.join(files)}, but the checkpoint has the experts "
            f"{', '.join(experts)}; name one for each"
        )
    return files


def settings_beside(adapter: Path) -> Path | None:
    """Where PEFT keeps an adapter's alpha, if it is there: its matrices alone would be another adapter."""
    path = adapter.with_name(PEFT_SETTINGS)
    return path if path.is_file() else None


def check_given(where: str, folder: str | Path | None, adapters: Iterable[Path]) -> None:
    """Raises InputError if the checkpoint folder of an entry of `models`, or one of its adapters, is not there.

    where: models.<name>. folder: None for one that is downloaded.
    """
    if folder is not None and not Path(folder, INDEX).is_file():
        raise InputError(f"{where}: {folder} has no {INDEX}; {_elsewhere(folder)}")
    for path in adapters:
        if not path.is_file():
            raise InputError(f"{where}.lora: there is no adapter {path}; give the file's place, or copy it there")


def layers_of(folder: str | Path) -> int:
    """Layers of the transformer. Raises InputError if its config.json is missing or tells none."""
    path = Path(folder, "transformer", "config.json")
    layers = _read(path).get("num_layers")
    if not isinstance(layers, int):
        raise InputError(f"{path} is not the configuration of a transformer; copy the whole checkpoint")
    return layers


def read_config(folder: str | Path, part: str) -> dict[str, Any]:
    """config.json of a part of a checkpoint. Raises InputError if it cannot be read."""
    return _read(Path(folder, part, "config.json"))


def read_object(path: str | Path, key: str) -> dict[str, Any]:
    """The section `key` of a JSON file of a checkpoint. Raises InputError if there is none."""
    section = _read(Path(path)).get(key)
    if not isinstance(section, dict):
        raise InputError(f"{path} has no section {key}; copy the whole checkpoint")
    return section


def check_there(folder: Path, part: str, name: str) -> None:
    """Raises InputError if a part of a checkpoint has not a file."""
    if not (folder / part / name).is_file():
        raise InputError(f"{folder} has no {part}/{name}; copy the whole checkpoint")


def check_no_pointer(path: Path) -> None:
    """Raises InputError for what Git leaves in the place of a large file without its extension LFS."""
    with open(path, "rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise InputError(f"{path} is a pointer of Git LFS and not the file; run `git lfs pull` in its folder")


def _elsewhere(folder: str | Path) -> str:
    """The mend for a folder that is no checkpoint: one that is, below it, as in a hub's cache, or the one above."""
    near = [*Path(folder).glob(f"*/{INDEX}"), *Path(folder).glob(f"snapshots/*/{INDEX}")]
    near += [above / INDEX for above in [*Path(folder).parents][:1] if (above / INDEX).is_file()]
    if near:
        return f"give {near[0].parent}, which has one"
    return "give the folder of a diffusers checkpoint"


def _class_of(index: Mapping[str, Any], part: str) -> str | None:
    """The class that model_index.json names for a part; None if the checkpoint has it not."""
    named = index.get(part)
    return named[1] if isinstance(named, list) and len(named) == 2 else None


def _read(path: Path) -> dict[str, Any]:
    try:
        check_no_pointer(path)
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give a diffusers checkpoint") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); copy the whole checkpoint") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a section of keys; copy the whole checkpoint")
    return content
