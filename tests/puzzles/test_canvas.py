import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from chainofsteps.puzzles.canvas import (
    BACKGROUND,
    BLACK,
    COLOURS,
    GREY,
    SHAPES,
    amount,
    best_shape,
    blank,
    box,
    disc,
    paint,
    shape,
)


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


@pytest.mark.parametrize("blur", [0, 0.6, 1])
@pytest.mark.parametrize("radius", [4.0, 4.5, 5.0, 6.0])
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_told_if_it_is_a_little_too_small_or_large_or_blurred(name, radius, blur):
    for larger in (-0.5, 0, 0.5):
        image = blank(1)[0]
        paint(image, shape(name, 24.2, 23.9, radius + larger), COLOURS["red"])
        image = gaussian_filter(image, (blur, blur, 0))
        assert best_shape(image, COLOURS["red"], 24, 24, radius) == name
