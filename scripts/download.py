"""Have one repository's files on this machine, and say what they are."""

from chainofsteps.errors import reported
from chainofsteps.files import write_json
from chainofsteps.store.download import fetch

with reported(snakemake.log[0]):
    write_json(snakemake.output.manifest, fetch(snakemake.params.source, snakemake.params.folder))
