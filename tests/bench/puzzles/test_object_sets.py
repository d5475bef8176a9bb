import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import object_sets
from chainofsteps.bench.puzzles.canvas import BACKGROUND, COLOURS, SHAPES, finish, paint, shape
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_object_sets(seed):
    check_puzzle(object_sets, seed)


@many
@given(seeds)
def test_only_the_sets_as_asked_are_right(seed):
    puzzle = object_sets.generate(seed)
    answers = object_sets.answers(puzzle.layout)
    scores = {name: object_sets.score(video, puzzle.layout) for name, video in answers.items()}
    assert np.array_equal(answers["asked"], puzzle.video)
    assert 2 <= len(scores) <= 4 and [name for name in scores if scores[name] == 1.0] == ["asked"]
    assert scores["sets exchanged"] <= 0.5
    frames = [puzzle.video[0].ravel(), *(video[-1].ravel() for video in answers.values())]
    assert np.linalg.matrix_rank(np.stack(frames).astype(float)) == len(frames)


@many
@given(seeds)
def test_the_first_frame_is_empty_and_scores_nothing(seed):
    puzzle = object_sets.generate(seed)
    assert (puzzle.video[0] == BACKGROUND).all()
    assert object_sets.score(np.repeat(puzzle.video[:1], 17, axis=0), puzzle.layout) == 0.0


@many
@given(seeds)
def test_another_count_size_colour_or_shape_is_wrong(seed):
    sets = object_sets.generate(seed).layout["sets"]
    for part, choices in (
        ("count", range(1, 5)),
        ("size", list(object_sets.RADII)),
        ("colour", list(COLOURS)),
        ("shape", SHAPES),
    ):
        for other in choices:
            wrong = object_sets.make([sets[0], {**sets[1], part: other}])
            assert (object_sets.score(wrong.video, {"sets": sets}) == 1.0) == (other == sets[1][part])


@many
@given(seeds)
def test_an_object_beside_the_sets_is_wrong(seed):
    puzzle = object_sets.generate(seed)
    more = puzzle.video.astype(np.float32)
    paint(more, shape("triangle", 40, 56, 4.0), COLOURS[puzzle.layout["sets"][0]["colour"]])
    assert object_sets.score(finish(more), puzzle.layout) < 1.0


def test_words_follow_the_count():
    one = {"count": 1, "size": "small", "colour": "red", "shape": "circle"}
    three = {"count": 3, "size": "large", "colour": "blue", "shape": "square"}
    puzzle = object_sets.make([one, three])
    assert puzzle.prompt == "draw one small red circle above three large blue squares"
    assert puzzle.layout == {"sets": [one, three]} and object_sets.difficulty(puzzle.layout) == 4
