"""Tables A2 and A3: score against frame count, or against number of steps, beside what is published."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.figures import paper_notes, paper_tables

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    points = pd.read_csv(given.points)
    points = points[points.setting == params.setting].rename(columns={"value": params.setting})
    published, model = pd.read_csv(given.published, dtype={params.setting: str}), snakemake.config["model"]
    table = paper_tables.by_setting(published, points, params.setting, model)
    caption = paper_tables.caption_setting(points, params.setting, model, params.level)
    shown = paper_tables.shown_setting(table, params.setting)
    notes = paper_notes.notes(params.table, int(table.n.max()), params.scorer, table.scorer_check)
    paper_tables.write(output, table, shown, caption, notes)
