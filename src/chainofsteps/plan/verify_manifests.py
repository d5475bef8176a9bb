"""Manifests of checkpoints, cases and shards, held against the configuration and what they were made from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..bench.sizes import DRAWN, case_identity
from ..files import fingerprint, read_json
from ..names import case_of, task_folder
from ..store.reader import ShardReader
from .problems import BROKEN, Configured, Listed, Problem, changed, stale

SHARD = {"noun", "recipe", "settings", "settings_hash", "items"}  # keys of a shard's manifest


def model(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    manifest = read_json(path)
    folder, files, lora = Path(manifest["folder"]), manifest["files"], manifest.get("lora")
    if lora is None and manifest["identity"] != fingerprint({name: entry["sha256"] for name, entry in files.items()}):
        yield changed(path)
        return
    if not folder.is_dir():
        yield Problem(BROKEN, f"{folder}, the checkpoint of {path}, is missing; restore it")
    else:
        yield from (Listed(folder / name, entry["sha256"], path, given=True) for name, entry in files.items())
    adapters = [entry for entry in (lora or {}).values() if isinstance(entry, dict)]
    yield from (Listed(Path(entry["file"]), entry["sha256"], path, given=True) for entry in adapters)
    wanted = configured.folders.get(path.stem, manifest["folder"])
    if wanted != manifest["folder"]:
        yield stale(path, [f"its folder is {folder}, and now {wanted}"])


def cases(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    manifest = read_json(path)
    given = not Path(manifest["root"]).absolute().is_relative_to(path.parents[1].absolute())
    folder = task_folder(manifest["root"], manifest["task"])
    for name, case in manifest["cases"].items():
        if case["identity"] != case_identity(case["files"], manifest.get("fitted")):
            yield changed(path)
            return
        yield from (Listed(folder / name / file, digest, path, given) for file, digest in case["files"].items())
    wanted, reasons = configured.cases.get(path.parent.name, {}).get(path.stem), []
    if manifest["recipe"] != configured.recipes.get("cases", manifest["recipe"]):
        reasons.append(f"recipe {manifest['recipe']} of {configured.recipes['cases']}")
    if wanted is not None:
        now = configured.given
        told = [key for key in now if key in manifest or key in DRAWN]
        told += [key for key in DRAWN if key in manifest and now and key not in now]  # as they are by themselves
        reasons += [f"other {key}" for key in told if now.get(key) != manifest.get(key)]
        reasons += ["other cases"] if set(wanted) != set(manifest["cases"]) else []
    if reasons:
        yield stale(path, reasons)


def shard(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    content = read_json(path)
    if isinstance(content, dict) and not {"settings_hash", "items"} & set(content):
        return  # not a shard's
    reader = ShardReader(path)
    manifest = reader.manifest
    of = {"noun": manifest.get("noun"), "recipe": manifest.get("recipe"), "settings": reader.settings}
    if manifest.get("settings_hash") != fingerprint(of):
        yield changed(path)
        return
    if not (path.parent / manifest["folder"]).is_dir():
        folder = path.parent / manifest["folder"]
        yield Problem(BROKEN, f"{folder} is missing, with all items of {path}; delete that and run again to make them")
    else:
        files = (file for case in reader.cases for file in reader.files(case).items())
        yield from (Listed(file, digest, path) for file, digest in files)
    tables = manifest.get("tables", {})
    yield from (Listed(path.with_name(name), digest, path) for name, digest in tables.items())
    reasons = list(_reasons(path, manifest, configured))
    if reasons:
        yield stale(path, reasons)


def _reasons(path: Path, manifest: Mapping[str, Any], configured: Configured) -> Iterator[str]:
    """Why a whole shard would now come out otherwise: by its configuration, and by what it is made from."""
    results, (model, noun, task) = path.parents[3], path.parts[-4:-1]
    if manifest["recipe"] != configured.recipes.get(noun, manifest["recipe"]):
        yield f"recipe {manifest['recipe']} of {configured.recipes[noun]}"
    sources = {
        key: results / "model" / f"{model}.json" if key == "model" else results / model / key / task / path.name
        for key, value in manifest["settings"].items()
        if isinstance(value, str) and len(value) == 64 and key != noun
    }
    yield from _of_configuration(path, manifest, configured, set(sources))
    yield from _of_sources(manifest["settings"], sources, configured)
    yield from _of_cases(results / "cases" / task / path.name, manifest["items"])


def _of_configuration(
    path: Path, manifest: Mapping[str, Any], configured: Configured, sources: set[str]
) -> Iterator[str]:
    """Other settings or items than the configuration asks for; sources: settings that are hashes of inputs."""
    model, noun, task = path.parts[-4:-1]
    settings, wanted = manifest["settings"], configured.settings.get(model, {}).get(noun)
    if wanted is None:
        return
    keys = sorted({*settings, *wanted} - sources)
    other = [key for key in keys if fingerprint(settings.get(key)) != fingerprint(wanted.get(key))]
    yield from [f"other settings ({', '.join(other)})"] if other else []
    names, of_shard = configured.items.get(noun), configured.cases.get(task, {}).get(path.stem)
    endings = configured.endings.get(model, {}).get(noun)
    if names is None and of_shard is not None and endings is not None:
        names = [name + ending for name in of_shard for ending in endings]
    if names is not None and set(names) != set(manifest["items"]):
        yield "other cases or seeds"


def _of_sources(settings: Mapping[str, Any], sources: Mapping[str, Path], configured: Configured) -> Iterator[str]:
    """Inputs that are others by now, or stale themselves."""
    for key, source in sources.items():
        now = _readable(source, {"identity"} if key == "model" else SHARD)
        if now is None:
            continue
        if settings[key] != now["identity" if key == "model" else "settings_hash"]:
            yield f"made from another {source}"
        elif key != "model" and list(_reasons(source, now, configured)):
            yield f"made from {source}, which is stale"


def _of_cases(path: Path, items: Mapping[str, Any]) -> Iterator[str]:
    """Cases that are others by now; an item without an identity is of none."""
    content = _readable(path, {"cases"})
    if content is None:
        return
    now = {name: case.get("identity") for name, case in content["cases"].items()}
    of_case = {name: now.get(name, now.get(case_of(name))) for name in items}
    if any(item["identity"] and of_case[name] != item["identity"] for name, item in items.items()):
        yield f"made from another {path}"


def _readable(path: Path, keys: set[str]) -> dict[str, Any] | None:
    """The manifest of what a shard was made from, if it is there; one that is none has a line of its own."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and keys <= set(content) else None
