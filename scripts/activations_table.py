"""How well token norms tell object from background, and how sparse they are, by layer and step, over all shards."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.probes.activations.table import runs_of_shard, summary
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    params, paths = snakemake.params, snakemake.input
    shards = zip(paths.activations, paths.cases, strict=True)
    rows = [row for norms, cases in shards for row in runs_of_shard(norms, cases, params.seeds)]
    runs = pd.DataFrame([{"model": params.model, **row} for row in rows])
    write_table(snakemake.output.runs, runs.round(4))
    write_table(snakemake.output.table, summary(runs, params.statistics))
