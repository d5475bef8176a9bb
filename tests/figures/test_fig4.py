import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig4, style
from chainofsteps.probes.x0_pred import decided
from chainofsteps.probes.x0_pred.decided import Thresholds
from tests.figures import legible
from tests.figures.test_fig1 import changing

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
THRESHOLDS = Thresholds(live=0.1, held=0.5)
STEPS, CASES = 4, 4
NAMED = {"model": "m", "kind": "unique", "seed": 1}


@pytest.fixture
def found():
    """Two puzzles: an object that is kept from step 2 on, and wrong answers that become right at step 1 or 2."""
    masses, frames, readings = [], [], []
    for case in range(CASES):
        for step in range(STEPS):
            row = {**NAMED, "case": f"{case:05d}", "step": step}
            right = float(step > case % 2)
            for task, answers in (("bounce", {"a": right, "b": 1 - right}), ("out_and_back", {"a": 1.0, "b": 0.0})):
                masses += [
                    {**row, "task": task, "candidate": name, "right": name == "a", "mass": mass}
                    for name, mass in answers.items()
                ]
                leading = max(answers, key=answers.get)
                frames += [
                    {**row, "task": task, "frame": frame, "leading": leading, "mass": 1.0, "apart": 2}
                    for frame in (4, 16)
                ]
            of_step = {"given": 1.0, "away": 0.9, "back": float(step >= 2)}
            readings += [
                {**row, "task": "out_and_back", "reading": name, "value": value} for name, value in of_step.items()
            ]
    return {name: pd.DataFrame(rows) for name, rows in (("masses", masses), ("frames", frames), ("readings", readings))}


@pytest.fixture
def steps(found):
    return fig4.steps_of(found, THRESHOLDS)


@pytest.fixture
def points(found, steps):
    return fig4.measured(steps, decided.runs_of(found, THRESHOLDS), STATISTICS)


def test_points_are_of_steps_and_of_whole_runs(points):
    of_steps, of_runs = points[points.step.notna()], points[points.step.isna()]
    kept = of_steps[of_steps.measure == "kept"]
    assert kept.task.unique().tolist() == ["out_and_back"] and kept.estimate.tolist() == [0, 0, 1, 1]
    final = of_steps[(of_steps.measure == "final") & (of_steps.task == "bounce")]
    assert final.estimate.tolist() == [0, 0.5, 1, 1]
    bounce = of_runs[of_runs.task == "bounce"].set_index("measure").estimate
    assert bounce["wrong_to_right"] == 1 and bounce["net_revision"] == 1 and bounce["in_one"] == 1
    assert bounce["decided_at"] == 1.5 and 0.3 < bounce["in_one_null"] < 0.7 and "all" not in set(of_runs.task)


def test_summary_says_what_was_kept_and_what_was_revised(points):
    back, bounce = sorted(fig4.summary(points).splitlines(), reverse=True)
    assert back.startswith(
        "out and back, 4 cases, 1 seeds: the reference is away half-way and there at the end in 0.00"
    )
    assert "1.00 [0.40, 1.00] at the last" in back
    assert "became right in 1.00 [0.40, 1.00] of the runs and a right one wrong in 0.00" in bounce
    assert "of 4 runs in which a frame changed after step 0, all frames changed within one step in 1.00" in bounce


def test_figure_has_the_curve_of_each_question_and_the_run_shown(points, steps, tmp_path):
    panels = [
        Panel("fig4", letter, task, "00001", 1, (0, 3), (0, 16))
        for letter, task in (("a", "out_and_back"), ("b", "bounce"))
    ]
    pictures = {panel.name: changing(2) for panel in panels}
    with style.styled():
        figure = fig4.draw(panels, pictures, {panel.name: [1.0, 0.5] for panel in panels}, steps, points)
        memory, revised = (axes for axes in figure.axes if axes.lines)
        assert memory.lines[2].get_ydata().tolist() == [0, 0, 1, 1]
        assert revised.lines[0].get_ydata().tolist() == [0, 0.5, 1, 1]
        assert memory.lines[-1].get_ydata().tolist() == [0, 0, 1, 1]  # the run shown
        assert revised.lines[-1].get_ydata().tolist() == [0, 0, 1, 1]
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")


def test_caption_tells_what_is_beside_each_panel(points):
    panels = [Panel("figA12", "a", "bounce", "00001", 1, (0, 3), (0, 16))]
    of = {"model": "tiny", "level": 0.95, "live": 0.1, "held": 0.5}
    alone = fig4.caption("figA12", panels, points, **of)
    assert alone.startswith("Figure A12.") and "For bounce" in alone and "kept:" not in alone
    memory = Panel("figA12", "b", "occlusion", "00001", 1, (0, 3), (0, 16))
    both = fig4.caption("figA12", [*panels, memory], points, **of)
    assert "For occlusion, how much" in both and "at least 0.5" in both and "mass above 0.1" in both


def test_the_finding_goes_with_the_intervals(points):
    words = "0.00 [0.00, 0.60] of the runs keep the reference at the worst step of 1 puzzle; revised wrong answers "
    words += "against spoilt right ones: "
    assert fig4.finding(points) == f"{words}not told apart in 1 of 1 puzzle.", "of four cases that agree"
    assert fig4.finding(points.assign(low=points.low.clip(lower=0.1))).endswith("more in 1 of 1 puzzle.")
    assert fig4.finding(points.assign(high=-0.1)).endswith("fewer in 1 of 1 puzzle.")
    assert fig4.finding(points[points.task == "bounce"]).startswith("revised wrong answers")
