"""Figure 3 on synthetic tables with known answers: points, drawing, words, and the script Snakemake runs."""

import contextlib
import itertools
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from PIL import Image

from chainofsteps import provenance, schedule, style
from chainofsteps.errors import InputError
from chainofsteps.figures import fig3, fig3_points, fig3_text
from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.statistics import bootstrap_mean, paired_bootstrap
from chainofsteps.tables import CKA_COLUMNS, SCORE_COLUMNS, read_table

SCRIPT = Path(__file__).parents[1] / "scripts" / "fig3.py"
INTERVAL = fig3_points.Interval(resamples=200, level=0.9, seed=3)
TASKS = {"multi": "loop_maze", "unique": "unique_maze"}


class Params(dict):
    """Keys as attributes too, as Snakemake's params have them."""

    __getattr__ = dict.__getitem__


def params(steps: int, boundary: float | None = None, **changes) -> Params:
    return Params(
        sampling={"steps": steps, "shift": 3.0, "guidance_scale": 1.0, "boundary": boundary},
        noise={"frames": "all", "restore_first_frame": True},
        similarity={"kernel": "linear", "unbiased": True, "sensitivity": "mean"},
        statistics={"resamples": 200, "level": 0.9, "seed": 3},
        **changes,
    )


def tables(
    steps=4,
    frames=3,
    cases=5,
    operators=("replace", "renoise"),
    kinds=("multi", "unique"),
    seeds=(1,),
    schemes=("step", "frame"),
):
    """Score and CKA tables as the score and noise rules write them, with values from a fixed generator."""
    generator = np.random.default_rng(0)
    scores, cka = [], []
    for kind in kinds:
        for case in (f"{index:05d}" for index in range(cases)):
            base = {"model": "embedded", "task": TASKS[kind], "kind": kind, "case": case}
            for run in ("floor_static", "floor_noise", "ground_truth"):
                scores.append({**base, "run": run, "score": generator.random()})
            for seed in seeds:
                of_seed = {**base, "seed": seed}
                for run in ("baseline", "reseed"):
                    scores.append({**of_seed, "run": run, "score": generator.random()})
                cka += [
                    {**of_seed, "run": "reseed", "later_step": t, "dissimilarity": generator.random()}
                    for t in range(steps)
                ]
                for operator in operators:
                    noise = {"operator": operator, "amplitude": 1.0, "timing": "before", "noise_seed": 1000}
                    noise |= {**of_seed, "noise": "fixed"}
                    runs = [{"run": "noise_at_step", "scheme": "step", "step": s} for s in range(steps)]
                    runs += [
                        {"run": "noise_at_frame", "scheme": "frame", "step": "all", "frame": f} for f in range(frames)
                    ]
                    for run in (run for run in runs if run["scheme"] in schemes):
                        scores.append({**noise, **run, "score": generator.random()})
                        first = run["step"] if run["run"] == "noise_at_step" else 0
                        cka += [
                            {**noise, **run, "later_step": t, "dissimilarity": generator.random()}
                            for t in range(first, steps)
                        ]
    scores = pd.DataFrame(scores).assign(exact=0, latent_frames=frames or 3).reindex(columns=SCORE_COLUMNS)
    return scores, pd.DataFrame(cka).assign(features="latents").reindex(columns=CKA_COLUMNS)


def read(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame):
    """Through the files, as the script reads them."""
    scores.to_csv(folder / "scores.csv", index=False)
    cka.to_csv(folder / "cka.csv", index=False)
    return (
        read_table(folder / "scores.csv", SCORE_COLUMNS, "score"),
        read_table(folder / "cka.csv", CKA_COLUMNS, "dissimilarity"),
    )


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


# ---- points


