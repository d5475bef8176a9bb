"""The entries of `models` in config.yaml: what one takes from another, and where its weights lie or will lie.

The Snakefile reads this in every job: no torch here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError
from ..files import read_json
from ..model.checkpoint import PEFT_NAME, PEFT_SETTINGS
from .explain import hint, near

UNPINNED = "main"  # the folder of a source without a revision: what the hub had on the day of the download


def completed(models: Mapping[str, Mapping[str, Any]], models_folder: str) -> dict[str, dict[str, Any]]:
    """Every entry with the keys that it takes from the entry it is `like`, and with a `folder`.

    models: as the schema wants each entry, but for keys that another one has. models_folder: where weights from a
    hub are put. InputError if an entry is like one that is not there, or says not exactly once where its weights
    come from, or if two entries want different files of one repository.
    """
    done = {
        name: _with_folder(f"models.{name}", _merged(name, models), models_folder, _meant(name, models))
        for name in models
    }
    for name, entry in done.items():
        if entry.get("lora"):
            entry["lora"] = _with_folder(f"models.{name}.lora", _with_files(entry["lora"]), models_folder)
    sources(done)  # refuses those that contradict each other
    return done


def sources(models: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the completed entries take from a hub, by place: each is downloaded once, whoever needs it."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for where, source in _sources_of(models):
        first, known = found.setdefault(place(source), (where, source))
        if known != source:
            raise InputError(
                f"'{first}' and '{where}' take {source['repo']} differently; give both the same keys, or say "
                "`like` in one of them"
            )
    return {where: source for where, (_, source) in found.items()}


def place(source: Mapping[str, Any]) -> str:
    """Where a source lies below the models' folder: <owner>/<name>/<revision>."""
    return f"{source['repo']}/{source.get('revision') or UNPINNED}"


def check_there(manifest: str | Path, folder: str | Path) -> None:
    """InputError if a manifest says that a download lies in `folder`, and that has gone, as it does from scratch disks.

    A manifest of another folder says nothing of this one: the download is made anew.
    """
    if Path(folder).is_dir() or not Path(manifest).is_file():
        return
    if read_json(manifest)["folder"] == str(folder):
        raise InputError(
            f"{manifest} lists what is in {folder}, which is not there any more; put it back, or delete {manifest} to "
            "have it downloaded again"
        )


def _sources_of(models: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in models.items():
        for where, part in ((f"models.{name}", entry), (f"models.{name}.lora", entry.get("lora") or {})):
            if "source" in part:
                yield f"{where}.source", part["source"]


def _meant(name: str, models: Mapping[str, Any]) -> str:
    return near(name, [other for other in models if other != name])


def _merged(name: str, models: Mapping[str, Mapping[str, Any]], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    entry = dict(models[name])
    other = entry.pop("like", None)
    if other is None:
        return entry
    if other not in models:
        raise InputError(f"'models.{name}.like' is {other!r}, which is not in 'models'{hint(other, models)}")
    if other in (*seen, name):
        raise InputError(f"'models.{name}.like' leads back to itself: {' -> '.join((*seen, name, other))}")
    inherited = _merged(other, models, (*seen, name))
    if "folder" in entry or "source" in entry:  # weights of its own: then none of the other's
        inherited = {key: value for key, value in inherited.items() if key not in ("folder", "source", "missing")}
    return {**inherited, **entry}


def _with_folder(where: str, part: Mapping[str, Any], models_folder: str, meant: str = "") -> dict[str, Any]:
    """meant: what the user may have meant, for the refusal of a part without weights."""
    if "source" not in part:
        if "folder" not in part:
            raise InputError(
                f"'{where}' says not where its weights are; give `folder`, or `source` for a download{meant}"
            )
        return dict(part)
    folder = str(PurePosixPath(models_folder, place(part["source"])))
    if part.get("folder", folder) != folder:  # the same one: completed already
        raise InputError(f"'{where}' has both `folder` and `source`; give the one that its weights come from")
    return {**part, "folder": folder}


def _with_files(lora: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a repository with adapters only those are needed that are named, and what PEFT keeps beside one."""
    if "source" not in lora:
        return lora
    adapters = [PurePosixPath(lora[expert]) for expert in ("high", "low") if expert in lora]
    beside = [path.with_name(PEFT_SETTINGS) for path in adapters if path.name == PEFT_NAME]
    return {**lora, "source": {"files": [*map(str, dict.fromkeys(adapters + beside))], **lora["source"]}}
