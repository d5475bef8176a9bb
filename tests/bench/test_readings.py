import numpy as np
import pytest

from chainofsteps.bench import puzzles, readings
from chainofsteps.bench.puzzles import find_then_move, occlusion, out_and_back

SEEDS = range(8)


def blend(first, second, weight):
    return weight * first.astype(float) + (1 - weight) * second


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_every_frame_of_a_candidate_supports_that_candidate(name):
    for seed in range(2):
        layout = puzzles.puzzle(name).generate(seed).layout
        answers = puzzles.puzzle(name).answers(layout)
        for answer, video in answers.items():
            rows = readings.by_frame(video, answers)
            assert [row["frame"] for row in rows] == [4, 8, 12, 16]
            for row in rows:
                same = np.array_equal(answers[row["leading"]][row["frame"]], video[row["frame"]])
                assert same and row["mass"] > 0.95 and 1 <= row["apart"] <= len(answers)
            assert rows[-1]["apart"] == len(answers) and rows[-1]["leading"] == answer


def test_frames_that_disagree_are_told_from_each_other():
    layout = puzzles.puzzle("any_shelf").generate(1).layout
    answers = puzzles.puzzle("any_shelf").answers(layout)
    (one, first), (other, second), *_ = answers.items()
    video = blend(first, second, 0.7)
    video[12:] = blend(first, second, 0.2)[12:]
    rows = readings.by_frame(video, answers)
    assert [row["leading"] for row in rows] == [one, one, other, other]
    assert [row["mass"] for row in rows] == pytest.approx([0.7, 0.7, 0.8, 0.8], abs=0.05)


def test_a_change_is_told_from_the_frame_that_is_given():
    """Both candidates are at their ends from the second frame on."""
    answers = {name: np.zeros((17, 8, 8, 3), np.uint8) for name in ("left", "right")}
    answers["left"][1:, :, :4], answers["right"][1:, :, 4:] = 200, 200
    rows = readings.by_frame(answers["right"] // 2, answers)
    assert [(row["leading"], row["apart"]) for row in rows] == [("right", 2)] * 4
    assert [row["mass"] for row in rows] == pytest.approx([0.5] * 4)


def test_where_candidates_look_the_same_a_frame_tells_nothing():
    layout = out_and_back.generate(0).layout
    answers = out_and_back.answers(layout)
    rows = readings.by_frame(answers["at the post"], answers)
    assert [row["apart"] for row in rows][:2] == [1, 1]
    assert [row["leading"] for row in rows] == ["back at the start"] * 2 + ["at the post"] * 2
    shorter = readings.by_frame(answers["at the post"][::2], answers)
    assert [(row["frame"], row["leading"]) for row in shorter] == [(4, "back at the start"), (8, "at the post")]


def test_other_puzzles_have_no_named_readings():
    puzzle = puzzles.puzzle("rotation").generate(0)
    assert readings.named("rotation", puzzle.video, puzzle.layout) == {}


def test_an_object_that_comes_back_is_kept_and_one_that_stays_was_never_away():
    for seed in SEEDS:
        puzzle = out_and_back.generate(seed)
        there, still = puzzle.video, np.repeat(puzzle.video[:1], 17, axis=0)
        right = readings.named("out_and_back", there, puzzle.layout)
        assert right == pytest.approx({"given": 1, "away": 1, "back": 1}, abs=0.06)
        assert readings.named("out_and_back", still, puzzle.layout)["away"] < 0.06
        lost = readings.named("out_and_back", out_and_back.answers(puzzle.layout)["at the post"], puzzle.layout)
        assert lost["away"] > 0.94 and lost["back"] < 0.06
        half = readings.named("out_and_back", blend(there, still, 0.6), puzzle.layout)
        assert half["away"] == pytest.approx(0.6, abs=0.06) and half["back"] > 0.94


def test_what_comes_out_from_behind_the_bar_has_to_have_its_own_colour_and_place():
    for seed in SEEDS:
        puzzle = occlusion.generate(seed)
        right = readings.named("occlusion", puzzle.video, puzzle.layout)
        assert right == pytest.approx({"given": 1, "away": 1, "back": 1}, abs=0.15)  # a triangle fills 0.9
        answers = occlusion.answers(puzzle.layout)
        exchanged = readings.named("occlusion", answers["colours exchanged"], puzzle.layout)
        assert exchanged["back"] < 0.25 and exchanged["away"] > 0.9
        half = blend(puzzle.video, answers["colours exchanged"], 0.5)
        assert readings.named("occlusion", half, puzzle.layout)["back"] < 0.6
        still = readings.named("occlusion", np.repeat(puzzle.video[:1], 17, axis=0), puzzle.layout)
        assert still["back"] < 0.06 and still["away"] < 0.06  # they are seen, at their start


@pytest.mark.parametrize(("mark", "motion"), [(0.0, 0.0), (1.0, 0.0), (0.6, 0.3), (0.2, 0.9), (1.0, 1.0)])
def test_mark_and_motion_are_read_apart_from_a_superposition(mark, motion):
    for seed in SEEDS:
        puzzle = find_then_move.generate(seed)
        video, found = puzzle.video.astype(float), 5
        shown = np.repeat(video[:1], 17, axis=0)
        shown[found:] += mark * (video[found] - video[0]) + motion * (video[found:] - video[found])
        found = readings.named("find_then_move", shown, puzzle.layout)
        assert found["marked"] == pytest.approx(mark, abs=0.03) and found["marked_other"] < 0.03
        assert found["moved"] == pytest.approx(motion, abs=0.03)
        assert found["moved_named"] == pytest.approx(motion, abs=0.03)


def test_two_objects_half_moved_are_motion_but_half_a_mark():
    for seed in SEEDS:
        puzzle = find_then_move.generate(seed)
        answers = list(find_then_move.answers(puzzle.layout).values())
        target = puzzle.layout["target"]
        shown = blend(answers[target], answers[target - 1], 0.5)
        found = readings.named("find_then_move", shown, puzzle.layout)
        assert found == pytest.approx({"marked": 0.5, "marked_other": 0.5, "moved": 1, "moved_named": 0.5}, abs=0.05)


@pytest.mark.parametrize(
    ("values", "step"),
    [([0.9, 0.8], 0), ([0.1, 0.6, 0.7], 1), ([0.6, 0.1, 0.5], 2), ([0.9, 0.4], None), ([0.5], 0), ([0.2], None)],
)
def test_there_is_from_when_on_it_stays(values, step):
    assert readings.first_there(values, 0.5) == step