def test_a_point_is_the_mean_over_cases_with_the_interval_of_the_package(tmp_path):
    raw = tables(seeds=(1, 2))[0]
    points = fig3_points.score_points(read(tmp_path, raw, tables()[1])[0], INTERVAL)
    chosen = {"kind": "unique", "run": "noise_at_step", "operator": "renoise", "step": 2}
    of = raw[(raw[list(chosen)] == pd.Series(chosen)).all(axis=1)]
    per_case = of.pivot(index="case", columns="seed", values="score").to_numpy()
    clean = raw[(raw.kind == "unique") & (raw.run == "baseline")]
    clean = clean.pivot(index="case", columns="seed", values="score").to_numpy()
    point = points[(points[list(chosen)] == pd.Series(chosen)).all(axis=1)].iloc[0]
    assert point.cases == 5
    assert (point.score, point.low, point.high) == pytest.approx(bootstrap_mean(per_case, 200, 0.9, 3))
    drop = paired_bootstrap(clean, per_case, 200, 0.9, 3)
    assert (point["drop"], point.drop_low, point.drop_high) == pytest.approx(drop)


def test_seeds_of_a_case_are_averaged_before_cases_are(tmp_path):
    scores, cka = tables(cases=2, seeds=(1, 2), kinds=("multi",))
    baseline = scores.run == "baseline"
    scores.loc[baseline, "score"] = [0.0, 1.0, 0.0, 1.0]
    scores = scores.drop(scores[baseline].index[3])  # case 0: 0 and 1; case 1: 0 alone
    point = fig3_points.score_points(read(tmp_path, scores, cka)[0], INTERVAL).query("run == 'baseline'").iloc[0]
    assert point.score == 0.25


def test_sensitivity_is_reduced_over_later_steps_and_the_null_likewise(tmp_path):
    scores, cka = tables(kinds=("multi",))
    at_step = cka.run == "noise_at_step"
    cka.loc[at_step, "dissimilarity"] = cka[at_step].later_step * 0.1 + cka[at_step].step.astype(float)
    cka.loc[cka.run == "reseed", "dissimilarity"] = cka.later_step * 0.01
    table = read(tmp_path, scores, cka)[1]
    for how, step_2, null_2 in (("mean", 2.25, 0.025), ("final", 2.3, 0.03)):
        points = fig3_points.cka_points(table, INTERVAL, how)
        curves = points[(points.quantity == "sensitivity") & (points.step == 2)]
        assert curves[curves.operator == "replace"].dissimilarity.tolist() == pytest.approx([step_2])
        assert curves[curves.run == "reseed"].dissimilarity.tolist() == pytest.approx([null_2])


def test_cases_of_two_tasks_with_one_name_are_two_cases(tmp_path):
    scores, cka = tables(cases=3)
    scores["kind"], cka["kind"] = "unique", "unique"
    scores, cka = read(tmp_path, scores, cka)
    assert set(fig3_points.score_points(scores, INTERVAL).cases) == {6}
    assert set(fig3_points.cka_points(cka, INTERVAL, "mean").cases) == {6}


# ---- drawing


def labels_out_of_view(axis) -> list:
    """Labels of ticks that matplotlib makes and does not draw."""
    low, high = sorted(axis.get_view_interval())
    return [label for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high for label in (tick.label1,)]


def axes_with(figure, xlabel: str) -> list:
    return [ax for ax in figure.axes if ax.get_xlabel() == xlabel]


def texts(legend) -> set[str]:
    return {text.get_text() for text in legend.get_texts()}


def line(ax, label: str) -> np.ndarray:
    return next(item for item in ax.get_lines() if item.get_label() == label).get_ydata()


def test_curves_bands_and_lines_are_the_points(tmp_path):
    figure, points, cells = drawn(tmp_path)
    panels = axes_with(figure, "step of injection $s$")
    for ax, sensitivity, kind in zip(panels[:2], panels[2:], ("multi", "unique"), strict=True):
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
            curve = cells[(cells.kind == kind) & (cells.operator == operator) & (cells.quantity == "sensitivity")]
            assert line(sensitivity, operator).tolist() == curve.dissimilarity.tolist()
        null = cells[(cells.kind == kind) & (cells.run == "reseed") & (cells.quantity == "sensitivity")]
        assert line(sensitivity, "re-seed null").tolist() == null.dissimilarity.tolist()


