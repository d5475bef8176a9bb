"""Points of Figure 3 from synthetic tables with known answers, and tables that are refused."""

import pandas as pd
import pytest
from fig3_tables import INTERVAL, read, tables

from chainofsteps.errors import InputError
from chainofsteps.probes.noise import points as fig3_points
from chainofsteps.probes.noise.table import SCORE_COLUMNS, read_table
from chainofsteps.statistics import bootstrap_mean, paired_bootstrap


def test_a_point_is_the_mean_over_cases_with_the_interval_of_the_package(tmp_path):
    raw = tables(seeds=(1, 2), cases=8)[0]
    points = fig3_points.score_points(read(tmp_path, raw, tables()[1])[0], INTERVAL)
    chosen = {"kind": "unique", "run": "noise_at_step", "operator": "renoise", "step": 2}
    of = raw[(raw[list(chosen)] == pd.Series(chosen)).all(axis=1)]
    per_case = of.pivot(index="case", columns="seed", values="score").to_numpy()
    clean = raw[(raw.kind == "unique") & (raw.run == "baseline")]
    clean = clean.pivot(index="case", columns="seed", values="score").to_numpy()
    point = points[(points[list(chosen)] == pd.Series(chosen)).all(axis=1)].iloc[0]
    assert point.cases == 8
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
        curves = points[(points.quantity == "sensitivity") & (points.step == 2) & (points.features == "latents")]
        assert curves[curves.operator == "replace"].dissimilarity.tolist() == pytest.approx([step_2])
        assert curves[curves.run == "reseed"].dissimilarity.tolist() == pytest.approx([null_2])


def test_cases_of_two_tasks_with_one_name_are_two_cases(tmp_path):
    scores, cka = tables(cases=3)
    scores["kind"], cka["kind"] = "unique", "unique"
    scores, cka = read(tmp_path, scores, cka)
    assert set(fig3_points.score_points(scores, INTERVAL).cases) == {6}
    assert set(fig3_points.cka_points(cka, INTERVAL, "mean").cases) == {6}


def test_the_comparison_is_of_means_paired_by_case(tmp_path):
    """Clean 1; noise at step s costs 0.1 s + 0.2 of case c, each inner latent frame what the case costs less 0.05."""
    scores, cka = tables(operators=("renoise",), frames=5, kinds=("unique",), seeds=(1, 2), cases=8)
    of_case = scores.case.astype(int) * 0.05
    at_step, at_frame = scores.run == "noise_at_step", scores.run == "noise_at_frame"
    scores.loc[scores.run == "baseline", "score"] = 1.0
    scores.loc[at_step, "score"] = 0.8 - 1.0001 * of_case - 0.1 * scores.step[at_step].astype(float)
    scores.loc[at_frame, "score"] = 0.7 - of_case
    scores.loc[at_frame & scores.frame.isin([0, 4]), "score"] = 0.0
    table = read(tmp_path, scores, cka)[0]
    (row,) = fig3_points.comparisons(table, INTERVAL, restored=True).itertuples()
    # the cases differ by more than the schemes do, but the difference is nearly the same for each
    assert (row.at_step, row.at_frame) == pytest.approx((0.2 + 0.15 + 0.175, 0.3 + 0.175), abs=1e-4)
    assert (row.difference, row.low, row.high) == pytest.approx((0.05, 0.05, 0.05), abs=1e-4)
    assert (row.kind, row.operator, row.cases, row.verdict) == ("unique", "renoise", 8, "more")
    (row,) = fig3_points.comparisons(table, INTERVAL, restored=False).itertuples()
    assert row.at_frame == pytest.approx(0.175 + (3 * 0.3 + 0.825) / 4) and row.verdict == "less"
    one_case = table[table.case == "00000"]
    assert list(fig3_points.comparisons(one_case, INTERVAL, True).verdict) == ["open"]


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
