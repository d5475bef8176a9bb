"""Which tasks a scorer cannot be trusted on, by its scores of the true clip and of the first frame repeated."""

import pandas as pd
import pytest

from chainofsteps.bench.scorer_check import PASSED, failing, references_of, sentence


def references(**tasks):
    """task=[(score of the true clip, score of the first frame), ...], one pair for each case."""
    rows = [
        {"task": task, "case": f"{number:05d}", "ground_truth": clip, "static": still}
        for task, cases in tasks.items()
        for number, (clip, still) in enumerate(cases)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("clip", "still", "words"),
    [
        (0.9, 0.3, PASSED),
        (1.0, 0.0, PASSED),
        (0.8999, 0.3, "maze (true clip 0.8999)"),
        (0.9, 0.3001, "maze (first frame 0.3001)"),
        (0.4, 1.0, "maze (true clip 0.4, first frame 1)"),
    ],
)
def test_a_task_is_held_by_both_bounds(clip, still, words):
    assert failing(references(maze=[(clip, still)] * 3)) == words  # three times 0.9 are not 0.9 in floating point


def test_tasks_are_held_by_their_means_over_cases_and_named_in_order():
    """Three of five true clips at 0, and full marks to what stands still: what others found of two tasks."""
    audited = references(
        sort=[(1.0, 0.0), (0.85, 0.5)],
        count=[(1.0, 0.1), (0.0, 0.1), (0.0, 0.1), (1.0, 0.1), (0.0, 0.1)],
        mark=[(1.0, 1.0)] * 5,
    )
    assert failing(audited) == "count (true clip 0.4); mark (first frame 1)"


def test_without_both_scores_there_is_no_check():
    assert failing(references(maze=[(None, 0.1)])) is None
    assert failing(references(maze=[(None, 0.1)], sort=[(1, 1)])) == "sort (first frame 1)"


def test_references_come_from_a_table_of_runs():
    runs = pd.DataFrame(
        {"task": "maze", "case": case, "variant": variant, "score": score}
        for case, scores in {"00000": (0.5, 1.0, 0.1), "00001": (0.0, 0.8, 0.3)}.items()
        for variant, score in zip(("model", "truth", "still"), scores, strict=True)
    )
    found = references_of(runs, "variant", "truth", "still")
    assert found.to_dict("list") == {
        "task": ["maze", "maze"],
        "case": ["00000", "00001"],
        "ground_truth": [1.0, 0.8],
        "static": [0.1, 0.3],
    }
    without = references_of(runs[runs.variant != "still"], "variant", "truth", "still")
    assert without.static.isna().all() and failing(without) is None


def test_a_sentence_names_each_task_once():
    rule = "Scorer check (true clip through the VAE at least 0.9, first frame repeated at most 0.3): "
    assert sentence([PASSED, PASSED, None, float("nan")]) == rule + "all tasks pass."
    assert sentence([None]) == rule + "not made, for want of the two scores."
    several = ["a (true clip 0.4); b (first frame 1)", PASSED, "b (first frame 0.9)", "c (true clip 0)"]
    assert sentence(several).startswith(
        rule + "3 tasks fail, a (true clip 0.4); b (first frame 1); c (true clip 0). Read scores there against these."
    )
    assert "1 task fails, c (true clip 0)." in sentence(several[3:])
