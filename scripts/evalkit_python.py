"""Find or make a Python that EvalKit runs in. Under conda this one is it: nothing of ours is installed here."""

import hashlib
import json
from pathlib import Path

from chainofsteps.bench.evalkit.python import found_or_made
from chainofsteps.errors import reported

with reported(snakemake.log[0]):
    environment, output = Path(snakemake.input.environment), Path(snakemake.output.manifest)
    # of other packages another environment
    folder = f"{snakemake.params.folder}-{hashlib.sha256(environment.read_bytes()).hexdigest()[:8]}"
    python, opencv = found_or_made(snakemake.params.python, environment, folder)
    kit = {**json.loads(Path(snakemake.input.source).read_text(encoding="utf-8")), "python": python, "opencv": opencv}
    partial = output.with_suffix(".partial")
    partial.write_text(json.dumps(kit, indent=2) + "\n")
    partial.replace(output)
