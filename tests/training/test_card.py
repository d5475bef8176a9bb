import json

import pytest

from chainofsteps.training import card


def test_minutes_of_a_run_that_was_taken_up_again(tmp_path):
    rows = [(100, 60.0), (200, 120.0), (300, 30.0), (400, 90.0)]
    lines = [json.dumps({"step": step, "seconds": seconds}) for step, seconds in rows]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert card.minutes(tmp_path / "log.jsonl") == (400, pytest.approx(3.5))


def test_curve_is_the_mean_over_cases_of_all_processes(tmp_path):
    for rank, score in ((0, 1.0), (1, 0.5)):
        row = {"clips": 64, "puzzle": "grounding", "case": rank, "score": score}
        other = {**row, "puzzle": "bounce", "score": 0.0}
        (tmp_path / f"curve-{rank}.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(other) + "\n")
    curve = card.read_curve(tmp_path)
    assert curve.loc[64, "grounding"] == 0.75 and curve.loc[64, "bounce"] == 0.0
    card.draw_curve(curve, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000
