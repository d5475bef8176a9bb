"""Have the scorer's source at the configured commit, with the hash that it must have."""

from pathlib import Path

from chainofsteps.bench.evalkit.source import fetch
from chainofsteps.errors import reported
from chainofsteps.files import write_json

with reported(snakemake.log[0]):
    params = snakemake.params
    found = fetch(params.commit, params.sha256, Path(params.folder), repo=params.repo)
    write_json(snakemake.output.manifest, found)
