"""The lines on top of a figure: the model's name and the finding, which a rule makes of the numbers; and captions."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import yaml

from chainofsteps.figures import header, style, words
from chainofsteps.names import PUZZLES, SEVERAL_ANSWERS
from tests.figures import legible

ROOT = Path(__file__).parents[2]
LONG = "a second answer at step 0: there in 3 of 6 puzzles (any shelf, next size, tic tac toe), open in 3 (others)"


def titled(finding, models="tiny"):
    figure = plt.figure(figsize=(style.WIDTH, 2), layout="constrained")
    axes = figure.subfigures(1, 2)[0].subplots()
    header.put(figure, models, finding)
    style.settle(figure)
    return figure, axes


def test_the_lines_are_as_wide_as_the_page_and_the_figure_grows_by_them():
    with style.styled():
        one, axes = titled("short.")
        three, lower = titled(LONG + LONG)
        title = three.get_suptitle()
        assert one.get_suptitle() == "Model tiny: short." and title.replace("\n", " ") == f"Model tiny: {LONG + LONG}"
        assert title.count("\n") >= 1 and not legible.faults(three)
        assert three.get_figheight() > one.get_figheight() > 2
        heights = [ax.get_window_extent().height for ax in (axes, lower)]
        assert heights[0] == pytest.approx(heights[1], abs=8), "the panels keep their size"
        assert titled("short.", "a, b")[0].get_suptitle() == "Models a, b: short."
    plt.close("all")


def test_the_finding_of_every_figure_is_computed():
    scripts = sorted((ROOT / "scripts").glob("fig*.py"))
    drawn = [script for script in scripts if "Drawing(" in script.read_text()]
    assert len(drawn) == 12
    for script in drawn:
        assert re.search(r"finding=\w+\.finding\(\w+", script.read_text()), script.name


def test_a_caption_leads_with_the_finding_then_how_to_read_it_then_what_it_counts():
    parts = words.caption("Figure 1", "m", "nothing moved.", ["(a) x.", "", "(b) y."], ["4 cases."]).split("\n\n")
    assert parts == ["Figure 1. Model m. Nothing moved.", "How to read it. (a) x. (b) y.", "Counted over. 4 cases.\n"]


def test_verdicts_are_counted_and_named_where_that_tells_more():
    says = {"more": "there", "less": "not there", "open": "open"}
    some = {"a": "more", "b": "less", "c": "more"}
    assert words.shared(some, says, "puzzle") == "there in 2 of 3 puzzles (a, c), not there in 1 (b)"
    assert words.shared({"a": "open"}, says, "puzzle") == "open in 1 of 1 puzzle"
    many = {f"{number}": "more" for number in range(4)} | {"b": "less"}
    assert words.shared(many, says, "puzzle") == "there in 4 of 5 puzzles, not there in 1 (b)"
    assert [words.side(*ends) for ends in ((0.1, 1), (-1, -0.1), (-1, 1), (0, 0), (float("nan"),) * 2)] == [
        "more",
        "less",
        "open",
        "open",
        "open",
    ]


def test_a_puzzle_looks_the_same_in_every_figure_and_those_of_one_figure_apart():
    frames = yaml.safe_load((ROOT / "config.yaml").read_text())["frames"]["tasks"]
    for together in (frames, SEVERAL_ANSWERS[:4]):
        looks = style.of_tasks(together)
        assert len({look["color"] for look in looks.values()}) == len(looks)
        assert all(style.of_tasks([task])[task] == look for task, look in looks.items())
    pairs = {tuple(look.values()) for look in style.of_tasks([*PUZZLES, "O-39_maze_data-generator"]).values()}
    assert style.YELLOW not in {colour for colour, _ in pairs} and len(pairs) > 10


def test_faults_are_found():
    with style.styled():
        figure, axes = plt.subplots(figsize=(3, 2))
        axes.text(0.5, 0.5, "one")
        axes.text(0.5, 0.5, "two")
        axes.text(0.1, 0.1, "small", fontsize=4)
        axes.text(0.1, 0.9, "$x_0$", fontsize=7)
        axes.text(0.9, 0.3, "far outside the page")
        found = legible.faults(figure)
        assert [line for line in found if "over" in line] == ["'one' lies over 'two'"]
        assert "'small' has 4.0 points" in found and "'$x_0$' has 4.9 points" in found
        assert "'far outside the page' is not inside the page" in found and len(found) == 4
        plt.close(figure)
