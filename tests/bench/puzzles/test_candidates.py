"""Masses of candidates on synthetic superpositions, for every puzzle."""

import numpy as np
import pytest

from chainofsteps.bench import puzzles
from chainofsteps.bench.puzzles import candidates

SEEDS = range(12)


def blends(name):
    """(layout, two candidates' names, weight of the first, blended last frame as float)."""
    for seed in SEEDS:
        layout = puzzles.puzzle(name).generate(seed).layout
        answers = puzzles.puzzle(name).answers(layout)
        rng = np.random.default_rng(seed)
        first, second = rng.choice(list(answers), 2, replace=False)
        weight = rng.uniform()
        frame = weight * answers[first][-1].astype(float) + (1 - weight) * answers[second][-1]
        yield layout, str(first), str(second), weight, frame


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_weights_of_a_blend_are_recovered(name):
    for layout, first, second, weight, frame in blends(name):
        for shown in (frame, np.rint(frame).astype(np.uint8)):
            masses = candidates.masses(name, shown, layout)
            assert masses[first] == pytest.approx(weight, abs=0.1)
            assert masses[second] == pytest.approx(1 - weight, abs=0.1)


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_one_answer_is_one_candidate_and_the_first_frame_none(name):
    for seed in SEEDS:
        layout = puzzles.puzzle(name).generate(seed).layout
        answers = puzzles.puzzle(name).answers(layout)
        assert 2 <= len(answers) <= 9
        for answer, video in answers.items():
            masses = candidates.masses(name, video[-1], layout)
            assert masses[answer] > 0.9
            assert max((mass for other, mass in masses.items() if other != answer), default=0) < 0.1
        assert max(candidates.masses(name, next(iter(answers.values()))[0], layout).values()) < 0.1


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_right_answers_are_those_that_solve(name):
    module = puzzles.puzzle(name)
    counts = [len(candidates.right_answers(name, module.generate(seed).layout)) for seed in SEEDS]
    assert min(counts) >= 2 if module.KIND == "multi" else set(counts) == {1}


def test_what_blends_add_beyond_the_two_is_little_where_routes_do_not_add_up():
    for layout, first, second, _, frame in blends("tic_tac_toe"):
        masses = candidates.masses("tic_tac_toe", frame, layout)
        assert sum(mass for name, mass in masses.items() if name not in (first, second)) < 0.1


def test_a_blurred_frame_still_tells_its_answer():
    for layout, first, _, _, _ in blends("shelf"):
        frame = puzzles.puzzle("shelf").answers(layout)[first][-1].astype(float)
        blurred = (frame + np.roll(frame, 1, 0) + np.roll(frame, 1, 1) + np.roll(frame, (1, 1), (0, 1))) / 4
        masses = candidates.masses("shelf", blurred, layout)
        assert max(masses, key=masses.get) == first


def test_a_mass_is_at_most_one():
    layout = puzzles.puzzle("shelf").generate(0).layout
    answers = puzzles.puzzle("shelf").answers(layout)
    name, video = next(iter(answers.items()))
    beyond = video[0] + 1.5 * (video[-1].astype(float) - video[0])
    assert candidates.masses("shelf", beyond, layout)[name] == 1.0
