"""How well token norms tell object from background, and how sparse they are, by layer and step, over all shards."""

import numpy as np
import pandas as pd

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.video import read_mp4
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.names import GROUND_TRUTH, RunId
from chainofsteps.probes.activations.table import object_mask, rows_of, summary
from chainofsteps.store.shards import read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    params, given, rows = snakemake.params, snakemake.input, []
    for path, of_cases in zip(given.activations, given.cases, strict=True):
        reader, cases = read_shard(path), read_json(of_cases)
        names, task = list(cases["cases"]), cases["task"]
        norms = {run: {key: kept.numpy() for key, kept in reader.load(run)[0].items()} for run in reader.cases}
        grids = {name: norms[RunId(task, name, params.seeds[0]).name]["grid"] for name in names}
        masks = {
            case.name: object_mask(read_mp4(case.folder / GROUND_TRUTH), grids[case.name])
            for case in read_cases(cases["root"], task, names)
        }
        for case, other in zip(names, [*names[1:], names[0]], strict=True):
            # the null: the mask of the next case, which says nothing of this one
            null = masks[other] if other != case and np.array_equal(grids[other], grids[case]) else None
            for seed in params.seeds:
                kept = {key: value for key, value in norms[RunId(task, case, seed).name].items() if key != "grid"}
                of_run = rows_of(kept, reader.manifest["layers"], masks[case], null)
                rows += [{"model": params.model, "task": task, "case": case, "seed": seed, **row} for row in of_run]
    runs = pd.DataFrame(rows)
    write_table(snakemake.output.runs, runs.round(4))
    write_table(snakemake.output.table, summary(runs, params.statistics))
