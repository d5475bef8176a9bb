"""A shard: the cases of one job, kept one file each in a resume folder until all are there."""

import hashlib
import os
import shutil
import sys
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


class Shard:
    """Writes one shard. Killed at any moment, it loses the case in flight and no more.

    folder: where the items end; until then they lie in `<folder>.partial`, which is no declared output of a
    job, so that nobody deletes it. manifest_path: the small file others depend on, written last. settings
    (JSON-able) and recipe: what the numbers depend on; a resume folder of others is discarded with a line
    on stderr.
    Raises InputError if the folder cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        manifest_path: str | Path,
        noun: str,
        settings: Mapping[str, Any],
        recipe: int,
    ) -> None:
        self.folder, self.manifest_path = Path(folder), Path(manifest_path)
        self.partial = self.folder.with_name(self.folder.name + ".partial")
        self.noun, self.settings, self.recipe = noun, dict(settings), recipe
        self.settings_hash = fingerprint({"noun": noun, "recipe": recipe, "settings": self.settings})
        try:
            self._open()
        except OSError as error:
            raise InputError(not_writable(self.partial, error)) from error

    def _open(self) -> None:
        # Killed after the folder was moved and before the manifest was written: take it up again.
        if not self.partial.exists() and self.folder.exists():
            os.replace(self.folder, self.partial)
        stamp = self.partial / STAMP
        if self.partial.exists() and (not stamp.exists() or read_json(stamp)["settings_hash"] != self.settings_hash):
            print(f"{self.partial}: made with other settings, discarded", file=sys.stderr, flush=True)
            shutil.rmtree(self.partial)
        if not stamp.exists():
            self.partial.mkdir(parents=True)
            write_json(stamp, {"settings_hash": self.settings_hash, "settings": self.settings})

    def pending(self, cases: Sequence[str]) -> list[str]:
        """The cases, in order, that are not saved yet."""
        return [case for case in cases if not self._path(case).exists()]

    def save(self, case: str, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
        """Keep one case, whole or not at all; finish sums `forwards` and `seconds` of the metadata."""
        save_tensors(self._path(case), tensors, {**metadata, "settings_hash": self.settings_hash, "commit": commit()})

    def load(self, case: str) -> Item:
        """(tensors, metadata) of a case saved before, in this run or an earlier one."""
        return load_tensors(self._path(case))

    def finish(self, cases: Sequence[str], **facts: Any) -> dict[str, Any]:
        """Move the items into `folder`, write and return the manifest. Items of other names are dropped."""
        missing = self.pending(cases)
        if missing:
            raise InputError(f"{self.noun}: case {missing[0]} is not in {self.partial}; run the job again")
        items, sums = {}, {"forwards": 0.0, "seconds": 0.0}
        for case in cases:
            metadata = self.load(case)[1]
            items[case] = {"file": self._path(case).name, "sha256": sha256(self._path(case))}
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
        self._move({entry["file"] for entry in items.values()})
        write_json(self.manifest_path, manifest)
        return manifest

    def _move(self, files: set[str]) -> None:
        try:
            for path in self.partial.iterdir():
                if path.name not in files | {STAMP}:
                    path.unlink()
            if self.folder.exists():
                shutil.rmtree(self.folder)
            os.replace(self.partial, self.folder)
        except OSError as error:
            raise InputError(not_writable(self.folder, error)) from error

    def _path(self, case: str) -> Path:
        return self.partial / f"{case}.safetensors"


class ShardReader:
    """A finished shard: `manifest`, `settings`, `cases`, and items that are checked as they are read."""

    def __init__(self, manifest_path: str | Path) -> None:
        self.manifest_path = Path(manifest_path)
        self.manifest = read_json(manifest_path)
        if not isinstance(self.manifest, dict) or not {"folder", "items", "settings"} <= set(self.manifest):
            raise InputError(f"{manifest_path} is not a manifest; delete it and run again to make it")
        self.settings: dict[str, Any] = self.manifest["settings"]
        self.cases: list[str] = list(self.manifest["items"])

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
