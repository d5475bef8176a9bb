"""Tables A2 and A3: score against frame count, or against number of steps, beside what is published."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.figures import paper_captions, paper_notes, paper_tables
from chainofsteps.tables import read_shards

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    points = pd.read_csv(given.points)
    points = points[points.setting == params.setting].rename(columns={"value": params.setting})
    published, model = pd.read_csv(given.published, dtype={params.setting: str}), snakemake.config["model"]
    shown, other = points, None
    if getattr(given, "distilled", []):
        runs, distilled = read_shards(given.runs), read_shards(given.distilled)
        own = runs.assign(own=runs.steps == params.own_steps)
        more = paper_tables.distilled_points(own, distilled, params.statistics)
        shown, other = pd.concat([points, more]), more.model.iloc[0]
    table = paper_tables.by_setting(published, shown, params.setting, model)
    caption = paper_captions.of_setting(points, params.setting, model, params.level)
    checks = points[points.own].scorer_check
    notes = paper_notes.notes(params.table, int(table.n.max()), params.scorer, checks, model, other)
    blocks = paper_tables.blocks(paper_tables.shown_setting(table, params.setting))
    paper_tables.write(output, table, blocks, caption, notes)
