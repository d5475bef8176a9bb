import numpy as np
import pytest

from chainofsteps.bench.puzzles.canvas import BACKGROUND, BLACK, COLOURS, GREY, amount, box, disc


@pytest.mark.parametrize("name", COLOURS)
def test_amount_is_the_blend_weight_and_no_other_colour_passes(name):
    colour = COLOURS[name]
    weights = np.linspace(0, 1, 11)[:, None]
    assert np.allclose(amount(BACKGROUND + weights * (colour - BACKGROUND), colour), weights[:, 0], atol=1e-5)
    for other in [*(c for n, c in COLOURS.items() if n != name), BLACK, GREY]:
        assert amount(other, colour) < 0.2


def test_coverage_is_the_area():
    assert box(3.25, 10, 7.5, 12).sum() == pytest.approx(4.25 * 2)
    assert disc(30.0, 20.0, 5.0).sum() == pytest.approx(np.pi * 25, rel=0.02)