def test_frame_panels_show_points_intervals_and_marks(tmp_path):
    figure, points, _ = drawn(tmp_path)
    for ax, kind in zip(axes_with(figure, "latent frame of noise"), ("multi", "unique"), strict=True):
        for bars, operator in zip(ax.containers, ("replace", "renoise"), strict=True):
            rows = points[(points.kind == kind) & (points.run == "noise_at_frame") & (points.operator == operator)]
            assert bars.lines[0].get_ydata().tolist() == rows.score.tolist()
            ends = [segment[:, 1].tolist() for segment in bars.lines[2][0].get_segments()]
            assert np.array(ends) == pytest.approx(rows[["low", "high"]].to_numpy(dtype=float))
        assert {text.get_text(): text.xy[0] for text in ax.texts} == {"restored": 0, "scored": 2}


def test_maps_hold_the_cells_and_nothing_before_the_injection(tmp_path):
    figure, _, cells = drawn(tmp_path)
    cells = cells[(cells.quantity == "cell") & (cells.kind == "unique") & (cells.operator == "renoise")]
    maps = [ax.images[0].get_array() for ax in figure.axes if ax.images and ax.images[0].get_clim() == (0, 1)]
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
    renderer = figure.canvas.get_renderer()
    hidden = [label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in labels_out_of_view(axis)]
    texts = [text for text in figure.findobj(plt.Text) if text.get_text().strip() and text not in hidden]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text.get_visible()}
    boxes = {text: box for text, box in boxes.items() if box.width > 0}
    assert len(boxes) > 40
    for text, box in boxes.items():
        assert text.get_fontsize() >= 7
        assert figure.bbox.padded(1).containsx(box.x0) and figure.bbox.padded(1).containsx(box.x1), text.get_text()
        assert figure.bbox.padded(1).containsy(box.y0) and figure.bbox.padded(1).containsy(box.y1), text.get_text()
    for (text, box), (other, other_box) in itertools.combinations(boxes.items(), 2):
        assert not box.padded(-1).overlaps(other_box.padded(-1)), (text.get_text(), other.get_text())


def test_what_was_not_run_is_named(tmp_path):
    for scheme, panels in (("step", 2 + 4), ("frame", 2 + 4 + 2)):  # score, maps; and sensitivity, of steps alone
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


# ---- words


def test_the_tasks_of_a_whole_benchmark_are_counted_not_listed():
    assert fig3.heading("multi", {"multi": ["loop_maze", "any_shelf"]}) == "several solutions (loop maze, any shelf)"
    assert fig3.heading("benchmark", {"benchmark": [f"O-{n}_maze" for n in range(100)]}) == "benchmark (100 tasks)"


def words_of(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame, **changes) -> tuple[str, str]:
    scores, cka = read(folder, scores, cka)
    points = fig3_points.score_points(scores, INTERVAL)
    cells = fig3_points.cka_points(cka, INTERVAL, "mean")
    setting = fig3.Setting.of(scores, params(4))
    tasks = {kind: [TASKS[kind]] for kind in scores.kind.unique()}
    comparisons = fig3_points.comparisons(scores, INTERVAL, setting.restored)
    return (
        fig3_text.summary(points, cells, comparisons, tasks, setting),
        fig3_text.caption(scores, cka, points, setting, params(4, **changes)),
    )


def test_the_caption_says_whose_scores_they_are_unless_they_are_ours(tmp_path):
    official = {"mode": "weighted", "commit": "275472ffe5ccf76f3a41fb55379ce170397c0c12", "sha256": "0" * 64}
    caption = words_of(tmp_path, *tables(), scorer=official)[1]
    assert "Scores are EvalKit's (weighted, commit 275472f)." in caption
    assert "The last latent frame is the one that is scored" not in caption  # EvalKit looks at all of them
    assert "EvalKit" not in words_of(tmp_path, *tables(), scorer={})[1]


