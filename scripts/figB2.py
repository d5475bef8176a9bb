"""Draws Figure B2 from the commitment of every run."""

from chainofsteps.figures import figB2
from chainofsteps.figures.drawn import Drawing
from chainofsteps.model.schedule import sigmas
from chainofsteps.probes.candidates.table import reliable
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    cases = figB2.cases_of(reliable(read_shards(drawing.input.runs)))
    drawing.write(
        figB2.draw(cases, sigmas(drawing.params.steps, drawing.params.shift)[:-1].numpy()),
        "Figure B2: commitment by distance",
        finding=figB2.finding(cases, drawing.interval),
        caption=figB2.caption(cases, drawing.interval, drawing.about),
        summary=figB2.summary(cases),
        tables={"points": cases.round(4)},
        of=["runs"],
    )
