import json

import pandas as pd
import pytest

from chainofsteps.training import card, skill


def test_minutes_of_a_run_that_was_taken_up_again(tmp_path):
    rows = [(100, 60.0), (200, 120.0), (300, 30.0), (400, 90.0)]
    lines = [json.dumps({"step": step, "seconds": seconds}) for step, seconds in rows]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert card.minutes(tmp_path / "log.jsonl") == (400, pytest.approx(3.5))


def test_curve_is_the_mean_over_cases_of_all_processes(tmp_path):
    for rank, score in ((0, 1.0), (1, 0.5)):
        row = {"clips": 64, "puzzle": "grounding", "case": rank, "variant": "asked", "score": score}
        other = {**row, "variant": "another", "score": 0.0}
        (tmp_path / f"curve-{rank}.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(other) + "\n")
    curve = card.read_curve(tmp_path)
    assert curve.loc[64, "grounding"] == 0.75 and curve.loc[64, "grounding, another"] == 0.0
    card.draw_curve(curve, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_summary_counts_exact_success():
    rows = [("occlusion", case, "asked", score, score == 1.0, 0.0, 1.0) for case, score in enumerate((1.0, 0.9))]
    table = skill.summary(pd.DataFrame(rows, columns=skill.COLUMNS))
    assert table.loc[0, ["n", "success", "score", "ground_truth"]].tolist() == [2, 0.5, 0.95, 1.0]


def test_share_of_all_is_not_certain():
    assert card.share(64, 64) == "1.000 [0.943, 1.000]"
