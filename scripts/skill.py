"""Held-out cases of one puzzle, solved or not, by the stock diffusers pipeline."""

import pandas as pd
import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.lora import adapters_in
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.probes.skill.run import load_pipeline, measure
from chainofsteps.probes.skill.table import COLUMNS
from chainofsteps.store.job import progress
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, (model, puzzle) = snakemake.params, snakemake.wildcards
    sampling = Sampling.from_config({**params.sampling, **placement(snakemake.config, model)})
    of_model = read_json(snakemake.input.model)
    pipeline, rows = load_pipeline(of_model["folder"], sampling, adapters_in(of_model)), []
    with progress(f"skill {puzzle}", params.number, "cases") as line:
        for index in range(params.number):
            rows += measure(pipeline, puzzle, [index], sampling)
            line.update()
    write_table(snakemake.output.cases, pd.DataFrame(rows, columns=COLUMNS))
