"""Find or make a Python that the scorer runs in. Under conda this one is it: nothing of ours is installed here."""

import hashlib
import json
from pathlib import Path

from chainofsteps.bench.evalkit.kits import KITS
from chainofsteps.bench.evalkit.python import found_or_made
from chainofsteps.errors import reported

with reported(snakemake.log[0]):
    environment, output = Path(snakemake.input.environment), Path(snakemake.output.manifest)
    # of other packages another environment
    folder = f"{snakemake.params.folder}-{hashlib.sha256(environment.read_bytes()).hexdigest()[:8]}"
    source = json.loads(Path(snakemake.input.source).read_text(encoding="utf-8"))
    kit = {**source, **found_or_made(snakemake.params.python, environment, folder, KITS[source["repo"]])}
    partial = output.with_suffix(".partial")
    partial.write_text(json.dumps(kit, indent=2) + "\n")
    partial.replace(output)
