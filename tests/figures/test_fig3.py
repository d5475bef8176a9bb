"""Figure 3 as it is drawn: curves, marks and maps are the points, and all text can be read."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fig3_tables import FEATURES, INTERVAL, TASKS, params, read, tables
from matplotlib.collections import QuadMesh
from matplotlib.legend import Legend

from chainofsteps.figures import fig3, style
from chainofsteps.model import schedule
from chainofsteps.probes.noise import points as fig3_points
from tests.figures import legible


def drawn(folder: Path, boundary: float | None = None, **size):
    """(figure, score points, CKA points) of synthetic tables of that size."""
    scores, cka = read(folder, *tables(**size))
    points = fig3_points.score_points(scores, INTERVAL)
    cells = fig3_points.cka_points(cka, INTERVAL, "mean")
    setting = fig3.Setting.of(scores, params(size.get("steps", 4), boundary))
    with style.styled():
        figure = fig3.draw(points, cells, {kind: [task] for kind, task in TASKS.items()}, setting)
        figure.canvas.draw()
    return figure, points, cells


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def axes_with(figure, xlabel: str) -> list:
    return [ax for ax in figure.axes if ax.get_xlabel() == xlabel]


def texts(legend) -> set[str]:
    return {text.get_text() for text in legend.get_texts()}


def line(ax, label: str) -> np.ndarray:
    return next(item for item in ax.get_lines() if item.get_label() == label).get_ydata()


def test_curves_bands_and_lines_are_the_points(tmp_path):
    figure, points, cells = drawn(tmp_path)
    panels = axes_with(figure, "step of injection $s$")
    pairs = zip(panels[2::2], panels[3::2], strict=True)
    for ax, sensitivities, kind in zip(panels[:2], pairs, ("multi", "unique"), strict=True):
        of_kind = points[points.kind == kind]
        for run, label in (
            ("baseline", "clean"),
            ("floor_static", "static first frame"),
            ("floor_noise", "decoded noise"),
        ):
            assert set(line(ax, label)) == set(of_kind[of_kind.run == run].score)
        bands = [item for item in ax.collections if len(item.get_paths()[0].vertices) > 5]
        for operator, band in zip(("replace", "renoise"), bands, strict=True):
            rows = of_kind[(of_kind.run == "noise_at_step") & (of_kind.operator == operator)]
            assert line(ax, operator).tolist() == rows.score.tolist()
            edge = set(band.get_paths()[0].vertices[:, 1])
            assert edge == set(rows.low) | set(rows.high)
        of_kind = cells[(cells.kind == kind) & (cells.quantity == "sensitivity")]
        for sensitivity, features in zip(sensitivities, FEATURES, strict=True):
            curves = of_kind[of_kind.features == features]
            for operator in ("replace", "renoise"):
                curve = curves[curves.operator == operator].dissimilarity.tolist()
                assert line(sensitivity, operator).tolist() == curve
            null = curves[curves.run == "reseed"].dissimilarity.tolist()
            assert line(sensitivity, "re-seed null").tolist() == null


def test_frame_panels_show_points_intervals_and_marks(tmp_path):
    figure, points, _ = drawn(tmp_path)
    for ax, kind in zip(axes_with(figure, "latent frame of noise"), ("multi", "unique"), strict=True):
        for bars, operator in zip(ax.containers, ("replace", "renoise"), strict=True):
            rows = points[(points.kind == kind) & (points.run == "noise_at_frame") & (points.operator == operator)]
            assert line(ax, operator).tolist() == rows.score.tolist()
            ends = [segment[:, 1].tolist() for segment in bars.lines[2][0].get_segments()]
            assert np.array(ends) == pytest.approx(rows[["low", "high"]].to_numpy(dtype=float))
        assert {text.get_text(): text.xy[0] for text in ax.texts} == {"restored": 0, "scored": 2}


def test_maps_hold_the_cells_and_nothing_before_the_injection(tmp_path):
    figure, _, cells = drawn(tmp_path)
    cells = cells[
        (cells.quantity == "cell")
        & (cells.features == FEATURES[0])
        & (cells.kind == "unique")
        & (cells.operator == "renoise")
    ]
    maps = [item.get_array() for ax in figure.axes for item in ax.collections if isinstance(item, QuadMesh)]
    at_step, at_frame, reseed = [array for array in maps if array.shape[1] == 4][-3:]
    for row in cells[cells.run == "noise_at_step"].itertuples():
        assert at_step[row.step, int(row.later_step)] == row.dissimilarity
    assert np.isnan(np.ma.filled(at_step, np.nan)[np.tril_indices(4, -1)]).all()
    for row in cells[cells.run == "noise_at_frame"].itertuples():
        assert at_frame[row.frame, int(row.later_step)] == row.dissimilarity
    assert reseed.shape == (1, 4)


def test_the_expert_boundary_stands_before_the_first_low_noise_step(tmp_path):
    figure, _, _ = drawn(tmp_path, boundary=0.8)
    timesteps = schedule.timesteps(schedule.sigmas(4, 3.0)).tolist()
    first_low = next(step for step, t in enumerate(timesteps) if t < 800)
    for ax in axes_with(figure, "step of injection $s$"):
        boundary = next(item for item in ax.get_lines() if item.get_label() == "expert boundary")
        assert set(boundary.get_xdata()) == {first_low - 0.5}
    without, _, _ = drawn(tmp_path)
    assert all(item.get_label() != "expert boundary" for ax in without.axes for item in ax.get_lines())


@pytest.mark.parametrize(
    "size",
    [
        {"steps": 20, "frames": 5},
        {"steps": 50, "frames": 21, "cases": 2},
        {"operators": ("replace", "renoise", "add"), "steps": 20, "frames": 5},
        {"operators": ("renoise",), "kinds": ("unique",)},
        {"schemes": ("step",)},
        {"schemes": ("frame",)},
        {"cases": 1},
    ],
    ids=["default", "14B", "three operators", "one operator, one kind", "step alone", "frame alone", "one case"],
)
def test_all_text_is_inside_the_figure_apart_and_large_enough(tmp_path, size):
    figure, _, _ = drawn(tmp_path, boundary=0.6, **size)
    assert min(text.get_fontsize() for text in legible.drawn(figure)) >= 7 and len(legible.drawn(figure)) > 40
    legible.check(figure)


def test_what_was_not_run_is_named(tmp_path):
    for scheme, panels in (("step", 2 + 4), ("frame", 2 + 4 + 4)):  # score, maps; and sensitivity, of steps alone
        figure, points, _ = drawn(tmp_path, schemes=(scheme,))
        assert set(points.run) & {"noise_at_step", "noise_at_frame"} == {f"noise_at_{scheme}"}
        without = [ax for ax in figure.axes if "not run" in [text.get_text() for text in ax.texts]]
        assert len(without) == panels
        drawn_series = {label for part in figure.findobj(Legend) for label in texts(part)}
        assert {"replace", "renoise", "clean", "re-seed null"} <= drawn_series
        sensitivity = axes_with(figure, "step of injection $s$")[2:]
        assert all(len(line(ax, "re-seed null")) == 4 for ax in sensitivity)
    figure, _, _ = drawn(tmp_path, operators=("renoise",))
    labels = {item.get_label() for ax in figure.axes for item in ax.get_lines()}
    assert "renoise" in labels and "replace" not in labels


def test_no_two_series_look_alike_without_colour():
    looks = [(look["marker"], str(look["linestyle"])) for look in style.OPERATORS.values()]
    assert len(set(looks)) == len({look["color"] for look in style.OPERATORS.values()}) == len(looks)


def test_the_tasks_of_a_whole_benchmark_are_counted_not_listed():
    assert fig3.heading("multi", {"multi": ["loop_maze", "any_shelf"]}) == "several solutions (loop maze, any shelf)"
    assert fig3.heading("benchmark", {"benchmark": [f"O-{n}_maze" for n in range(100)]}) == "benchmark (100 tasks)"


@pytest.mark.parametrize(
    ("noised", "lengths", "marks"),
    [
        ([0, 1, 2, 3, 4], {5}, {0: "restored", 4: "scored"}),
        ([4], {5}, {4: "scored"}),
        ([1, 2], {5}, {}),
        ([0, 2], {5, 3}, {0: "restored"}),
    ],
)
def test_marks_are_of_the_latent_frames_there_are(tmp_path, noised, lengths, marks):
    scores, cka = tables(frames=5)
    scores = scores[scores.frame.isna() | scores.frame.isin(noised)]
    scores.loc[scores.case == "00000", "latent_frames"] = min(lengths)
    setting = fig3.Setting.of(read(tmp_path, scores, cka)[0], params(4))
    assert (setting.marks, setting.latent_frames, setting.noised_frames) == (marks, 5, noised)
