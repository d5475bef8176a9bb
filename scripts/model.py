"""Check a checkpoint folder and list what it consists of."""

from chainofsteps.checkpoint import INDEX
from chainofsteps.errors import reported
from chainofsteps.files import fingerprint, write_json
from chainofsteps.models import check_checkpoint

with reported(snakemake.log[0]):
    folder = snakemake.params.folder
    facts = check_checkpoint(folder)
    # The index and the parts alone: to edit the folder's model card changes no number.
    facts["files"] = {path: entry for path, entry in facts["files"].items() if "/" in path or path == INDEX}
    hashes = {path: entry["sha256"] for path, entry in facts["files"].items()}
    write_json(snakemake.output.manifest, {"folder": folder, "identity": fingerprint(hashes), **facts})
