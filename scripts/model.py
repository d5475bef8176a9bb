"""Check a checkpoint folder and its adapters, and list what they consist of."""

from chainofsteps.errors import reported
from chainofsteps.files import fingerprint, read_json, sha256, write_json
from chainofsteps.model.checkpoint import INDEX, adapters_of
from chainofsteps.model.load import check_adapters, check_checkpoint
from chainofsteps.store.download import check_read

with reported(snakemake.log[0]):
    folder, lora = snakemake.params.folder, snakemake.params.lora
    facts = check_checkpoint(folder)
    adapters = adapters_of(lora, facts["experts"])
    check_adapters(folder, adapters)
    # The index and the parts alone: to edit the folder's model card changes no number.
    facts["files"] = {path: entry for path, entry in facts["files"].items() if "/" in path or path == INDEX}
    hashes = {path: entry["sha256"] for path, entry in facts["files"].items()}
    read = {f"{folder}/{path}": hash for path, hash in hashes.items()}
    if lora is not None:
        facts["lora"] = {expert: {"file": str(path), "sha256": sha256(path)} for expert, path in adapters.items()}
        facts["lora"]["alpha"] = lora["alpha"]
        read |= {str(path): facts["lora"][expert]["sha256"] for expert, path in adapters.items()}
        hashes["lora"] = fingerprint([[facts["lora"][expert]["sha256"] for expert in adapters], lora["alpha"]])
    for manifest in snakemake.input.downloads:
        check_read(read_json(manifest), read)
    write_json(snakemake.output.manifest, {"folder": folder, "identity": fingerprint(hashes), **facts})
