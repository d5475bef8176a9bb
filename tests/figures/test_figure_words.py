import math

from chainofsteps.figures.words import with_interval


def test_an_estimate_stands_with_its_interval_where_there_is_one():
    assert with_interval(0.5, 0.25, 0.75) == "0.50 [0.25, 0.75]"
    assert with_interval(0.5, math.nan, math.nan) == "0.50"
