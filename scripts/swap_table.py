"""Flip rates by layer, mode, set of steps and readout, and the layer x step matrix, over all shards."""

from chainofsteps.errors import reported
from chainofsteps.probes.swap.spec import words
from chainofsteps.probes.swap.table import read_rows, split, write

with reported(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    curves, matrix = split(read_rows(snakemake.input), [words(sorted(steps)) for steps in params.steps])
    write(output.table, curves, params.statistics)
    write(output.matrix, matrix, params.statistics)