def test_the_summary_says_what_the_numbers_say(tmp_path):
    scores, cka = tables(operators=("replace",), frames=4)
    spread = scores.groupby("run").cumcount() % 2 * 0.02
    scores["score"] = 0.9 + spread  # clean, and all that is not set below
    multi, unique = scores.kind == "multi", scores.kind == "unique"
    scores.loc[multi & (scores.run == "noise_at_step") & (scores.step == 2), "score"] = 0.3
    scores.loc[unique & (scores.run == "noise_at_frame") & (scores.frame == 1), "score"] = 0.1
    scores.loc[multi & (scores.run == "noise_at_frame") & (scores.frame == 0), "score"] = 0.0  # restored
    scores.loc[multi & (scores.run == "noise_at_frame") & (scores.frame == 3), "score"] = 0.2  # scored
    cka.loc[cka.run == "noise_at_step", "dissimilarity"] = 0.2
    cka.loc[(cka.run == "noise_at_step") & (cka.step == 1), "dissimilarity"] = 0.6
    cka.loc[cka.run == "reseed", "dissimilarity"] = 0.5
    summary, _ = words_of(tmp_path, scores, cka)
    sentence, _, of_multi, of_unique = summary.rstrip().split("\n")
    assert "in 1 of 2 pairs of puzzle kind and operator, and less in 1; in 0 the two are not told apart" in sentence
    assert "the worst step costs 0.61 [0.60, 0.62] (step 2)" in of_multi
    assert "(latent frame 0)" not in of_multi and "the scored latent frame 0.71" in of_multi
    assert "0.15 in the mean over steps and -0.00 in the mean over inner latent frames" in of_multi
    assert "over 5 cases, noise at step costs more;" in of_multi
    assert "the worst inner latent frame 0.81 [0.80, 0.82] (latent frame 1)" in of_unique
    assert "over 5 cases, noise at step costs less;" in of_unique
    assert "sensitivity peaks at step 1 with 0.60 [0.60, 0.60], the re-seed null there is 0.50" in of_multi


def test_the_comparison_is_of_means_paired_by_case(tmp_path):
    """Clean 1; noise at step s costs 0.1 s + 0.2 of case c, each inner latent frame what the case costs less 0.05."""
    scores, cka = tables(operators=("renoise",), frames=5, kinds=("unique",), seeds=(1, 2))
    of_case = scores.case.astype(int) * 0.1
    at_step, at_frame = scores.run == "noise_at_step", scores.run == "noise_at_frame"
    scores.loc[scores.run == "baseline", "score"] = 1.0
    scores.loc[at_step, "score"] = 0.8 - of_case - 0.1 * scores.step[at_step].astype(float)
    scores.loc[at_frame, "score"] = 0.7 - of_case
    scores.loc[at_frame & scores.frame.isin([0, 4]), "score"] = 0.0
    table = read(tmp_path, scores, cka)[0]
    (row,) = fig3_points.comparisons(table, INTERVAL, restored=True).itertuples()
    # the cases differ by more than the schemes do, but the difference is the same for each
    assert (row.at_step, row.at_frame) == pytest.approx((0.2 + 0.15 + 0.2, 0.3 + 0.2))
    assert (row.difference, row.low, row.high) == pytest.approx((0.05, 0.05, 0.05))
    assert (row.kind, row.operator, row.cases, row.verdict) == ("unique", "renoise", 5, "more")
    (row,) = fig3_points.comparisons(table, INTERVAL, restored=False).itertuples()
    assert row.at_frame == pytest.approx(0.2 + (3 * 0.3 + 0.8) / 4) and row.verdict == "less"
    one_case = table[table.case == "00000"]
    assert list(fig3_points.comparisons(one_case, INTERVAL, True).verdict) == ["open"]


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


def test_each_case_has_its_own_last_latent_frame(tmp_path):
    scores, cka = tables(frames=4, kinds=("multi",), operators=("add",))
    short = scores.case == "00000"
    scores.loc[short, "latent_frames"] = 3
    scores = scores[~short | (scores.frame != 3)]
    scores.loc[scores.run == "baseline", "score"] = 1.0
    scores["score"] = scores.score.mask(scores.run == "noise_at_frame", 0.0)
    scores["score"] = scores.score.mask((scores.frame > 0) & (scores.frame < scores.latent_frames - 1), 0.5)
    (row,) = fig3_points.comparisons(read(tmp_path, scores, cka)[0], INTERVAL, restored=True).itertuples()
    assert row.at_frame == 0.5


