import json
import shutil

import pandas as pd
import pytest

from chainofsteps.errors import InputError
from chainofsteps.files import read_json, write_json
from chainofsteps.training import card
from chainofsteps.training.mixture import clips_seen


def test_minutes_of_a_run_that_was_taken_up_again(tmp_path):
    rows = [(100, 60.0), (200, 120.0), (300, 30.0), (400, 90.0)]
    lines = [json.dumps({"step": step, "seconds": seconds}) for step, seconds in rows]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert card.minutes(tmp_path / "log.jsonl") == (400, pytest.approx(3.5))


def test_minutes_of_a_run_whose_clock_had_passed_where_it_stood_before(tmp_path):
    rows = [(100, 0, 60.0), (200, 100, 70.0), (300, 100, 90.0)]
    lines = [json.dumps({"step": step, "since": since, "seconds": seconds}) for step, since, seconds in rows]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert card.minutes(tmp_path / "log.jsonl") == (300, pytest.approx(2.5))


def test_curve_is_the_mean_over_cases_of_all_processes(tmp_path):
    for rank, score in ((0, 1.0), (1, 0.5)):
        row = {"clips": 64, "puzzle": "grounding", "case": rank, "score": score}
        other = {**row, "puzzle": "bounce", "score": 0.0}
        (tmp_path / f"curve-{rank}.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(other) + "\n")
    curve = card.read_curve(tmp_path)
    assert curve.loc[64, "grounding"] == 0.75 and curve.loc[64, "bounce"] == 0.0
    card.draw_curve(curve, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def run_of(work, clips, **steps):
    """A work folder whose stages ran so many steps, with one point of a learning curve."""
    for run, number in steps.items():
        (work / f"{run}-run").mkdir(parents=True)
        (work / f"{run}-run" / "log.jsonl").write_text(json.dumps({"step": number, "seconds": 120.0}) + "\n")
    row = {"clips": clips, "puzzle": "grounding", "case": 0, "score": 0.5}
    (work / "curve-0.jsonl").write_text(json.dumps(row) + "\n")
    return work


def test_a_card_has_the_stretches_of_the_folder_that_was_trained_on(tmp_path, checkpoint):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    rows = [("grounding", 0, 1.0, True, 0.0, 1.0), ("largest", 0, 0.0, False, 0.0, 1.0)]
    columns = ["puzzle", "case", "score", "success", "static", "ground_truth"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "skill.csv", index=False)
    card.write_card(run_of(tmp_path / "a", 640, vae=5, dit=10), folder, "the first command", 0, 2)
    for _ in range(2):  # a card that is written again is the same
        card.write_card(run_of(tmp_path / "b", 64, dit=4), folder, "the second command", 1, 2, folder)
        shutil.rmtree(tmp_path / "b")
    stages = [one["stages"] for one in read_json(folder / card.HISTORY)]
    trained = card.RUNS["dit-run"]
    first, second = ([trained, steps, clips_seen(steps, seed), 2] for steps, seed in ((10, 0), (4, 1)))
    assert stages == [[["VAE", 5, 40, 2], first], [second]]
    curve = pd.read_csv(folder / card.CURVE, index_col="clips")
    assert curve.index.tolist() == [640, clips_seen(10, 0) + 64]
    text = (folder / "MODEL_CARD.md").read_text()
    assert text.index("the first command") < text.index("and from what came of that") < text.index("the second command")
    assert "In domain, mean success 1.000" in text and f"| 2 | {trained} | 4 | {clips_seen(4, 1)} | 2 |" in text


def test_a_stretch_of_the_decoder_alone_keeps_the_curve(tmp_path, checkpoint):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    columns = ["puzzle", "case", "score", "success", "static", "ground_truth"]
    pd.DataFrame([("grounding", 0, 1.0, True, 0.0, 1.0)], columns=columns).to_csv(folder / "skill.csv", index=False)
    card.write_card(run_of(tmp_path / "a", 640, dit=10), folder, "the first command", 0, 2)
    before = (folder / card.CURVE).read_text()
    work = run_of(tmp_path / "b", 0, decoder=5)
    (work / "curve-0.jsonl").unlink()
    card.write_card(work, folder, "the second command", 0, 2, folder)
    assert (folder / card.CURVE).read_text() == before
    assert read_json(folder / card.HISTORY)[-1]["stages"] == [[card.RUNS["decoder-run"], 5, 40, 2]]


def test_another_seed_stands_beside_the_skill_that_ships(tmp_path, checkpoint):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    for name, score in ((card.SKILL, 1.0), (card.OTHER_SKILL, 0.5)):
        rows = [("grounding", case, value, value == 1.0, 0.0, 1.0) for case, value in enumerate([1.0, score])]
        columns = ["puzzle", "case", "score", "success", "static", "ground_truth"]
        pd.DataFrame(rows, columns=columns).to_csv(folder / name, index=False)
    theirs = {"command": "that with another seed", "made_on": "a machine", "stages": [], "note": ""}
    write_json(folder / card.OTHER_HISTORY, [theirs])
    card.write_card(run_of(tmp_path / "a", 640, dit=10), folder, "the command", 0, 2)
    text = (folder / "MODEL_CARD.md").read_text()
    told = text[text.index("## Another seed") :]
    assert "that with another seed" in told and "mean success 0.500, which is -0.500 from" in told
    assert "| grounding | 2 | 1.0 | 2 | 0.5 |" in told


def test_a_folder_of_unknown_making_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no training.json"):
        card.history({"command": "x"}, tmp_path)
