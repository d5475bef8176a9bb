"""Draws Figure 3 from its two tables, and writes its caption, its summary and the drawn points beside it."""

from chainofsteps import tables
from chainofsteps.errors import reported
from chainofsteps.figures import fig3, fig3_text, style
from chainofsteps.files import atomic_write
from chainofsteps.probes.noise import points as fig3_points
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    scores = tables.read_table(given.scores, tables.SCORE_COLUMNS, "score")
    cka = tables.read_table(given.cka, tables.CKA_COLUMNS, "dissimilarity")
    interval = fig3_points.Interval(**params.statistics)
    points = fig3_points.score_points(scores, interval)
    cka_points = fig3_points.cka_points(cka, interval, params.similarity["sensitivity"])
    tasks = {kind: sorted(rows.task.unique()) for kind, rows in scores.groupby("kind")}
    setting = fig3.Setting.of(scores, params)
    comparisons = fig3_points.comparisons(scores, interval, setting.restored)
    caption = fig3_text.caption(scores, cka, points, setting, params)
    summary = fig3_text.summary(points, cka_points, comparisons, tasks, setting)
    of_run = identity(given.model, dict(params.items()), [given.scores, given.cka])
    with style.styled():
        figure = fig3.draw(points, cka_points, tasks, setting)
        title = "Figure 3: noise at step and at frame"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, summary.encode())
    tables.write_table(output.scores, points)
    tables.write_table(output.cka, cka_points)
