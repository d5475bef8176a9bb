import pandas as pd
import pytest

from chainofsteps.figures import fig8, style
from chainofsteps.probes.frames.table import MEAN
from tests.figures import legible

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
TASKS = ("loop_maze", "shelf", "bounce")


def runs(setting, values, own, tasks=TASKS, cases=6, **columns):
    """A planted fall: nothing is lost but at the smallest value, where every case scores 0.2 to 0.4 less."""
    rows = [
        {"task": task, "case": f"{case:05d}", setting: value, "own": value == own, "seed": 1, "exact": False}
        | {"score": 0.6 + 0.05 * case - (0.2 + 0.04 * case) * (value == min(values)), **columns}
        for task in tasks
        for case in range(cases)
        for value in values
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def points():
    frames = runs("frames", (5, 9, 17), 17, floor_static=0.1, floor_noise=0.0, ground_truth=1.0)
    return fig8.points(frames, runs("steps", (2, 20), 20, tasks=TASKS[:1]), STATISTICS)


def test_floors_of_the_steps_are_those_of_the_same_cases(points):
    of_steps = points[points.setting == "steps"]
    assert set(of_steps.floor_static) == {0.1} and set(of_steps.task) == {"loop_maze"}
    without = fig8.points(
        runs("frames", (5, 17), 17, tasks=("shelf",), floor_static=0.1, floor_noise=0.0, ground_truth=1.0),
        runs("steps", (2, 20), 20, tasks=("bounce",)),
        STATISTICS,
    )
    assert without[without.setting == "steps"].floor_static.isna().all()


def test_summary_tells_the_planted_fall_and_nothing_else(points):
    frames, steps, last = fig8.summary(points).splitlines()
    assert "3 tasks, 6 cases of each, 1 seed): 0.72 [" in frames and "at the model's own 17; 9: +0.00" in frames
    assert "9: +0.00 [-0.27, +0.27], not told apart" in frames
    assert "5: -0.30 [" in frames and frames.endswith("lower.")
    assert "(1 task, 6 cases of each, 1 seed)" in steps and steps.count("lower") == 1
    assert last == "No video of more than 17 frames was made: of longer ones this says nothing."


def test_the_scorer_check_is_that_of_the_models_own_setting(points):
    """A true clip told in five frames may lose what its scorer looks for: that says nothing of the others."""
    short = points.assign(scorer_check="passed")
    short.loc[(short.setting == "frames") & (short.value == 5), "scorer_check"] = "shelf (true clip 0.5)"
    assert "all tasks pass" in fig8.caption(short, "tiny", 0.95)
    own = points.assign(scorer_check="shelf (true clip 0.5)")
    assert "1 task fails, shelf (true clip 0.5)" in fig8.caption(own, "tiny", 0.95)


def test_caption_says_that_nothing_was_distilled(points):
    words = fig8.caption(points, "tiny", 0.95)
    assert "Scorer check (true clip through the VAE at least 0.9, first frame repeated at most 0.3): " in words
    assert words.startswith("Figure 8. Model tiny. 5 frames of the video against 17: score -0.30 [")
    assert "against the frame count, 5, 9, 17:" in words and "(a) 3 tasks, 6 cases of each, 1 seed; (b) 1 task" in words
    assert "not a checkpoint distilled to few steps" in words and words.count("\n\n") == 2


def test_without_the_own_number_nothing_is_compared():
    frames = runs("frames", (5, 17), 17, floor_static=0.1, floor_noise=0.0, ground_truth=1.0)
    points = fig8.points(frames, runs("steps", (2, 4), own=20), STATISTICS)
    assert "the model's own number was not run, so nothing is compared" in fig8.summary(points)


def test_figure_has_a_line_per_task_and_the_mean_and_marks_the_own_value(points, tmp_path):
    with style.styled():
        figure = fig8.draw(points)
        frames, steps = figure.axes
        assert len(frames.containers) == 1, "the interval of the mean"
        assert len(steps.containers) == 1, "one task has no mean over tasks"
        values = set(points[points.setting == "frames"].value)
        of_runs = [line for line in frames.lines if len(line.get_xdata()) == 3 and line.get_marker() != "_"]
        assert len(of_runs) == len(TASKS) + 1 + 2, "the tasks, their mean, and two floors"
        assert all(set(line.get_xdata()) <= values for line in frames.lines), "no point between the values"
        assert [text.get_text() for text in frames.get_xticklabels()] == ["5", "9", "17"]
        assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes] == [
            (words, "mean score") for words in fig8.SETTINGS.values()
        ]
        assert all(axes.get_ylim()[0] < 0 and axes.get_ylim()[1] > 1 for axes in figure.axes), "a score of 0 or 1 shows"
        named = [text.get_text() for text in figure.subfigs[-1].legends[0].get_texts()]
        assert named[: len(TASKS) + 1] == ["loop maze", "shelf", "bounce", MEAN]
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_the_finding_goes_with_the_interval_of_the_difference(points):
    said = fig8.finding(points)
    assert said.startswith("5 frames of the video against 17: score -0.30 [") and ", lower; 2 denoising steps" in said
    open_ = points.assign(score_difference_low=-0.5, score_difference_high=0.5)
    assert fig8.finding(open_).count("not told apart") == 2
    assert "is not compared with a lower one" in fig8.finding(points.assign(own=False))


def test_the_tasks_of_a_whole_benchmark_are_lines_without_names():
    tasks = tuple(f"O-{number}_maze_data-generator" for number in range(60))
    frames = runs("frames", (5, 17), 17, tasks, 2, floor_static=0.1, floor_noise=0.0, ground_truth=1.0)
    with style.styled():
        figure = fig8.draw(fig8.points(frames, runs("steps", (2, 20), 20, tasks, 2), STATISTICS))
        named = [text.get_text() for text in figure.subfigs[-1].legends[0].get_texts()]
        assert named[:2] == ["a task", MEAN] and len(named) == 5
        legible.check(figure)
