import pytest

from chainofsteps.bench import puzzles
from chainofsteps.errors import InputError
from chainofsteps.names import LADDER


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_training_and_test_never_share_a_layout(name):
    number = 20 if name in LADDER else 60  # of those a layout takes long to draw
    train = {str(puzzles.draw(name, seed, held_out=False).layout) for seed in range(number)}
    test = {str(puzzles.draw(name, seed, held_out=True).layout) for seed in range(number)}
    assert not train & test
    # Of object_sets and any_shelf some two thousand layouts are held out: now and then one comes twice.
    assert len(test) >= 0.95 * number, "held-out cases repeat each other"


def test_share_that_is_held_out():
    share = sum(puzzles.is_held_out(puzzles.puzzle("grounding").generate(s).layout) for s in range(2000)) / 2000
    assert 0.09 < share < 0.16


def test_unknown_puzzle_is_named():
    with pytest.raises(InputError, match="'mazes'.*loop_maze"):
        puzzles.puzzle("mazes")
