import pandas as pd
import pytest

from chainofsteps.figures import fig7, fig7_text, style
from chainofsteps.probes.ensemble.table import summary
from tests.figures import legible
from tests.probes.ensemble.test_ensemble_table import SEEDS, STATISTICS, rows

SETTINGS = {"seeds": SEEDS, "windows": ["0-9", "0-39", "20-29"], "of_layers": 40, "modes": ["mean", "blend"]}
SETTINGS |= {"weight": 0.5, "carry": "first", "steps": [0], "headroom": [], "controls": True}
PARAMS = {"ensemble": SETTINGS, "sampling": {"steps": 20, "guidance_scale": 1.0}, "statistics": STATISTICS}


@pytest.fixture(scope="module")
def table():
    return summary(rows(), {**STATISTICS, "resamples": 100}, SEEDS)


def test_summary_says_which_windows_gain_and_by_how_much(table):
    words = fig7_text.summary(table)
    assert words.startswith(
        "Of 6 ensembles 2 score higher than the one run whose noise they carry, 0 lower, and 4 are "
    )
    assert "blend over layers 20-29 (here 4-5): score 0.6" in words and "difference 0.2" in words
    assert "one run, seed 4: score 0.4" in words and "Means whose windows begin at one layer are one run" in words
    line = next(line for line in words.splitlines() if line.startswith("another seed without an oracle"))
    assert line.endswith("not told apart; 20 forwards.")


def test_nothing_is_claimed_of_ensembles_that_change_nothing():
    words = fig7_text.summary(summary(rows(gain=0.0), STATISTICS, SEEDS))
    assert words.startswith("Of 6 ensembles 0 score higher than the one run whose noise they carry, 0 lower, and 6 are")
    one = summary(rows(cases=1, tasks=("shelf",)), STATISTICS, SEEDS)
    assert "one case, so no interval" in fig7_text.summary(one) and "nan" not in fig7_text.summary(one)


def test_caption_says_what_was_measured(table):
    caption = fig7_text.caption(table, PARAMS)
    for words in (
        "Seeds 4, 2, 3 merged",
        "step 0 of 20",
        "loop_maze 30; shelf 30; half_turn 30",
        "95%",
        "400 resamples",
    ):
        assert words in caption
    assert "first frame repeated at most 0.3): all tasks pass." in caption
    assert "First frame repeated 0.10" in caption and "quoted" not in caption
    assert (
        caption.startswith("Figure 7. Model")
        and "Of 6 ensembles 2 score higher than the one run, 0 lower, 4 not told" in caption
    )


def test_without_controls_there_is_no_null_and_the_caption_says_so(tmp_path):
    alone = rows()
    alone = alone[~alone.variant.isin(["mean_of_latents", "mean_of_latents_rescaled", "mean_of_finals"])]
    alone = alone[(alone.variant != "single") | (alone.seed == SEEDS[0])]
    table = summary(alone, {**STATISTICS, "resamples": 100}, SEEDS)
    over_all = table[table.scope == "all"]
    assert set(over_all.variant) == {"single", "ensemble", "floor_static", "floor_noise", "ground_truth"}
    assert set(over_all[over_all.variant == "ensemble"].seeds) == {" ".join(map(str, SEEDS))}
    with style.styled():
        figure = fig7.draw(fig7.points(table), {**SETTINGS, "controls": False})
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    assert "oracle" not in fig7_text.summary(table)
    caption = fig7_text.caption(table, {**PARAMS, "ensemble": {**SETTINGS, "controls": False}})
    assert "there is no null: another seed's difference may be as large" in caption and "oracle" not in caption


def test_puzzles_with_headroom_are_drawn_and_told_apart(tmp_path):
    roomy = summary(rows(), {**STATISTICS, "resamples": 100}, SEEDS, ["half_turn"])
    of_room = roomy[roomy.scope == "headroom"]
    assert set(of_room.n) == {30} and set(fig7.points(roomy).cases) == {"all", "headroom"}
    assert of_room.score.tolist() == roomy[roomy.task == "half_turn"].score.tolist()
    with style.styled():
        figure = fig7.draw(fig7.points(roomy), SETTINGS)
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    words = fig7_text.summary(roomy)
    assert "Of the puzzles that the model solves now and then alone:\n\nOf 6 ensembles" in words
    caption = fig7_text.caption(roomy, {**PARAMS, "ensemble": {**SETTINGS, "headroom": ["half_turn"]}})
    assert "Solved now and then: half_turn, where a gain can show." in caption


def test_figure_has_every_row_and_part(table, tmp_path):
    drawn = fig7.points(table)
    assert set(drawn.cases) == {"all", "In-Domain_50", "Out-of-Domain_50"}
    with style.styled():
        figure = fig7.draw(drawn, SETTINGS)
        left, right = figure.axes[2:]
        assert [text.get_text() for text in left.get_yticklabels()] == [
            "one run: seed 4",
            "another seed, not chosen",
            "from the mean of the noises",
            r"from that mean times $\sqrt{K}$",
            "mean of 3 final latents",
            "mean, layers 0-9 (here 0-1)",
            "blend, layers 0-9 (here 0-1)",
            "mean, layers 0-39 (here 0-7)",
            "blend, layers 0-39 (here 0-7)",
            "mean, layers 20-29 (here 4-5)",
            "blend, layers 20-29 (here 4-5)",
            "best of 3 by an oracle",
        ]
        # a dot and an interval for each row and part; the one run has no difference to itself
        assert sum(len(line.get_xdata()) for line in left.lines if line.get_marker() in ("o", "s", "^")) == 12 * 3
        assert sum(len(line.get_xdata()) for line in right.lines if line.get_marker() in ("o", "s", "^")) == 11 * 3
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    assert (tmp_path / "a.png").stat().st_size > 0


def test_cases_of_one_split_are_drawn_once():
    drawn = fig7.points(summary(rows(tasks=("loop_maze", "shelf")), STATISTICS, SEEDS))
    assert set(drawn.cases) == {"all"} and set(drawn.n) == {60}


def test_a_table_read_back_is_the_same_figure(table, tmp_path):
    table.to_csv(tmp_path / "ensemble.csv", index=False)
    read = pd.read_csv(tmp_path / "ensemble.csv", dtype={"seeds": str, "steps": str})
    assert fig7_text.summary(read) == fig7_text.summary(table)
    assert fig7.labels(fig7.points(read), SEEDS) == fig7.labels(fig7.points(table), SEEDS)


def test_the_finding_is_of_the_cases_in_which_a_gain_can_show(table):
    assert "not told apart (90 cases); best seed by an oracle 0." in fig7_text.finding(table)
    roomy = summary(rows(), {**STATISTICS, "resamples": 100}, SEEDS, ["half_turn"])
    assert "(30 cases of puzzles solved now and then); best seed" in fig7_text.finding(roomy)


def test_the_axis_of_scores_ends_with_the_scores_and_words_name_what_lies_off_it(table):
    near = fig7.points(table)
    far = near.copy()
    far.loc[far.variant == "floor_static", "score"] = -9.0
    with style.styled():
        left = fig7.draw(far, SETTINGS).axes[2]
        low, high = left.get_xlim()
        drawn = far[far.low.notna() & ~far.variant.str.startswith(("floor", "ground"))]
        assert -1 < low <= drawn.low.min() and drawn.high.max() <= high < 2
        assert "(off the axis: first frame repeated -9.00" in left.get_xlabel()
