import numpy as np
import pandas as pd

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig2, style
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval
from tests.figures.test_fig1 import table

INTERVAL = Interval(resamples=200, level=0.95, seed=0)


def test_each_grid_stands_beside_the_curve_of_its_puzzle(tmp_path):
    panels = [
        Panel("fig2", letter, task, "00000", 1, (0, 4), (0, 16))
        for letter, task in (("a", "any_shelf"), ("b", "rotation"))
    ]
    both = [table(task="any_shelf"), table(gone_at=0, task="rotation").assign(kind="unique")]
    runs = masses.chosen_and_rival(pd.concat(both), 0.1)
    points = masses.curves(runs, INTERVAL)
    pictures = {panel.name: np.zeros((2, 2, 64, 64, 3), np.uint8) for panel in panels}
    with style.styled():
        figure = fig2.draw(panels, pictures, {panel.name: [1.0, 0.5] for panel in panels}, runs, points)
        curves = [axes for axes in figure.axes if axes.lines]
        assert [axes.get_title(loc="right") for axes in curves] == ["4 cases, 2 seeds"] * 2
        rivals = [axes.lines[1].get_ydata().tolist() for axes in curves]
        assert rivals == [[0.5, 0.5, 0, 0, 0], [0, 0, 0, 0, 0]]
        assert [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().texts] == [
            "answer of the end",
            "strongest other",
            "strongest other, run shown",
        ]
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    caption = fig2.caption("figA9", panels, runs, points, model="tiny", level=0.9)
    assert caption.startswith("Figure A9.") and "(b) rotation, case 00000, seed 1" in caption and "90%" in caption
    assert "any_shelf (several right answers), 4 cases, 2 seeds; rotation (one right answer)" in caption
