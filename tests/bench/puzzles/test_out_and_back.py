import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import out_and_back
from chainofsteps.bench.puzzles.canvas import COLOURS, GREY, SHAPES, centre, finish, paint, shape
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_out_and_back(seed):
    check_puzzle(out_and_back, seed)


@many
@given(seeds)
def test_only_back_at_the_start_is_right(seed):
    puzzle = out_and_back.generate(seed)
    answers = out_and_back.answers(puzzle.layout)
    assert len(answers) == (4 if "beyond the start" in answers else 3)
    for name, video in answers.items():
        assert np.array_equal(video[:9], puzzle.video[:9])
        score = out_and_back.score(video, puzzle.layout)
        assert score == 1.0 if name == "back at the start" else score <= 0.5


@many
@given(seeds)
def test_without_the_way_out_it_is_wrong(seed):
    puzzle = out_and_back.generate(seed)
    jump = np.concatenate([np.repeat(puzzle.video[:1], 16, axis=0), puzzle.video[-1:]])
    assert out_and_back.score(jump, puzzle.layout) == 0.2
    copy = puzzle.video.copy()  # one goes out while another stays
    item = puzzle.layout["object"]
    y, x = (centre(value) for value in item["cell"])
    middle = copy[8].astype(np.float32)
    paint(middle, shape(item["shape"], x, y, out_and_back.RADIUS), COLOURS[item["colour"]])
    copy[8] = finish(middle)
    assert out_and_back.score(copy, puzzle.layout) < 0.5


def last_painted(puzzle, cover, colour):
    frame = puzzle.video[-1].astype(np.float32)
    paint(frame, cover, colour)
    return np.concatenate([puzzle.video[:-1], finish(frame)[None]])


@many
@given(seeds)
def test_a_copy_left_at_the_post_is_wrong(seed):
    puzzle = out_and_back.generate(seed)
    item, (start, step, distance) = puzzle.layout["object"], out_and_back._way(puzzle.layout)
    y, x = (centre(value) for value in start + distance * step)
    cover = shape(item["shape"], x, y, out_and_back.RADIUS)
    assert out_and_back.score(last_painted(puzzle, cover, COLOURS[item["colour"]]), puzzle.layout) <= 0.5


@many
@given(seeds)
def test_an_untouched_post_is_wrong(seed):
    puzzle = out_and_back.generate(seed)
    video = last_painted(puzzle, out_and_back._post(puzzle.layout), GREY)
    assert out_and_back.score(video, puzzle.layout) <= 0.7


@many
@given(seeds)
def test_lost_changed_and_added_objects_are_wrong(seed):
    layout = out_and_back.generate(seed).layout
    item, (first, *rest) = layout["object"], layout["bystanders"]
    for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
        other = {part: choices[choices.index(item[part]) - 1]}
        assert out_and_back.score(out_and_back.render({**layout, "object": {**item, **other}}, 0), layout) <= 0.5
        other = {part: choices[choices.index(first[part]) - 1]}
        changed = {**layout, "bystanders": [{**first, **other}, *rest]}
        assert out_and_back.score(out_and_back.render(changed, 0), layout) <= 0.9
    assert out_and_back.score(out_and_back.render({**layout, "bystanders": rest}, 0), layout) <= 0.9
    used = [item["cell"], layout["post"], *(thing["cell"] for thing in layout["bystanders"])]
    free = next([row, column] for row in range(4) for column in range(4) if [row, column] not in used)
    if np.abs(np.subtract(free, item["cell"])).min() > 0:  # off the object's line
        more = {**layout, "bystanders": [*layout["bystanders"], {**first, "cell": free}]}
        assert out_and_back.score(out_and_back.render(more, 0), layout) <= 0.9


@many
@given(seeds)
def test_the_named_object_is_the_only_one_of_its_kind(seed):
    puzzle = out_and_back.generate(seed)
    item = puzzle.layout["object"]
    assert f"the {item['colour']} {item['shape']} " in puzzle.prompt + " "
    kinds = [(thing["colour"], thing["shape"]) for thing in (item, *puzzle.layout["bystanders"])]
    assert len(set(kinds)) == len(kinds)
    distance = np.abs(np.subtract(item["cell"], puzzle.layout["post"])).sum() - 1
    assert out_and_back.difficulty(puzzle.layout) == distance in out_and_back.DISTANCES
