import pytest

from chainofsteps.bench import puzzles
from chainofsteps.errors import InputError


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_training_and_test_never_share_a_layout(name):
    train = {str(puzzles.draw(name, seed, held_out=False).layout) for seed in range(60)}
    test = {str(puzzles.draw(name, seed, held_out=True).layout) for seed in range(60)}
    assert not train & test
    # Of object_sets and any_shelf some two thousand layouts are held out: now and then one comes twice.
    assert len(test) >= 0.95 * 60, "held-out cases repeat each other"


def test_share_that_is_held_out():
    share = sum(puzzles.is_held_out(puzzles.puzzle("grounding").generate(s).layout) for s in range(2000)) / 2000
    assert 0.09 < share < 0.16


def test_unknown_puzzle_is_named():
    with pytest.raises(InputError, match="'mazes'.*loop_maze"):
        puzzles.puzzle("mazes")
