"""Results as they lie, held against their manifests and against the configuration. Nothing is made or changed.

Broken is what is not as its manifest lists it; stale is what is whole, but would now come out otherwise.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import fingerprint, read_bytes, read_json, sha256
from ..names import task_folder
from ..store.provenance import identity_in
from ..store.shards import ShardReader

BROKEN, STALE = "broken", "stale"
SHARD = {"noun", "recipe", "settings", "settings_hash", "items"}  # keys of a shard's manifest


@dataclass(frozen=True)
class Configured:
    """What the configuration would make, as far as that is known before anything runs.

    recipes: {noun: recipe}. folders: {model: folder}. settings: {model: {noun: settings}}. given: where cases
    come from. cases: {task: {shard: names}}. seeds: {noun: seeds of a case's runs}. joined: {table: tables whose
    lines it holds}. made: {table: what it is made from}. figures: their PDFs, drawn for `model`.
    """

    recipes: Mapping[str, int] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    seeds: Mapping[str, Sequence[int]] = field(default_factory=dict)
    joined: Mapping[str, Sequence[str]] = field(default_factory=dict)
    made: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Sequence[str] = ()
    model: str = ""


@dataclass(frozen=True)
class Problem:
    """state: broken or stale. words: one line that names the file, what is wrong with it, and the mend."""

    state: str
    words: str

    def __str__(self) -> str:
        return f"{self.state}: {self.words}"


@dataclass(frozen=True)
class Listed:
    """A file that a manifest lists. given: it came from outside, so that it cannot be made anew."""

    path: Path
    sha256: str
    manifest: Path
    given: bool = False


@dataclass(frozen=True)
class Report:
    """What was found, over so many files that manifests list."""

    problems: list[Problem]
    files: int

    @property
    def broken(self) -> bool:
        return any(problem.state == BROKEN for problem in self.problems)

    def __str__(self) -> str:
        """The count."""
        count = [f"{sum(p.state == state for p in self.problems)} {state}" for state in (BROKEN, STALE)]
        return f"{self.files} files checked: {', '.join(count)}"


def verify(
    results: str | Path,
    configured: Configured,
    watched: Callable[[list[Listed]], Iterable[Listed]] = iter,
) -> Report:
    """Check everything under a `results` folder, and the tables and figures that `configured` names, as far as they
    are there. watched: what the files are taken through while they are read, such as a progress line.
    """
    found = list(survey(Path(results), configured))
    files = [one for one in found if isinstance(one, Listed)]
    problems = [one for one in found if isinstance(one, Problem)]
    for listed in watched(files):
        problems += check(listed)
    return Report(sorted(problems, key=str), len(files))


def survey(results: Path, configured: Configured) -> Iterator[Listed | Problem]:
    """Every file that a manifest lists, and what is wrong with the manifests themselves, tables and figures."""
    for read, pattern in ((_model, "model/*.json"), (_cases, "cases/*/*.json"), (_shard, "*/*/*/*.json")):
        for path in sorted(results.glob(pattern)):
            yield from _guarded(path, read(path, configured))
    for table, parts in configured.joined.items():
        yield from _guarded(table, _joined(Path(table), list(map(Path, parts))))
    for table, sources in configured.made.items():
        yield from _guarded(table, _made(Path(table), list(map(Path, sources))))
    for figure in configured.figures:
        yield from _guarded(figure, _drawn(Path(figure), configured.model))


def _guarded(path: str | Path, found: Iterator[Listed | Problem]) -> Iterator[Listed | Problem]:
    try:
        yield from found
    except InputError as error:
        yield Problem(BROKEN, str(error))
    except (AttributeError, KeyError, TypeError):  # JSON, but with other keys or values than were written
        yield Problem(BROKEN, f"{path} is not a manifest; delete it and run again to make it")


def check(listed: Listed) -> Iterator[Problem]:
    """Whether the file is there, with the bytes that its manifest lists."""
    path, manifest = listed.path, listed.manifest
    anew = f"restore it, or delete {manifest} and run again to take what is there" if listed.given else ""
    if not path.exists():
        yield Problem(BROKEN, f"{path} is missing; {anew or f'delete {manifest} and run again to make it'}")
        return
    try:
        found = sha256(path)
    except InputError as error:
        yield Problem(BROKEN, str(error))
        return
    if found != listed.sha256:
        words = f"{path} differs from what {manifest} lists (sha256)"
        yield Problem(BROKEN, f"{words}; {anew or 'delete both and run again'}")


# ---- manifests


def _model(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    manifest = read_json(path)
    folder, files, lora = Path(manifest["folder"]), manifest["files"], manifest.get("lora")
    if lora is None and manifest["identity"] != fingerprint({name: entry["sha256"] for name, entry in files.items()}):
        yield _changed(path)
        return
    if not folder.is_dir():
        yield Problem(BROKEN, f"{folder}, the checkpoint of {path}, is missing; restore it")
    else:
        yield from (Listed(folder / name, entry["sha256"], path, given=True) for name, entry in files.items())
    adapters = [entry for entry in (lora or {}).values() if isinstance(entry, dict)]
    yield from (Listed(Path(entry["file"]), entry["sha256"], path, given=True) for entry in adapters)
    wanted = configured.folders.get(path.stem, manifest["folder"])
    if wanted != manifest["folder"]:
        yield _stale(path, [f"its folder is {folder}, and now {wanted}"])


def _cases(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    manifest = read_json(path)
    given = not Path(manifest["root"]).absolute().is_relative_to(path.parents[1].absolute())
    folder = task_folder(manifest["root"], manifest["task"])
    for name, case in manifest["cases"].items():
        if case["identity"] != fingerprint(case["files"]):
            yield _changed(path)
            return
        yield from (Listed(folder / name / file, digest, path, given) for file, digest in case["files"].items())
    wanted, reasons = configured.cases.get(path.parent.name, {}).get(path.stem), []
    if manifest["recipe"] != configured.recipes.get("cases", manifest["recipe"]):
        reasons.append(f"recipe {manifest['recipe']} of {configured.recipes['cases']}")
    if wanted is not None:
        now = {key: value for key, value in configured.given.items() if key in manifest}
        reasons += [f"other {key}" for key, value in now.items() if value != manifest[key]]
        reasons += ["other cases"] if set(wanted) != set(manifest["cases"]) else []
    if reasons:
        yield _stale(path, reasons)


def _shard(path: Path, configured: Configured) -> Iterator[Listed | Problem]:
    content = read_json(path)
    if isinstance(content, dict) and not {"settings_hash", "items"} & set(content):
        return  # not a shard's
    shard = ShardReader(path)
    manifest = shard.manifest
    of = {"noun": manifest.get("noun"), "recipe": manifest.get("recipe"), "settings": shard.settings}
    if manifest.get("settings_hash") != fingerprint(of):
        yield _changed(path)
        return
    if not (path.parent / manifest["folder"]).is_dir():
        folder = path.parent / manifest["folder"]
        yield Problem(BROKEN, f"{folder} is missing, with all items of {path}; delete that and run again to make them")
    else:
        yield from (Listed(shard.path(case), manifest["items"][case]["sha256"], path) for case in shard.cases)
    tables = manifest.get("tables", {})
    yield from (Listed(path.with_name(name), digest, path) for name, digest in tables.items())
    reasons = list(_reasons(path, manifest, configured))
    if reasons:
        yield _stale(path, reasons)


def _reasons(path: Path, manifest: Mapping[str, Any], configured: Configured) -> Iterator[str]:
    """Why a whole shard would now come out otherwise: by its configuration, and by what it is made from."""
    results, (model, noun, task) = path.parents[3], path.parts[-4:-1]
    settings = manifest["settings"]
    if manifest["recipe"] != configured.recipes.get(noun, manifest["recipe"]):
        yield f"recipe {manifest['recipe']} of {configured.recipes[noun]}"
    sources = {
        key: results / "model" / f"{model}.json" if key == "model" else results / model / key / task / path.name
        for key, value in settings.items()
        if isinstance(value, str) and len(value) == 64 and key != noun
    }
    wanted = configured.settings.get(model, {}).get(noun)
    if wanted is not None:
        keys = sorted({*settings, *wanted} - set(sources))
        other = [key for key in keys if fingerprint(settings.get(key)) != fingerprint(wanted.get(key))]
        yield from [f"other settings ({', '.join(other)})"] if other else []
        names = configured.cases.get(task, {}).get(path.stem)
        if noun in configured.seeds and names is not None:
            names = [f"{name}-seed{seed}" for name in names for seed in configured.seeds[noun]]
        if names is not None and set(names) != set(manifest["items"]):
            yield "other cases or seeds"
    for key, source in sources.items():
        now = _readable(source, {"identity"} if key == "model" else SHARD)
        if now is not None:
            if settings[key] != now["identity" if key == "model" else "settings_hash"]:
                yield f"made from another {source}"
            elif key != "model" and list(_reasons(source, now, configured)):
                yield f"made from {source}, which is stale"
    cases = _readable(results / "cases" / task / path.name, {"cases"})
    if cases is not None:
        now = {name: case.get("identity") for name, case in cases["cases"].items()}
        of_case = {name: now.get(name, now.get(name.rpartition("-seed")[0])) for name in manifest["items"]}
        if any(of_case[name] != item["identity"] for name, item in manifest["items"].items()):
            yield f"made from another {results / 'cases' / task / path.name}"


def _readable(path: Path, keys: set[str]) -> dict[str, Any] | None:
    """The manifest of what a shard was made from, if it is there; one that is none has a line of its own."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and keys <= set(content) else None


