import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig5, style
from chainofsteps.probes.x0_pred import decided
from chainofsteps.probes.x0_pred.decided import Thresholds
from tests.figures import legible
from tests.figures.test_fig1 import changing

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
THRESHOLDS = Thresholds(live=0.1, held=0.5)
CASES, STEPS = 4, 6
PANELS = [
    Panel("fig5", letter, "find_then_move", case, 1, (0, 5), (0, 16))
    for letter, case in zip("ab", ("00000", "00001"), strict=True)
]


def measured(later, moves=True, apart=1):
    """Runs marked from step 1 on and moved from step 1 + later on, every second one `apart` later, or never."""
    rows, leading, frames = [], [], []
    for case in range(CASES):
        for step in range(STEPS):
            row = {"model": "m", "task": "find_then_move", "kind": "unique", "case": f"{case:05d}", "seed": 1}
            row["step"] = step
            moved = float(moves and step >= 1 + later + apart * (case % 2))
            found = {"marked": float(step >= 1), "marked_other": 0.1, "moved": moved, "moved_named": moved}
            rows += [{**row, "reading": name, "value": value} for name, value in found.items()]
            leading.append({**row, "candidate": "a", "right": True, "mass": 1.0})
            frames.append({**row, "frame": 16, "leading": "a", "mass": 1.0, "apart": 2})
    tables = {"masses": pd.DataFrame(leading), "frames": pd.DataFrame(frames), "readings": pd.DataFrame(rows)}
    steps, runs = decided.reading_steps(tables["readings"], THRESHOLDS), decided.runs_of(tables, THRESHOLDS)
    return runs, fig5.measured(steps, runs, STATISTICS)


def test_a_planted_delay_is_found_with_its_interval():
    _, points = measured(later=2)
    found = points[points.step.isna()].set_index("measure")
    assert found.loc["marked_at", "estimate"] == 1 and found.loc["moved_at", "estimate"] == 3.5
    later = found.loc["later"]
    assert (later.n, later.estimate) == (CASES, 2.5) and 2 <= later.low <= 2.5 <= later.high <= 3
    words = fig5.summary(points)
    assert "In the 4 runs of 4 cases that end with both" in words and "2.50 [" in words
    assert "The mark is first in 1.00 [0.40, 1.00] of them, the motion in 0.00 [0.00, 0.60]" in words
    _, reverse = measured(later=-1)
    assert reverse[reverse.measure == "later"].estimate.tolist() == [-0.5]


@pytest.mark.parametrize("moves", [True, False])
def test_figure_shows_the_distribution_or_says_that_there_is_none(moves, tmp_path):
    runs, points = measured(later=2, moves=moves)
    pictures = {panel.name: changing(2) for panel in PANELS}
    with style.styled():
        figure = fig5.draw(PANELS, pictures, {panel.name: [1.0, 0.5] for panel in PANELS}, runs, points)
        *_, above, below = figure.axes
        assert above.lines[0].get_ydata().tolist() == [0, 1, 1, 1, 1, 1]
        letters = [[text.get_text() for text in part.texts] for part in (*figure.subfigs[0].subfigs, figure.subfigs[1])]
        assert [found[-1] for found in letters] == ["a", "b", "c"]
        texts = [text.get_text() for text in below.texts]
        if moves:
            assert [bar.get_height() for bar in below.patches] == [2, 2] and texts == ["a", "b"]
        else:
            assert " ".join(texts[0].split()) == "No run of 4 ends with both a mark and a motion."
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    if not moves:
        assert "no run ends with the named object marked and an object moved" in fig5.summary(points)


def test_runs_that_agree_on_the_step_are_no_lone_bar_across_the_axis():
    runs, points = measured(later=0, apart=0)
    pictures = {panel.name: changing(2) for panel in PANELS}
    with style.styled():
        figure = fig5.draw(PANELS, pictures, {panel.name: [1.0, 0.5] for panel in PANELS}, runs, points)
        below = figure.axes[-1]
        assert not below.patches and not below.axison
        (told,) = (" ".join(text.get_text().split()) for text in below.texts)
        assert told == "In all 4 runs of 4 that end with both, the motion comes at the same step as the mark."
        legible.check(figure)


def test_caption_says_how_mark_and_motion_are_told_apart():
    caption = fig5.caption("fig5", PANELS, measured(later=2)[1], model="tiny", level=0.95, held=0.5)
    assert caption.startswith("Figure 5.") and "(c) How much of the mark" in caption and "0.5 or above" in caption


@pytest.mark.parametrize(
    ("later", "apart", "words"),
    [
        (2, 1, "the named object is marked before an object moves ("),
        (0, 0, "no order of mark and motion is visible: both within one step in 100% of the runs ("),
        (-1, 0, "an object moves before the named one is marked ("),
    ],
)
def test_the_finding_goes_with_the_interval_of_the_steps_between(later, apart, words):
    assert fig5.finding(measured(later=later, apart=apart)[1]).startswith(words)


def test_without_a_motion_there_is_no_order():
    assert "so no order is seen" in fig5.finding(measured(later=2, moves=False)[1])
