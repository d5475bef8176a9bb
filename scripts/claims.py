"""The verdict on every claim by the rules of the schema, as JSON and as a page."""

import json
from pathlib import Path

import yaml

from chainofsteps.claims import judge
from chainofsteps.claims.measured import Run, Tables, measured
from chainofsteps.claims.page import markdown
from chainofsteps.errors import reported
from chainofsteps.files import atomic_write, read_json

with reported(snakemake.log[0]):
    paths, output = snakemake.input, snakemake.output
    schema = yaml.safe_load(Path(paths.schema).read_text(encoding="utf-8"))
    run = Run.of(snakemake.params, read_json(paths.model)["layers"])
    tables = Tables.read({name: paths[name] for name in Tables.__dataclass_fields__})
    rows = judge(measured(tables, schema["claims"], run), schema, snakemake.config["model"])
    atomic_write(output.json, (json.dumps(rows, indent=2) + "\n").encode())
    atomic_write(output.page, markdown(rows, schema, run.interval.level).encode())
