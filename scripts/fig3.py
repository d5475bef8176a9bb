"""Draws Figure 3 from its two tables."""

from chainofsteps.figures import fig3, fig3_text
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.noise import points as fig3_points
from chainofsteps.probes.noise.table import CKA_COLUMNS, SCORE_COLUMNS, read_table

with Drawing(snakemake) as drawing:
    scores = read_table(drawing.input.scores, SCORE_COLUMNS, "score")
    cka = read_table(drawing.input.cka, CKA_COLUMNS, "dissimilarity")
    tasks = {kind: sorted(rows.task.unique()) for kind, rows in scores.groupby("kind")}
    setting, params = fig3.Setting.of(scores, drawing.params), drawing.params
    points = fig3_points.score_points(scores, drawing.interval)
    cka_points = fig3_points.cka_points(cka, drawing.interval, setting.sensitivity)
    comparisons = fig3_points.comparisons(scores, drawing.interval, setting.restored)
    drawing.write(
        fig3.draw(points, cka_points, tasks, setting),
        "Figure 3: noise at step and at frame",
        finding=fig3_text.finding(comparisons),
        caption=fig3_text.caption(scores, cka, points, comparisons, setting, params),
        summary=fig3_text.summary(points, cka_points, comparisons, tasks, setting),
        tables={"scores": points, "cka": cka_points},
        of=["scores", "cka"],
    )
