import numpy as np
import pytest
import torch

from chainofsteps.config.panels import Panel
from chainofsteps.figures import grids, style
from chainofsteps.files import save_tensors
from tests.figures.test_fig1 import changing


def panels(number, steps=(0, 3)):
    return [Panel("figA9", "abcdef"[i], "any_shelf", "00001", 1, steps, (0, 8, 16)) for i in range(number)]


def pictures_of(shown):
    return {panel.name: changing(len(panel.steps), 3) for panel in shown}


def test_pictures_and_sigmas_are_found_by_the_panels_names(tmp_path):
    shown, kept = panels(2), {}
    for number, panel in enumerate(shown):
        kept[f"{panel.name}-pictures"] = torch.full((2, 3, 64, 64, 3), number, dtype=torch.uint8)
        kept[f"{panel.name}-sigmas"] = torch.ones(2)
    save_tensors(tmp_path / "figA9.safetensors", kept, {})
    pictures, sigmas = grids.load(shown, tmp_path / "figA9.safetensors")
    assert (pictures["figA9b"] == 1).all() and sigmas["figA9a"].tolist() == [1, 1]


@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_page_has_every_grid_its_curve_and_one_legend(number):
    shown = panels(number)
    with style.styled():
        figure, curves, strip = grids.page(shown, pictures_of(shown), {panel.name: [1.0, 0.9] for panel in shown})
        images = [axes for axes in figure.axes if axes.images]
        assert len(images) == number * 2 * 3 and list(curves) == [panel.name for panel in shown]
        for axes in curves.values():
            axes.plot([0, 1], [0, 1], label="the same")
        grids.legend(strip, curves)
        assert [text.get_text() for text in strip.get_legend().get_texts()] == ["the same"]
        assert figure.get_figwidth() == style.WIDTH and figure.get_figheight() < 9


def test_rows_say_step_and_sigma_and_columns_the_frame():
    (panel,) = panels(1)
    with style.styled():
        figure, _, _ = grids.page([panel], pictures_of([panel]), {panel.name: [1.0, 0.9]})
        axes = [axes for axes in figure.axes if axes.images]
        assert [ax.get_title() for ax in axes[:3]] == ["0", "8", "16"]
        assert axes[3].get_ylabel() == "step 3\n$\\sigma$ .90"


def test_names_for_readers():
    assert grids.title("figA10") == "Figure A10" and grids.spoken("out_and_back") == "out and back"
    assert grids.spoken("O-39_maze_data-generator") == "O-39 maze"
    long = grids.spoken("G-135_select_next_figure_small_large_alternating_sequence_data-generator")
    assert long == "G-135 select next …"  # else it would reach over the figure's edge
    assert grids.listed(panels(1)) == "(a) any_shelf, case 00001, seed 1"


def test_rows_that_look_alike_in_every_grid_are_one():
    still = np.zeros((4, 2, 64, 64, 3), np.uint8)
    moved = still.copy()
    moved[2:, 1, :8, :8] = 255  # a sixty-fourth of the pixels of one frame
    assert grids.alike(still) == [[0, 1, 2, 3]] and grids.alike(moved) == [[0, 1], [2, 3]]
    assert grids.alike(still, moved) == [[0, 1], [2, 3]]
    fainter = still.copy()
    fainter[1] = 64
    assert grids.alike(fainter) == [[0, 1, 2, 3]]
    slow = np.stack([np.full((2, 8, 8, 3), 40 * row, np.uint8) for row in range(4)])
    assert grids.alike(slow) == [[0, 1], [2, 3]], "against the first of a group, not the one before"


def test_a_label_names_the_steps_that_look_alike():
    assert grids.label([3], [0.9]) == "step 3\n$\\sigma$ .90"
    assert grids.label([0, 1, 3], [1.0, 0.98, 0.9]) == "steps 0-3\n$\\sigma$ 1.00-.90"
