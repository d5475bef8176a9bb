import pandas as pd

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig2, style
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval
from tests.figures import legible
from tests.figures.test_fig1 import changing, table

INTERVAL = Interval(resamples=200, level=0.95, seed=0)


def test_each_grid_stands_beside_the_curve_of_its_puzzle(tmp_path):
    panels = [
        Panel("fig2", letter, task, "00000", 1, (0, 4), (0, 16))
        for letter, task in (("a", "any_shelf"), ("b", "rotation"))
    ]
    both = [table(task="any_shelf"), table(gone_at=1, task="rotation").assign(kind="unique")]
    runs = masses.chosen_and_rival(pd.concat(both), 0.1)
    points = masses.curves(runs, INTERVAL)
    pictures = {panel.name: changing(2) for panel in panels}
    with style.styled():
        figure = fig2.draw(panels, pictures, {panel.name: [1.0, 0.5] for panel in panels}, runs, points, 0.1)
        curves = [axes for axes in figure.axes if axes.lines]
        assert [axes.get_title(loc="right") for axes in curves] == ["4 cases, 2 seeds"] * 2
        rivals = [axes.lines[1].get_ydata().tolist() for axes in curves]
        assert rivals == [[0.5, 0.5, 0, 0, 0], [0.5, 0, 0, 0, 0]]
        assert [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().texts] == [
            "final answer",
            "strongest other",
            "strongest other, shown case",
        ]
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    caption = fig2.caption("figA9", panels, runs, points, model="tiny", level=0.9, live=0.1)
    assert (
        caption.startswith("Figure A9. Model tiny. A second answer")
        and "(b) rotation, case 00000, seed 1" in caption
        and "90%" in caption
    )
    assert "Several right answers: any_shelf. One right answer: rotation. any_shelf, 4 cases, 2 seeds;" in caption
