"""A shard: the cases of one job, kept one file each in a folder of their settings, and listed once all are there."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from .errors import InputError
from .files import (
    fingerprint,
    load_tensors,
    not_writable,
    parse_tensors,
    read_bytes,
    read_json,
    save_tensors,
    sha256,
    write_json,
)
from .provenance import commit, versions

Item = tuple[dict[str, torch.Tensor], dict[str, str]]
STAMP = "settings.json"
DIGITS = 8  # of a hash in a file name


class Shard:
    """Writes one shard. Killed at any moment, it loses the case in flight and no more.

    manifest_path: the small file others depend on, written last. settings (JSON-able) and recipe: what the
    numbers of every item depend on; identities: for each item a hash of what it alone is made from. Items lie
    in `<manifest's name>.<hash of the settings>` beside the manifest, a folder that is no declared output of a
    job, so that nobody deletes it; their names hold the identity. So items of other settings or of another
    case stay as they are, and are taken up again as soon as they are asked for again.
    Raises InputError if the folder cannot be written.
    """

    def __init__(
        self,
        manifest_path: str | Path,
        noun: str,
        settings: Mapping[str, Any],
        recipe: int,
        identities: Mapping[str, str] | None = None,
    ) -> None:
        self.manifest_path, self.noun, self.recipe = Path(manifest_path), noun, recipe
        self.settings, self.identities = dict(settings), dict(identities or {})
        self.settings_hash = fingerprint({"noun": noun, "recipe": recipe, "settings": self.settings})
        name = f"{self.manifest_path.stem}.{self.settings_hash[:DIGITS]}"
        self.folder = self.manifest_path.with_name(name)
        stamp = {"settings_hash": self.settings_hash, "recipe": recipe, "settings": self.settings}
        write_json(self.folder / STAMP, stamp)  # for a reader: which settings the folder is of

    def pending(self, cases: Sequence[str], part: str = "") -> list[str]:
        """The cases, in order, that are not saved yet. part: of a case, such as its first steps."""
        return [case for case in cases if not self._path(case, part).exists()]

    def save(self, case: str, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any], part: str = "") -> None:
        """Keep one case, whole or not at all; finish sums `forwards` and `seconds` of the metadata."""
        about = {**metadata, "settings_hash": self.settings_hash, "commit": commit()}
        save_tensors(self._path(case, part), tensors, about)

    def load(self, case: str, part: str = "") -> Item:
        """(tensors, metadata) of a case saved before, in this run or an earlier one."""
        return load_tensors(self._path(case, part))

    def drop(self, case: str, part: str) -> None:
        """Delete a part that the whole case has taken the place of."""
        self._path(case, part).unlink(missing_ok=True)

    def finish(self, cases: Sequence[str], **facts: Any) -> dict[str, Any]:
        """Write and return the manifest of the cases, all of which must be there."""
        missing = self.pending(cases)
        if missing:
            raise InputError(f"{self.noun}: case {missing[0]} is not in {self.folder}; run the job again")
        items, sums = {}, {"forwards": 0.0, "seconds": 0.0}
        for case in cases:
            path, metadata = self._path(case), self.load(case)[1]
            items[case] = {"file": path.name, "identity": self.identities.get(case, ""), "sha256": sha256(path)}
            for name in sums:
                sums[name] += float(metadata.get(name, 0))
        manifest = {
            "noun": self.noun,
            "recipe": self.recipe,
            "settings": self.settings,
            "settings_hash": self.settings_hash,
            "folder": os.path.relpath(self.folder, self.manifest_path.parent),
            "items": items,
            **sums,
            "versions": versions(),
            "commit": commit(),
            **facts,
        }
        try:
            for leftover in self.folder.glob(".*.partial"):  # of a job that was killed as it wrote
                leftover.unlink()
        except OSError as error:
            raise InputError(not_writable(self.folder, error)) from error
        write_json(self.manifest_path, manifest)
        return manifest

    def _path(self, case: str, part: str = "") -> Path:
        identity = self.identities.get(case, "")[:DIGITS]
        return self.folder / ".".join([name for name in (case + part, identity) if name] + ["safetensors"])


class ShardReader:
    """A finished shard: `manifest`, `settings`, `cases`, their `identities`, and items, checked as they are read."""

    def __init__(self, manifest_path: str | Path) -> None:
        self.manifest_path = Path(manifest_path)
        self.manifest = read_json(manifest_path)
        if not isinstance(self.manifest, dict) or not {"folder", "items", "settings"} <= set(self.manifest):
            raise InputError(f"{manifest_path} is not a manifest; delete it and run again to make it")
        self.settings: dict[str, Any] = self.manifest["settings"]
        self.cases: list[str] = list(self.manifest["items"])
        self.identities = {case: item["identity"] for case, item in self.manifest["items"].items()}

    def path(self, case: str) -> Path:
        """The file of a case. Raises InputError if the manifest does not list it."""
        if case not in self.manifest["items"]:
            raise InputError(f"{self.manifest_path} has no case {case}; it has {', '.join(self.cases)}")
        return self.manifest_path.parent / self.manifest["folder"] / self.manifest["items"][case]["file"]

    def load(self, case: str) -> Item:
        """(tensors, metadata) of a case. Raises InputError if its bytes are not those of the manifest."""
        path = self.path(case)
        content = read_bytes(path)
        if hashlib.sha256(content).hexdigest() != self.manifest["items"][case]["sha256"]:
            raise InputError(f"{path} differs from what {self.manifest_path} lists (sha256); delete both and run again")
        return parse_tensors(content, path)


def read_shard(manifest_path: str | Path) -> ShardReader:
    """Open a finished shard. Raises InputError if the manifest is missing or is not one."""
    return ShardReader(manifest_path)
