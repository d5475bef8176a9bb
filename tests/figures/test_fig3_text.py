"""What Figure 3 says of itself: summary and caption."""

from pathlib import Path

import pandas as pd
import pytest
from fig3_tables import INTERVAL, TASKS, params, read, tables

from chainofsteps.figures import fig3, fig3_text
from chainofsteps.probes.noise import points as fig3_points


def words_of(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame, **changes) -> tuple[str, str]:
    scores, cka = read(folder, scores, cka)
    points = fig3_points.score_points(scores, INTERVAL)
    cells = fig3_points.cka_points(cka, INTERVAL, "mean")
    setting = fig3.Setting.of(scores, params(4))
    tasks = {kind: [TASKS[kind]] for kind in scores.kind.unique()}
    comparisons = fig3_points.comparisons(scores, INTERVAL, setting.restored)
    return (
        fig3_text.summary(points, cells, comparisons, tasks, setting),
        fig3_text.caption(scores, cka, points, comparisons, setting, params(4, **changes)),
    )


def test_the_caption_names_the_tasks_that_fail_the_scorer_check(tmp_path):
    scores, cka = tables()
    scores.loc[scores.run == "ground_truth", "score"] = 1.0
    scores.loc[scores.run == "floor_static", "score"] = 0.0
    assert "first frame repeated at most 0.3): all tasks pass." in words_of(tmp_path, scores, cka)[1]
    scores.loc[(scores.run == "floor_static") & (scores.task == "loop_maze"), "score"] = 0.75
    assert "1 task fails, loop_maze (first frame 0.75)." in words_of(tmp_path, scores, cka)[1]


def test_the_caption_names_the_other_official_scorer(tmp_path):
    official = {"repo": "Video-Reason/VBVR-Pro-Bench", "mode": "weighted", "commit": "275472f" + "0" * 33}
    caption = words_of(tmp_path, *tables(), scorer=official)[1]
    assert "Scores are by VBVR-Pro-Bench's scorer (weighted, commit 275472f)." in caption


def test_the_caption_says_whose_scores_they_are_unless_they_are_ours(tmp_path):
    official = {"mode": "weighted", "commit": "275472ffe5ccf76f3a41fb55379ce170397c0c12", "sha256": "0" * 64}
    caption = words_of(tmp_path, *tables(), scorer=official)[1]
    assert "Scores are by EvalKit (weighted, commit 275472f)." in caption
    assert "The last latent frame is the one that is scored" not in caption  # EvalKit looks at all of them
    assert "EvalKit" not in words_of(tmp_path, *tables(), scorer={})[1]


def test_the_summary_says_what_the_numbers_say(tmp_path):
    scores, cka = tables(operators=("replace",), frames=4, cases=8)
    spread = scores.groupby("run").cumcount() % 2 * 0.02
    scores["score"] = 0.9 + spread  # clean, and all that is not set below
    multi, unique = scores.kind == "multi", scores.kind == "unique"
    scores.loc[multi & (scores.run == "noise_at_step") & (scores.step == 2), "score"] = 0.3
    scores.loc[unique & (scores.run == "noise_at_frame") & (scores.frame == 1), "score"] = 0.1
    scores.loc[multi & (scores.run == "noise_at_frame") & (scores.frame == 0), "score"] = 0.0  # restored
    scores.loc[multi & (scores.run == "noise_at_frame") & (scores.frame == 3), "score"] = 0.2  # scored
    scores["score"] -= 0.001 * scores.case.astype(int) * (scores.run == "noise_at_step")  # cases differ a little
    cka.loc[cka.run == "noise_at_step", "dissimilarity"] = 0.2
    cka.loc[(cka.run == "noise_at_step") & (cka.step == 1), "dissimilarity"] = 0.6
    cka.loc[cka.run == "reseed", "dissimilarity"] = 0.5
    summary, _ = words_of(tmp_path, scores, cka)
    sentence, _, of_multi, of_unique = summary.rstrip().split("\n")
    assert "in 1 of 2 pairs of puzzle kind and operator, and less in 1; in 0 the two are not told apart" in sentence
    assert "the worst step costs 0.61 [0.61, 0.62] (step 2)" in of_multi
    assert "(latent frame 0)" not in of_multi and "the scored latent frame 0.71" in of_multi
    assert "0.15 in the mean over steps and 0.00 in the mean over inner latent frames" in of_multi
    assert "over 8 cases, noise at step costs more;" in of_multi
    assert "the worst inner latent frame 0.81 [0.81, 0.82] (latent frame 1)" in of_unique
    assert "over 8 cases, noise at step costs less;" in of_unique
    assert "sensitivity of x0_pred peaks at step 1 with 0.60 [0.60, 0.60], the re-seed null there is 0.50" in of_multi
    assert "sensitivity of latents peaks at step 1" in of_multi


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
    caption = words_of(tmp_path, scores, cka)[1]
    for words in (
        "Figure 3. Model embedded. What noise at one step costs in score",
        "4 steps, shift 3, guidance scale 1, seed 4, 5.",
        "multi: 7 cases of loop_maze; unique: 7 cases of unique_maze",
        "Operators: add; amplitude 0.5, injected after the update of a step, noise seed 77.",
        "90% bootstrap intervals (200 resamples of cases, seeds averaged within a case; n = 7 a point)",
        "multi: clean 0.75 [0.49, 0.84], static first frame 0.",
        "1 - unbiased linear CKA of x0_pred, tokens as samples",
        "The curves are of x0_pred, below them of latents as well. The latents hold the injected noise",
        "compared over the tokens of the other latent frames",
    ):
        assert words in caption
    assert "low-noise expert" not in caption


def test_the_finding_is_that_of_each_operator(tmp_path):
    verdicts = [("multi", "replace", "more"), ("unique", "replace", "more"), ("multi", "renoise", "open")]
    rows = pd.DataFrame(verdicts, columns=["kind", "operator", "verdict"])
    words = "what noise at one step costs in score against noise at one inner latent frame: "
    assert (
        fig3_text.finding(rows)
        == f"{words}with replace more in 2 of 2 kinds; with renoise not told apart in 1 of 1 kind."
    )
    mixed = rows.assign(verdict=["more", "less", "open"])
    said = "with replace more in 1 of 2 kinds (several solutions), less in 1 (one solution);"
    assert said in fig3_text.finding(mixed)
    assert "not both run" in fig3_text.finding(rows[:0])