def test_overlapping_intervals_are_not_told_apart(tmp_path):
    scores, cka = tables(operators=("replace",), kinds=("multi",))
    scores.loc[scores.run.isin(["baseline", "noise_at_step", "noise_at_frame"]), "score"] = 0.5
    summary = words_of(tmp_path, scores, cka)[0]
    assert "more of the score than noise at one inner latent frame in 0 of 1" in summary
    assert "less in 0; in 1 the two are not told apart (" in summary and "over 5 cases, not told apart;" in summary


@pytest.mark.parametrize("scheme", ["step", "frame"])
def test_nothing_is_compared_that_was_not_run(tmp_path, scheme):
    summary, caption = words_of(tmp_path, *tables(schemes=(scheme,)))
    assert "not both run" in summary.split("\n")[0]
    assert ("latent frame is the one that is scored" in caption) == (scheme == "frame")
    assert "is restored there before decoding" in caption


def test_the_caption_follows_the_tables(tmp_path):
    scores, cka = tables(cases=7, operators=("add",), seeds=(4, 5))
    noisy = scores.operator.notna()
    scores.loc[noisy, ["amplitude", "timing", "noise_seed"]] = [0.5, "after", 77]
    scores.loc[scores.run == "baseline", "score"] = 0.75
    caption = words_of(tmp_path, scores, cka.assign(features="x0_pred"))[1]
    for words in (
        "model embedded, 4 steps, shift 3, guidance scale 1, seed 4, 5.",
        "multi: 7 cases of loop_maze; unique: 7 cases of unique_maze",
        "Operators: add; amplitude 0.5, injected after the update of a step, noise seed 77.",
        "90% bootstrap intervals (200 resamples of cases, seeds averaged within a case; n = 7 a point)",
        "multi: clean 0.75 [0.75, 0.75], static first frame 0.",
        "1 - unbiased linear CKA of x0_pred",
    ):
        assert words in caption
    assert "low-noise expert" not in caption


# ---- bad tables


def renamed(table):
    return table.rename(columns={"score": "points"})


def with_gap(table):
    return table.assign(score=table.score.mask(table.run == "reseed"))


def twice(table):
    return pd.concat([table, table.tail(1)])


def two_seeds(table):
    return table.assign(noise_seed=table.noise_seed.mask(table.step == 1, 7))


def no_frame(table):
    return table.assign(frame=table.frame.mask(table.frame == 1))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (renamed, "has no column score; it needs model, task"),
        (with_gap, "score of case 00000, run reseed is no number"),
        (twice, "run noise_at_frame is listed twice"),
        (two_seeds, "holds several values of noise_seed (7.0, 1000.0)"),
        (no_frame, "a row of run noise_at_frame has no frame"),
        (lambda table: table.head(0), "has no rows"),
    ],
)
def test_a_bad_table_is_one_line_that_names_it(tmp_path, spoil, words):
    scores, cka = tables()
    with pytest.raises(InputError, match="scores.csv: ") as error:
        read(tmp_path, spoil(scores), cka)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_table_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.csv: no such table"):
        read_table(tmp_path / "nowhere.csv", SCORE_COLUMNS, "score")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match="empty.csv: is not a CSV table"):
        read_table(tmp_path / "empty.csv", SCORE_COLUMNS, "score")


@pytest.mark.parametrize("run", ["baseline", "floor_static", "floor_noise"])
def test_scores_need_their_levels(tmp_path, run):
    scores, cka = tables()
    scores, _ = read(tmp_path, scores[(scores.run != run) | (scores.kind == "multi")], cka)
    with pytest.raises(InputError, match=f"kind unique has no rows of run {run}"):
        fig3_points.score_points(scores, INTERVAL)


