"""Marks show the values that they get: seaborn aggregates, sorts out and resamples nothing."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from chainofsteps.figures import marks, style

X, Y, LOW, HIGH = [0, 1, 2], [0.2, 0.9, 0.4], [0.1, 0.8, 0.4], [0.3, 1.0, 0.6]


@pytest.fixture
def axes():
    with style.styled():
        figure, pair = plt.subplots(1, 2, layout="constrained")
        yield pair
        plt.close(figure)


def test_a_band_has_its_line_and_its_ends(axes):
    marks.band(axes[0], X, Y, LOW, HIGH, color=style.BLUE, marker="o", label="a")
    (line,), (band,) = axes[0].lines, axes[0].collections
    assert (line.get_xdata().tolist(), line.get_ydata().tolist(), line.get_label()) == (X, Y, "a")
    assert set(band.get_paths()[0].vertices[:, 1]) == {*LOW, *HIGH}


@pytest.mark.parametrize("across", [False, True])
def test_dots_have_bars_along_their_values_and_keep_their_order(axes, across):
    places, values = ([0, 0, 1], Y)  # two at one place: seaborn would average them
    data = (values, places) if across else (places, values)
    marks.dots(axes[0], *data, LOW, HIGH, across=across, color=style.BLUE, marker="s")
    (line,) = [line for line in axes[0].lines if line.get_marker() == "s"]
    drawn = sorted(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert drawn == sorted(zip(*data, strict=True)) and line.get_linestyle() == "None"
    ends = [segment[:, 0 if across else 1].tolist() for segment in axes[0].collections[0].get_segments()]
    assert np.allclose(ends, np.stack([LOW, HIGH], 1))


def test_a_heat_map_has_the_cells_and_labels_of_its_table_and_leaves_the_figure_as_it_was(axes):
    table = pd.DataFrame([[0.0, np.nan, 0.5], [1.0, 0.25, 0.75]], index=[3, 4], columns=[0, 5, 10])
    engine = axes[0].figure.get_layout_engine()
    axes[1].set_visible(False)
    mesh = marks.heat_map(axes[0], table, every=(2, 1))
    assert np.array_equal(np.ma.filled(mesh.get_array(), np.nan), table.to_numpy(), equal_nan=True)
    assert mesh.get_clim() == (0, 1) and axes[0].yaxis_inverted()
    labels = [[text.get_text() for text in axis.get_ticklabels()] for axis in (axes[0].xaxis, axes[0].yaxis)]
    assert labels == [["0", "10"], ["3", "4"]] and axes[0].get_xticks().tolist() == [0.5, 2.5]
    assert axes[0].figure.get_layout_engine() is engine and [ax.get_visible() for ax in axes] == [True, False]


def test_series_at_one_place_are_nested(axes):
    for index, color in enumerate((style.BLUE, style.GREEN)):
        look = {"color": color, "marker": "o", **marks.nested(index)}
        marks.dots(axes[0], X, Y, LOW, HIGH, **look)
    outer, inner = (line for line in axes[0].lines if line.get_marker() == "o")
    assert outer.get_xdata().tolist() == inner.get_xdata().tolist() == X
    assert outer.get_markersize() > 1.4 * inner.get_markersize()
    widths = [bars.get_linewidth()[0] for bars in axes[0].collections]
    assert widths[0] > widths[1]
