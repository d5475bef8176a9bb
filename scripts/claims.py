"""The verdict on every claim by the rules of the schema, as JSON and as a page."""

import json
from pathlib import Path

import yaml

from chainofsteps.claims import judge
from chainofsteps.claims.measured import Run, Tables, measured
from chainofsteps.claims.page import markdown
from chainofsteps.errors import reported
from chainofsteps.files import atomic_write, read_json
from chainofsteps.model.schedule import sigmas
from chainofsteps.probes.x0_pred.decided import Thresholds
from chainofsteps.statistics import Interval

with reported(snakemake.log[0]):
    paths, params, output = snakemake.input, snakemake.params, snakemake.output
    schema = yaml.safe_load(Path(paths.schema).read_text())
    interval, depth = Interval(**params.statistics), read_json(paths.model)["layers"]
    of_steps = sigmas(params.steps, params.shift)[:-1].tolist()
    run = Run(of_steps, depth, params.restored, params.null_seed, interval, Thresholds(**params.thresholds))
    tables = Tables.read({name: paths[name] for name in Tables.__dataclass_fields__})
    rows = judge(measured(tables, schema["claims"], run), schema, snakemake.config["model"])
    atomic_write(output.json, (json.dumps(rows, indent=2) + "\n").encode())
    atomic_write(output.page, markdown(rows, schema, interval.level).encode())
