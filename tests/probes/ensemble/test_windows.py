from fractions import Fraction

import pytest

from chainofsteps.errors import InputError
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble.count import merged_forwards
from chainofsteps.probes.ensemble.spec import Ensemble

SETTINGS = {"windows": ["0-9", "0-39", "20-29"], "of_layers": 40, "modes": ["mean", "blend"]}
SETTINGS |= {"weight": 0.5, "carry": "first", "steps": [0]}
K, S, L = 3, 20, 8


@pytest.mark.parametrize(
    ("window", "layers", "expected"),
    [
        ("20-29", 8, (4, 5)),
        ("0-9", 8, (0, 1)),
        ("0-39", 8, (0, 7)),
        ("20-29", 40, (20, 29)),
        ("20-29", 30, (15, 22)),  # layer 22 of 30 is 29 1/3 to 30 2/3 of 40
        ("0-9", 2, (0, 0)),
        ("39-39", 2, (1, 1)),
    ],
)
def test_a_window_is_the_same_part_of_any_depth(window, layers, expected):
    assert windows.scaled(window, 40, layers) == expected


@pytest.mark.parametrize("window", ["9-0", "0-40", "-1-3", "5", "a-b", ""])
def test_a_window_that_is_none_is_one_line(window):
    with pytest.raises(InputError, match="is no window of 40 layers; give <first>-<last>, 0 to 39"):
        windows.scaled(window, 40, 8)


def test_every_window_in_every_mode_and_both_names_in_the_row():
    found = windows.expand(SETTINGS, L)
    assert [(run.window, run.first, run.last, run.mode) for run in found[:2] + found[-1:]] == [
        ("0-9", 0, 1, "mean"),
        ("0-9", 0, 1, "blend"),
        ("20-29", 4, 5, "blend"),
    ]
    assert found[-1].row() == {
        "variant": "ensemble",
        "window": "20-29",
        "layers": "4-5",
        "mode": "blend",
        "weight": 0.5,
        "carry": "first",
        "steps": "0",
    }
    assert found[-1].name() == "ensemble_l4-5_blend_w0.5_first_s0"


def test_windows_that_begin_together_are_one_run_in_mode_mean():
    runs = windows.distinct(windows.expand(SETTINGS, L))
    assert len(runs) == 2 + 3
    short, long = Ensemble(0, 1, window="0-9"), Ensemble(0, 7, window="0-39")
    assert short.name() == long.name() == "ensemble_l0-0_mean_first_s0" and short.effective() == long.effective()
    assert Ensemble(0, 1, "blend").name() != Ensemble(0, 7, "blend").name()
    assert Ensemble(3, 3, "blend", carry="mean").effective() == Ensemble(3, 6, carry="mean").effective()
    assert Ensemble(3, 3, "blend").effective().mode == "blend"


@pytest.mark.parametrize("a", [0, 4, 7])
def test_one_mean_costs_what_the_design_says(a):
    """S - 1 + (K (a + 1) + (L - 1 - a)) / L: a step with K streams up to layer a, and single streams otherwise."""
    expected = S - 1 + Fraction(K * (a + 1) + L - 1 - a, L)
    assert merged_forwards([Ensemble(a, 7)], K, S, L) == expected


def test_one_blend_needs_all_streams_to_its_end():
    assert merged_forwards([Ensemble(4, 5, "blend")], K, S, L) == S - 1 + Fraction(K * 6 + 2, L)
    later = [Ensemble(4, 5, "blend", steps=(3, 5))]  # until step 3 it is the stored run
    assert merged_forwards(later, K, S, L) == S - 3 - 2 + 2 * Fraction(K * 6 + 2, L)


def test_several_share_what_is_the_same():
    """All windows of Table A1, both modes: 3 streams to layer 4, and apart from there on."""
    runs = windows.expand(SETTINGS, L)
    at_step_0 = 3 * 5  # no merge yet, layers 0-4
    at_step_0 += 7 + 3  # mean at 0 and at 4, alone behind it
    at_step_0 += 3 * 7 + 5  # blends from 0: together over layer 1, where 0-1 ends, and its stream over layer 2
    at_step_0 += 3 * 1 + 2  # blend of 4-5
    assert merged_forwards(runs, K, S, L) == 5 * (S - 1) + Fraction(at_step_0, L)
    assert merged_forwards([], K, S, L) == 0


def test_at_later_steps_only_the_other_seeds_are_shared():
    runs = [Ensemble(0, 0, steps=(0, 1)), Ensemble(1, 1, steps=(0, 1))]
    first, second = 3 * 2 + 7 + 6, 2 * 2 + 2 + 1 + 7 + 6
    # at step 1: two others over layers 0 and 1; each run's own stream over layer 0, the second's over layer 1
    assert merged_forwards(runs, K, S, L) == 2 * (S - 2) + Fraction(first + second, L)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "median"}, "mode must be one of mean, blend; not 'median'"),
        ({"carry": "last"}, "carry must be one of first, mean; not 'last'"),
        ({"first": 5, "last": 4}, "layers 5 to 4 are no window"),
        ({"weight": 0}, "weight must be above 0 and up to 1, not 0"),
        ({"steps": ()}, "steps must be whole numbers"),
    ],
)
def test_what_cannot_be_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        Ensemble(**{"first": 0, "last": 1, **given})
