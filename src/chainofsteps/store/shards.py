"""A shard: the cases of one job, kept one file each in a folder of their settings, and listed once all are there."""

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..files import (
    atomic_write,
    claim,
    fingerprint,
    load_tensors,
    not_writable,
    read_json,
    save_tensors,
    sha256,
    write_json,
)
from ..names import is_name
from .provenance import attention_backend, commit, gpu, versions
from .reader import Item, ShardReader

STAMP = "settings.json"
DIGITS = 8  # of a hash in a file name
TENSORS, ROWS = "safetensors", "rows.json"  # what the names of an item's files end with
OLD_ROWS = ("rows", "cka", "scores")  # keys of the metadata where earlier versions kept the rows of an item
Rows = Sequence[Mapping[str, Any]]
LOG = logging.getLogger(__name__)


class Shard:
    """Writes one shard. Killed at any moment, it loses the case in flight and no more.

    manifest_path: the small file others depend on, written last. settings (JSON-able) and recipe: what the
    numbers of every item depend on; identities: for each item a hash of what it alone is made from. Items lie
    in `<manifest's name>.<hash of the settings>` beside the manifest, a folder that is no declared output of a
    job, so that nobody deletes it; their names hold the identity. So items of other settings or of another
    case stay as they are, and are taken up again as soon as they are asked for again.
    shared: the `results` folders of others, only ever read. Items of theirs that are what this shard would make,
    by manifest and sha256, are not pending: links to them stand in for files of its own. What lies there
    under the same name and is something else is logged.
    Raises InputError if the folder cannot be written.
    """

    def __init__(
        self,
        manifest_path: str | Path,
        noun: str,
        settings: Mapping[str, Any],
        recipe: int,
        identities: Mapping[str, str] | None = None,
        shared: Iterable[str | Path] = (),
    ) -> None:
        self.manifest_path, self.noun, self.recipe = Path(manifest_path), noun, recipe
        self.settings, self.identities = dict(settings), dict(identities or {})
        self.settings_hash = fingerprint({"noun": noun, "recipe": recipe, "settings": self.settings})
        name = f"{self.manifest_path.stem}.{self.settings_hash[:DIGITS]}"
        self.folder = self.manifest_path.with_name(name)
        stamp = {"settings_hash": self.settings_hash, "recipe": recipe, "settings": self.settings}
        write_json(self.folder / STAMP, stamp)  # for a reader: which settings the folder is of
        claim(self.manifest_path.with_name(f".{self.manifest_path.stem}.lock"))
        self._taken: dict[str, str] = {}  # items of others that stand in for one's own, with their sha256
        self._take(shared)

    def pending(self, cases: Sequence[str], part: str = "") -> list[str]:
        """The cases, in order, that are not saved yet. part: of a case, such as its first steps."""
        return [case for case in cases if not self._path(case, part).exists()]

    def save(
        self,
        case: str,
        tensors: Mapping[str, torch.Tensor],
        metadata: Mapping[str, Any],
        part: str = "",
        rows: Rows | None = None,
    ) -> None:
        """Keep one case, whole or not at all; finish sums `forwards` and `seconds` of the metadata.

        rows (JSON-able): of a table, in a file of their own, which is written first: a case with tensors is whole.
        """
        if rows is not None:
            self._save_rows(case, rows)
        about = {"attention_backend": attention_backend(), **metadata, "settings_hash": self.settings_hash}
        about |= {"gpu": gpu(), "versions": versions(), "commit": commit()}
        save_tensors(self._path(case, part), tensors, about)

    def load(self, case: str, part: str = "") -> Item:
        """(tensors, metadata) of a case saved before, in this run or an earlier one."""
        return load_tensors(self._path(case, part))

    def rows(self, case: str) -> list[dict[str, Any]]:
        """The rows that were saved with a case. Raises InputError if it has none."""
        if not self._path(case, suffix=ROWS).exists():  # an item of an older version: its rows get their file now
            path, metadata = self._path(case), self.load(case)[1]
            old = [metadata[key] for key in OLD_ROWS if key in metadata]
            if not old:
                raise InputError(f"{path} has no rows beside it; delete it and run again to make both")
            rows = json.loads(old[0])
            self._save_rows(case, rows if isinstance(rows, list) else [rows])
        return read_json(self._path(case, suffix=ROWS))

    def drop(self, case: str, part: str) -> None:
        """Delete a part that the whole case has taken the place of."""
        self._path(case, part).unlink(missing_ok=True)

    def finish(self, cases: Sequence[str], tables: Iterable[str | Path] = (), **facts: Any) -> dict[str, Any]:
        """Write and return the manifest of the cases, all of which must be there, and of tables that lie beside it."""
        missing = self.pending(cases)
        if missing:
            raise InputError(f"{self.noun}: case {missing[0]} is not in {self.folder}; run the job again")
        items, sums = {}, {"forwards": 0.0, "seconds": 0.0}
        for case in cases:
            metadata = self.load(case)[1]
            items[case] = self._listed(case, metadata)
            for name in sums:
                sums[name] += float(metadata.get(name, 0))
        manifest = {
            "noun": self.noun,
            "recipe": self.recipe,
            "settings": self.settings,
            "settings_hash": self.settings_hash,
            "folder": os.path.relpath(self.folder, self.manifest_path.parent),
            "items": items,
            "tables": {Path(table).name: sha256(table) for table in tables},
            **sums,
            "versions": versions(),
            "commit": commit(),
            "attention_backend": attention_backend(),
            **facts,
        }
        try:
            for leftover in self.folder.glob(".*.partial"):  # of a job that was killed as it wrote
                leftover.unlink()
        except OSError as error:
            raise InputError(not_writable(self.folder, error)) from error
        write_json(self.manifest_path, manifest)
        return manifest

    def _listed(self, case: str, metadata: Mapping[str, str]) -> dict[str, Any]:
        """The entry of a case in the manifest."""
        path = self._path(case)
        listed = {
            "file": path.name,
            "identity": self.identities.get(case, ""),
            "sha256": self._taken.get(case) or sha256(path),
            "seconds": float(metadata.get("seconds", 0)),
            "gpu": json.loads(metadata.get("gpu", "null")),
        }
        if case in self._taken:
            listed["shared"] = os.readlink(path)
        rows = self._path(case, suffix=ROWS)
        return {**listed, "rows": {"file": rows.name, "sha256": sha256(rows)}} if rows.exists() else listed

    def _save_rows(self, case: str, rows: Rows) -> None:
        lines = ",\n".join(json.dumps(row) for row in rows)
        atomic_write(self._path(case, suffix=ROWS), f"[\n{lines}\n]\n".encode())

    def _take(self, shared: Iterable[str | Path]) -> None:
        """Let links to items of others stand in for what is not there yet."""
        for case in self.identities:
            for suffix in (TENSORS, ROWS):
                if self._path(case, suffix=suffix).is_symlink():  # taken by an earlier job: it may have changed since
                    self._link(case, None, suffix)
        wanted = self.pending(list(self.identities))
        for folder in shared:
            for path in sorted(Path(folder).glob(f"*/{self.noun}/{self.manifest_path.parent.name}/*.json")):
                taken = self._take_from(path, wanted)
                wanted = [case for case in wanted if case not in taken]

    def _take_from(self, manifest_path: Path, wanted: Sequence[str]) -> list[str]:
        """The wanted items that came of another's shard; those that it lists and that were refused are logged."""
        try:
            theirs = ShardReader(manifest_path)
        except InputError as error:
            LOG.warning("shared, not used: %s", error)
            return []
        listed, taken = [case for case in wanted if case in theirs.cases], []
        unlike = self._unlike(theirs.manifest)
        if listed and unlike:
            LOG.warning("shared, not used: %s lists %s, but is %s", manifest_path, listed[0], unlike)
            return []
        for case in listed:
            if theirs.identities[case] != self.identities[case]:
                LOG.warning("shared, not used: %s lists another case by the name of %s", manifest_path, case)
                continue
            if self._take_item(case, theirs):
                taken.append(case)
        if taken:
            LOG.info("shared: %d of %d items are those of %s", len(taken), len(self.identities), manifest_path)
        return taken

    def _take_item(self, case: str, theirs: "ShardReader") -> bool:
        """True if the files of another's item are as its manifest lists them; then they are linked."""
        listed = theirs.manifest["items"][case]
        files = {TENSORS: listed["sha256"]} | ({ROWS: listed["rows"]["sha256"]} if "rows" in listed else {})
        paths = {}
        for suffix, known in files.items():
            # never by a path that the manifest gives: it might lead anywhere
            path = theirs.manifest_path.with_suffix(self.folder.suffix) / self._path(case, suffix=suffix).name
            try:
                digest = sha256(path)
            except InputError as error:
                LOG.warning("shared, not used: %s", error)
                return False
            if digest != known:
                LOG.warning("shared, not used: %s differs from what %s lists (sha256)", path, theirs.manifest_path)
                return False
            paths[suffix] = path
        for suffix, path in reversed(paths.items()):  # the tensors last: an item with them is whole
            self._link(case, path, suffix)
        self._taken[case] = files[TENSORS]
        return True

    def _unlike(self, manifest: Mapping[str, Any]) -> str:
        """In what another shard's manifest is not as this one's would be; nothing if in nothing."""
        if manifest.get("recipe") != self.recipe:
            return f"of recipe {manifest.get('recipe')}, not {self.recipe}"
        theirs, ours = manifest["settings"], self.settings
        other = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
        if "model" in other:
            return "of another model"
        if other or manifest.get("settings_hash") != self.settings_hash:
            return f"of other settings ({', '.join(other) or 'settings_hash'})"
        return ""

    def _link(self, case: str, target: Path | None, suffix: str) -> None:
        """Let a file of the item be a link to one of another, or (None) a link no longer."""
        path = self._path(case, suffix=suffix)
        try:
            path.unlink(missing_ok=True)
            if target is not None:
                path.symlink_to(os.path.realpath(target))
        except OSError as error:
            raise InputError(not_writable(path, error)) from error

    def _path(self, case: str, part: str = "", suffix: str = TENSORS) -> Path:
        if not is_name(case + part):
            raise InputError(f"{self.noun}: {case + part!r} cannot be the name of a file; rename the case")
        identity = self.identities.get(case, "")[:DIGITS]
        return self.folder / ".".join([name for name in (case + part, identity) if name] + [suffix])
