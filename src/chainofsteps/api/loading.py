"""Models, loaded from a folder, from an entry of config.yaml or from a hub."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config.models import place
from ..config.read import load_config
from ..errors import InputError
from ..files import read_json
from ..model.checkpoint import INDEX, adapters_of, experts_of, read_index
from ..model.load import Experts
from ..model.sampling import Sampling
from ..store.download import fetch
from .model import Model

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")  # <owner>/<name>
CONFIG = "config.yaml"


def load(
    source: str | Path,
    *,
    like: str | None = None,
    config: str | Path | None = None,
    revision: str | None = None,
    **settings: Any,
) -> Model:
    """A model from a checkpoint folder, an entry of config.yaml, or a hub.

    source: the folder of a Wan image-to-video checkpoint in diffusers layout (relative to the working directory, else
    to config.yaml); or an entry of `models` in config.yaml, such as "embedded"; or a hub's <owner>/<name>, downloaded
    once, at `revision`. config: default, the config.yaml beside a Snakefile, in the working directory or
    above it, else that of this package's own repository.

    Settings are the fields of `Sampling`, such as steps=20, shift=3.0, guidance_scale=1.0, boundary=None,
    dtype="bfloat16", device="cuda", batch_size=8 (which moves the last bits of batched runs). Those that you do not
    pass come from the entry that `like` names; else from the entry whose name, folder or repository is the source; else
    from the checkpoint's own files: shift and boundary, so that steps and guidance_scale must be passed.
    `model.settings_from` says which.

    Raises InputError, in one line with the mend, for a folder that is no such checkpoint, an unknown setting, experts
    that do not fit the boundary, or a download that fails.
    Source: model/load.py, config/read.py, store/download.py.

    >>> import chainofsteps as cos
    >>> model = cos.load("models/embedded", steps=8)
    >>> model.sampling.steps, model.sampling.shift, model.settings_from
    (8, 3.0, 'models.embedded of config.yaml')
    """
    path = Path(config).expanduser() if config is not None else _config_at(Path.cwd())
    root, configured = _configured(path)
    name = _entry_of(str(source), configured, root)
    entry = configured["models"][name] if name is not None else {}
    folder = _folder_of(source, entry, revision, root, root / configured["models_folder"])
    defaults, origin = _settings(folder, like or name, configured["models"], path)
    sampling = _sampling({**defaults, **settings}, folder, configured["models"], path)
    experts = Experts.of({"folder": str(folder), "lora": _adapters(entry.get("lora"), folder, root)}, sampling)
    return Model(folder, sampling, origin, experts)


def _configured(path: Path | None) -> tuple[Path, Mapping[str, Any]]:
    """The folder of config.yaml and its content; the working directory and no models without one."""
    if path is None:
        return Path.cwd(), {"models": {}, "models_folder": "models"}
    return path.resolve().parent, load_config(path)


def _sampling(settings: Mapping[str, Any], folder: Path, models: Mapping[str, Any], config: Path | None) -> Sampling:
    """The settings of a model. Raises InputError where steps or the guidance scale are not known."""
    if "steps" not in settings or "guidance_scale" not in settings:
        known = f", or like= an entry of {config} ({', '.join(models)})" if models else ""
        raise InputError(f"{folder} has no entry in a {CONFIG}; pass steps= and guidance_scale={known}")
    return Sampling.from_config(settings)


def _config_at(folder: Path) -> Path | None:
    """The config.yaml beside a Snakefile in a folder or above it, else that of the repository of this package."""
    for root in (folder, *folder.parents, Path(__file__).resolve().parents[3]):
        if (root / "Snakefile").is_file() and (root / CONFIG).is_file():
            return root / CONFIG
    return None


def _entry_of(source: str, configured: Mapping[str, Any], root: Path) -> str | None:
    """The entry of `models` that a source is: by name, by folder (that of `model` first), or by repository."""
    models = configured["models"]
    if source in models:
        return source
    wanted = _existing(source, root)
    chosen = configured.get("model")
    for name in sorted(models, key=lambda name: name != chosen):
        of_entry = models[name]
        if wanted is not None and wanted.resolve() == (root / of_entry["folder"]).resolve():
            return name
        if wanted is None and of_entry.get("source", {}).get("repo") == source:
            return name
    return None


def _existing(source: str | Path, root: Path) -> Path | None:
    """The folder that a source names, in the working directory or beside config.yaml; None if neither has it."""
    relative = Path(source).expanduser()
    return next((place for place in (relative, root / relative) if place.is_dir()), None)


def _folder_of(
    source: str | Path, entry: Mapping[str, Any], revision: str | None, root: Path, models_folder: Path
) -> Path:
    """The checkpoint's folder, downloaded if an entry or a hub has it and the disk has not."""
    if "missing" in entry:
        raise InputError(f"model {str(source)!r} cannot run yet: {' '.join(entry['missing'].split())}")
    folder = root / entry["folder"] if entry else _existing(source, root)
    if folder is not None and ("source" not in entry or (folder / INDEX).is_file()):
        read_index(folder)
        return folder
    if entry:
        return _fetched(entry["source"], folder)
    if not HUB_NAME.fullmatch(str(source)) or Path(str(source).partition("/")[0]).is_dir():
        raise InputError(f"no model {str(source)!r}: no folder has this name, and no entry of {CONFIG}; check it")
    of_hub = {"repo": str(source), "revision": revision}
    return _fetched(of_hub, models_folder / place(of_hub))


def _fetched(source: Mapping[str, Any], folder: Path) -> Path:
    fetch(source, folder)
    return folder


def _settings(
    folder: Path, name: str | None, models: Mapping[str, Any], config: Path | None
) -> tuple[dict[str, Any], str]:
    """Sampling settings of the entry `name`, or what the checkpoint says where there is none; and their origin."""
    if name is not None:
        if name not in models:
            raise InputError(f"like: {config} has no model {name!r}; known are {', '.join(models)}")
        return dict(models[name]), f"models.{name} of {config.name}"
    scheduler, index = read_json(folder / "scheduler" / "scheduler_config.json"), read_index(folder)
    shift = scheduler.get("flow_shift") or scheduler.get("shift") or 1.0
    boundary = index.get("boundary_ratio") if len(experts_of(folder)) > 1 else None
    return {"shift": float(shift), "boundary": boundary}, f"the files of {folder}"


def _adapters(lora: Mapping[str, Any] | None, folder: Path, root: Path) -> dict[str, Any] | None:
    """The adapters of an entry, as a model's manifest lists them; downloaded if need be."""
    if lora is None:
        return None
    at = {**lora, "folder": str(root / lora["folder"])}
    if "source" in lora and not Path(at["folder"]).is_dir():
        fetch(lora["source"], at["folder"])
    files = adapters_of(at, experts_of(folder))
    return {**{expert: {"file": str(path)} for expert, path in files.items()}, "alpha": lora["alpha"]}