def test_noise_runs_need_their_baseline_and_maps_their_null(tmp_path):
    scores, cka = tables()
    no_baseline = scores[(scores.run != "baseline") | (scores.case != "00003")]
    only_levels = scores[scores.operator.isna()]
    no_null = cka[(cka.run != "reseed") | (cka.kind == "unique")]
    with pytest.raises(InputError, match="case loop_maze/00003 has noise runs but no baseline"):
        fig3_points.score_points(read(tmp_path, no_baseline, cka)[0], INTERVAL)
    with pytest.raises(InputError, match="has no rows of run noise_at_step or noise_at_frame"):
        fig3_points.score_points(read(tmp_path, only_levels, cka)[0], INTERVAL)
    with pytest.raises(InputError, match="kind multi has no rows of run reseed"):
        fig3_points.cka_points(read(tmp_path, scores, no_null)[1], INTERVAL, "mean")


# ---- the script


def run_script(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame) -> dict[str, Path]:
    folder.mkdir()
    scores.to_csv(folder / "in_scores.csv", index=False)
    cka.to_csv(folder / "in_cka.csv", index=False)
    names = {
        "pdf": "fig3.pdf",
        "png": "fig3.png",
        "caption": "fig3_caption.rst",
        "summary": "fig3.txt",
        "scores": "fig3_scores.csv",
        "cka": "fig3_cka.csv",
    }
    output = {key: folder / name for key, name in names.items()}
    write_json(folder / "tiny.json", {"identity": "5" * 64})
    given = {"model": "tiny.json", "scores": "in_scores.csv", "cka": "in_cka.csv"}
    snakemake = SimpleNamespace(
        input=SimpleNamespace(**given),  # paths in the working folder, as those of the workflow are
        output=SimpleNamespace(**output),
        params=params(4),
        log=[folder / "fig3.log"],
    )
    with contextlib.chdir(folder):
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": snakemake})
    return output


ELSEWHERE = "import sys, test_fig3; test_fig3.run_script(test_fig3.Path(sys.argv[1]), *test_fig3.tables())"


@pytest.mark.parametrize("epoch", ["1700000000", None])
def test_the_script_writes_the_same_bytes_twice(tmp_path, monkeypatch, epoch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    first, second = run_script(tmp_path / "a", *tables()), tmp_path / "b"
    # in another process, which puts sets in another order
    paths = [*map(str, Path(style.__file__).parents[1:2]), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", ELSEWHERE, second], env=environment, check=True)
    for key, path in first.items():
        assert path.read_bytes() == (second / path.name).read_bytes(), key
    pdf = first["pdf"].read_bytes()
    assert (b"/CreationDate (D:20231114" in pdf) if epoch else (b"Date" not in pdf)


def test_the_script_says_in_the_files_what_it_drew_from(tmp_path):
    first = run_script(tmp_path / "a", *tables())
    pdf = first["pdf"].read_bytes()
    assert b"/Title (Figure 3" in pdf and b"/Type3" not in pdf  # text as TrueType
    width, height = plt.imread(first["png"]).shape[1::-1]
    assert width >= 200 * style.WIDTH and height >= 200 * 6
    points = pd.read_csv(first["scores"])
    assert len(points) == 2 * (5 + 2 * (4 + 3))  # five levels, then steps and frames of two operators, of each kind
    told = provenance.identity_in(first["pdf"])
    assert told == json.loads(Image.open(first["png"]).text["Keywords"])
    assert (told["model"], told["model_identity"], told["commit"]) == ("tiny", "5" * 64, provenance.commit())
    assert told["config"] == fingerprint(dict(params(4)))
    names = ["in_scores.csv", "in_cka.csv"]
    assert told["drawn_from"] == {name: sha256(tmp_path / "a" / name) for name in names}
    assert {"torch", "diffusers", "matplotlib", "chainofsteps"} <= set(told["versions"])


def test_the_script_ends_with_one_line_and_no_file_on_a_bad_table(tmp_path, capsys):
    scores, cka = tables()
    with pytest.raises(SystemExit, match="1"):
        run_script(tmp_path / "bad", scores.drop(columns="operator"), cka)
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "in_scores.csv: has no column operator" in line
    assert (tmp_path / "bad" / "fig3.log").read_text() == line
    assert not (tmp_path / "bad" / "fig3.pdf").exists()
    shutil.rmtree(tmp_path / "bad")