def _changed(path: Path) -> Problem:
    return Problem(BROKEN, f"{path} was changed after it was written: its hash is not its own; delete it and run again")


def _stale(path: Path, reasons: Sequence[str]) -> Problem:
    return Problem(STALE, f"{path}: {'; '.join(reasons)}; `snakemake -- {path}` makes it anew")


# ---- tables and figures


def _joined(table: Path, parts: Sequence[Path]) -> Iterator[Problem]:
    """A table that holds the lines of others, as they stand."""
    if not table.exists():
        return
    absent = [part for part in parts if not part.exists()]
    if absent:
        yield _stale(table, [f"{absent[0]}, which it is made from, is not there"])
        return
    content = read_bytes(table)
    header, _, _ = content.partition(b"\n")
    rows = {part: read_bytes(part).partition(b"\n") for part in parts}
    other = [part for part, (first, _, block) in rows.items() if first != header or block not in content]
    if other and table.stat().st_mtime < other[0].stat().st_mtime:
        yield _stale(table, [f"older than {other[0]}"])
    elif other:
        yield Problem(BROKEN, f"{table} does not hold the rows of {other[0]} as they stand; delete it and run again")
    elif len(content) != len(header) + 1 + sum(len(block) for _, _, block in rows.values()):
        yield _stale(table, ["it holds rows of other shards too"])


def _made(table: Path, sources: Sequence[Path]) -> Iterator[Problem]:
    """A table that is computed from others: all that can be told is which is newer."""
    for source in sources if table.exists() else []:
        if not source.exists():
            yield _stale(table, [f"{source}, which it is made from, is not there"])
            return
        if table.stat().st_mtime < source.stat().st_mtime:
            yield Problem(STALE, f"{table}: older than {source}; `snakemake --force -- {table}` makes it anew")
            return


def _drawn(figure: Path, model: str) -> Iterator[Problem]:
    """A figure, by what its metadata says that it was drawn from."""
    if not figure.exists():
        return
    told, reasons = identity_in(figure), []
    if told["model"] != model:
        reasons.append(f"drawn for {told['model']}, not {model}")
    for path, digest in told["drawn_from"].items():
        if not Path(path).exists():
            reasons.append(f"{path}, which it is drawn from, is not there")
        elif sha256(path) != digest:
            reasons.append(f"drawn from another {path}")
    if reasons:
        yield Problem(STALE, f"{figure}: {'; '.join(reasons)}; `snakemake --force -- {figure}` makes it anew")
