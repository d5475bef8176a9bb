"""The skill of all puzzles in one table."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.probes.skill.table import summary
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    rows = pd.concat([pd.read_csv(path) for path in snakemake.input])
    write_table(snakemake.output.table, summary(rows, snakemake.params.level))
