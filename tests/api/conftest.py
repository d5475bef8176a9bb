from pathlib import Path

import pytest

import chainofsteps as cos

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def model(checkpoint):
    """The tiny checkpoint with the settings of the embedded model, in five steps."""
    return cos.load(checkpoint, like="embedded", steps=5, batch_size=4, device="cpu")


@pytest.fixture(scope="session")
def embedded():
    """The model that ships, in four steps."""
    return cos.load("embedded", steps=4, device="cpu")


@pytest.fixture(scope="session")
def maze():
    return cos.puzzle("loop_maze", seed=900000)


@pytest.fixture(scope="session")
def run(model, maze):
    return model.run(maze, seed=1)
