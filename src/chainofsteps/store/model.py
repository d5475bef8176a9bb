"""The manifest of a checkpoint: what it consists of, with its adapters, and one identity of all that."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..files import fingerprint, read_json, sha256
from ..model.checkpoint import INDEX, adapters_of, settings_beside
from ..model.load import check_adapters, check_checkpoint
from .download import check_read


def model_manifest(folder: str, lora: Mapping[str, Any] | None, downloads: Iterable[str | Path]) -> dict[str, Any]:
    """Check a checkpoint folder and its adapters and list their files with their sha256.

    downloads: the manifests of what came from a hub, which the files must agree with. Raises InputError if something
    is missing, damaged, or not what was downloaded.
    """
    facts = check_checkpoint(folder)
    adapters = adapters_of(lora, facts["experts"])
    check_adapters(folder, adapters)
    # The index and the parts alone: to edit the folder's model card changes no number.
    facts["files"] = {path: entry for path, entry in facts["files"].items() if "/" in path or path == INDEX}
    hashes = {path: entry["sha256"] for path, entry in facts["files"].items()}
    read = {f"{folder}/{path}": digest for path, digest in hashes.items()}
    if lora is not None:
        facts["lora"] = {expert: {"file": str(path), "sha256": sha256(path)} for expert, path in adapters.items()}
        read |= {entry["file"]: entry["sha256"] for entry in facts["lora"].values()}
        beside = {path: sha256(path) for path in filter(None, map(settings_beside, adapters.values()))}
        read |= {str(path): digest for path, digest in beside.items()}
        of_files = [*(entry["sha256"] for entry in facts["lora"].values()), *beside.values()]
        hashes["lora"] = fingerprint([of_files, lora["alpha"]])
        facts["lora"]["alpha"] = lora["alpha"]
    for manifest in downloads:
        check_read(read_json(manifest), read)
    return {"folder": folder, "identity": fingerprint(hashes), **facts}
