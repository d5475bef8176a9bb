import pytest

from chainofsteps.config.panels import Panel, panels_of
from chainofsteps.errors import InputError

ROW = {
    "figure": "fig1",
    "panel": "b",
    "puzzle": "loop_maze",
    "case": "00001",
    "seed": 2,
    "steps": [0, 3],
    "frames": [16],
}
THERE = {"cases": {"loop_maze": ["00000", "00001"]}, "seeds": [1, 2], "steps": 4, "frames": 17}


def panel(**changes):
    (found,) = panels_of({"panels": [{**ROW, **changes}]}, "fig1")
    return found


def test_rows_come_in_the_order_of_their_letters():
    rows = [ROW, {**ROW, "panel": "a"}, {**ROW, "figure": "fig2"}]
    found = panels_of({"panels": rows}, "fig1")
    assert [one.name for one in found] == ["fig1a", "fig1b"]
    assert found[1] == Panel("fig1", "b", "loop_maze", "00001", 2, (0, 3), (16,))
    assert found[1].run.name == "00001-seed2"


def test_what_is_there_is_accepted():
    panel().check(**THERE)
    panel(frames=[80]).check(**{**THERE, "frames": None})  # lengths of a folder's videos are known later


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"puzzle": "bounce"}, "puzzle 'bounce'.*tasks are loop_maze"),
        ({"case": "00002"}, "case '00002'.*00000 to 00001"),
        ({"seed": 3}, "seed 3.*seeds 1, 2"),
        ({"steps": [0, 4]}, "step 4.*steps 0 to 3"),
        ({"frames": [17]}, "frame 17.*frames 0 to 16"),
    ],
)
def test_what_is_not_there_is_refused_by_name(change, message):
    with pytest.raises(InputError, match=f"fig1 b shows {message}"):
        panel(**change).check(**THERE)


def test_a_letter_twice_and_a_figure_without_panels_are_refused():
    with pytest.raises(InputError, match="two panels of one letter"):
        panels_of({"panels": [ROW, ROW]}, "fig1")
    with pytest.raises(InputError, match="none is of fig2"):
        panels_of({"panels": [ROW]}, "fig2")
