"""A finished shard, read by its manifest: every file is checked against the sha256 that stands there."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..files import parse_tensors, read_bytes, read_json
from ..names import is_name

Item = tuple[dict[str, torch.Tensor], dict[str, str]]


class ShardReader:
    """A finished shard: `manifest`, `settings`, `cases`, their `identities`, and items, checked as they are read."""

    def __init__(self, manifest_path: str | Path) -> None:
        self.manifest_path = Path(manifest_path)
        self.manifest = read_json(manifest_path)
        if not is_manifest(self.manifest):
            raise InputError(f"{manifest_path} is not a manifest; delete it and run again to make it")
        self.settings: dict[str, Any] = self.manifest["settings"]
        self.cases: list[str] = list(self.manifest["items"])
        self.identities = {case: item["identity"] for case, item in self.manifest["items"].items()}

    def path(self, case: str) -> Path:
        """The tensors of a case. Raises InputError if the manifest does not list it, or lists one of another place."""
        return next(iter(self.files(case)))

    def files(self, case: str) -> dict[Path, str]:
        """The files of a case with their sha256, its tensors first. Raises InputError as `path` does."""
        if case not in self.manifest["items"]:
            raise InputError(f"{self.manifest_path} has no case {case}; it has {', '.join(self.cases)}")
        folder, item = self.manifest["folder"], self.manifest["items"][case]
        listed = [item, *([item["rows"]] if "rows" in item else [])]
        for name in (folder, *(entry["file"] for entry in listed)):
            if not is_name(name):
                raise InputError(f"{self.manifest_path} leads to {name!r}, out of its folder; delete it and run again")
        return {self.manifest_path.parent / folder / entry["file"]: entry["sha256"] for entry in listed}

    def load(self, case: str) -> Item:
        """(tensors, metadata) of a case. Raises InputError if its bytes are not those of the manifest."""
        path = self.path(case)
        return parse_tensors(self._checked(path, self.files(case)[path]), path)

    def rows(self, case: str) -> list[dict[str, Any]]:
        """The rows that were saved with a case. Raises InputError as `load` does, and if it has none."""
        files = list(self.files(case).items())
        if len(files) == 1:
            raise InputError(f"{files[0][0]} has no rows beside it; delete it and run again to make both")
        return json.loads(self._checked(*files[1]))

    def _checked(self, path: Path, listed: str) -> bytes:
        content = read_bytes(path)
        if hashlib.sha256(content).hexdigest() != listed:
            raise InputError(f"{path} differs from what {self.manifest_path} lists (sha256); delete both and run again")
        return content


class JoinedShards(ShardReader):
    """Finished shards of the same cases that hold different runs, such as those of different seeds, read as one."""

    def __init__(self, manifest_paths: Sequence[str | Path]) -> None:
        self.parts = [ShardReader(path) for path in manifest_paths]
        first = self.parts[0]
        for part in self.parts[1:]:
            if part.settings != first.settings:
                raise InputError(
                    f"{first.manifest_path} and {part.manifest_path} were made with different settings; delete the "
                    "older one and run again"
                )
        self.manifest_path, self.manifest, self.settings = first.manifest_path, first.manifest, first.settings
        self.cases = [case for part in self.parts for case in part.cases]
        self.identities = {case: identity for part in self.parts for case, identity in part.identities.items()}

    def files(self, case: str) -> dict[Path, str]:
        """As of a single shard, from the part that lists the case."""
        return next((part for part in self.parts if case in part.identities), self.parts[0]).files(case)


def is_manifest(content: Any) -> bool:
    """Whether the content of a file is that of a manifest."""
    if not isinstance(content, dict) or not {"folder", "items", "settings"} <= set(content):
        return False
    sections = [content["items"], content["settings"]]
    if not all(isinstance(section, dict) for section in sections):
        return False
    items = content["items"].values()
    return all(isinstance(item, dict) and {"file", "identity", "sha256"} <= set(item) for item in items)


def read_shard(*manifest_paths: str | Path) -> ShardReader:
    """Open a finished shard, or several with different runs of the same cases as one.

    Raises InputError if a manifest is missing or is not one, or if the settings of several differ.
    """
    return ShardReader(*manifest_paths) if len(manifest_paths) == 1 else JoinedShards(manifest_paths)
