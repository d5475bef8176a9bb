"""EvalKit's interface, on a stand-in for it; and (marked) the real one, where it can be had."""

import gzip
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import kit as stand_in
import numpy as np
import pandas as pd
import pytest
from at_once import Slow

from chainofsteps.bench import puzzles, vbvr
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.evalkit import scores
from chainofsteps.bench.evalkit import source as evalkit_source
from chainofsteps.bench.evalkit.kits import EVALKIT
from chainofsteps.bench.evalkit.python import found_or_made
from chainofsteps.bench.evalkit.scores import COLUMNS, Kit, checked, described, enlarged, runs, scorer, summary
from chainofsteps.bench.evalkit.source import fetch, source_hash
from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError
from chainofsteps.files import write_json
from chainofsteps.names import SPLITS

ROOT = Path(__file__).parents[3]
MAZE = "O-39_maze_data-generator"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return stand_in.python_with(tmp_path_factory.mktemp("python"))


@pytest.fixture
def kit(tmp_path, python):
    folder = stand_in.checkout(tmp_path / "kit")
    return Kit(str(folder), stand_in.COMMIT, source_hash(folder), python, "4.14.0", time_limit=30)


def case_of(root, task=MAZE, prompt=None, puzzle="unique_maze", name="00000"):
    write_case(root, SPLITS[1], task, name, puzzles.draw(puzzle, 3, held_out=True))
    if prompt:
        (root / SPLITS[1] / task / name / "prompt.txt").write_text(prompt)
    return read_cases(root, task, [name])[0]


def still(case):
    return np.repeat(case.first_frame[None], 17, axis=0)


def test_both_scores_and_all_dimensions_of_a_video(tmp_path, kit):
    found = kit.evaluate(case_of(tmp_path), still(case_of(tmp_path)))
    assert found["weighted"] == pytest.approx(0.375 + 0.25 * found["task_specific"])
    assert found["visual_quality"] == 0.5 and set(found) < set(COLUMNS)


def test_true_clip_and_first_frame_stand_beside_the_runs(tmp_path, kit):
    case = case_of(tmp_path)
    rows = runs(kit, case, {1: still(case), 7: still(case)[::-1]}.items())
    assert [(row["run"], row["seed"]) for row in rows] == [
        ("model", 1),
        ("model", 7),
        ("ground_truth", None),
        ("static", None),
    ]
    assert rows[2]["task_specific"] == 0.94 and rows[3]["task_specific"] == rows[0]["task_specific"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [("error", "division by zero"), ("exit", "ended with 3"), ("drop", "read 0 frames"), ("nan", "is no number")],
)
def test_a_case_without_a_score_is_fatal_and_named(tmp_path, kit, prompt, words):
    case = case_of(tmp_path, prompt=prompt)
    with pytest.raises(InputError, match=f"case {MAZE}/00000, run model: EvalKit gave no score .*{words}"):
        runs(kit, case, {1: still(case)}.items())


def test_a_video_that_takes_too_long_is_given_up(tmp_path, kit):
    case = case_of(tmp_path, prompt="sleep")
    with pytest.raises(InputError, match="00000, run static: EvalKit gave no score within 0.5 s"):
        Kit(**{**vars(kit), "time_limit": 0.5}).evaluate(case, still(case), "static")


def test_a_missing_part_of_a_case_is_fatal(tmp_path, kit):
    case = case_of(tmp_path)
    (case.folder / "final_frame.png").unlink()
    with pytest.raises(InputError, match=f"case {MAZE}/00000 has no final_frame.png, which EvalKit reads"):
        kit.evaluate(case, None)


def test_two_runs_fetch_one_source(tmp_path, monkeypatch):
    source = stand_in.checkout(tmp_path / "source")
    archive, known, place = stand_in.archive(tmp_path, source), source_hash(source), tmp_path / "models" / "kit"
    slow = Slow(lambda url: archive.read_bytes())
    monkeypatch.setattr(evalkit_source, "_downloaded", slow)
    first, second = slow.while_it_works(lambda: fetch(stand_in.COMMIT, known, place))
    assert first == second and slow.begun == 1


def test_a_kit_that_was_changed_is_refused(tmp_path, kit):
    manifest = {name: getattr(kit, name) for name in ("folder", "commit", "source", "python", "opencv")}
    write_json(tmp_path / "kit.json", manifest)
    case = case_of(tmp_path)
    score = scorer(tmp_path / "kit.json", {"mode": "weighted", "time_limit": 30, "crf": 8}, 1)
    assert score(case, still(case)) == kit.evaluate(case, still(case))["weighted"]
    write_json(tmp_path / "kit.json", {**manifest, "opencv": "4.10.0"})
    with pytest.raises(InputError, match="has another OpenCV"):
        scorer(tmp_path / "kit.json", {"mode": "weighted", "time_limit": 30, "crf": 8}, 1)
    Path(kit.folder, "vbvr_bench", "__init__.py").write_text("# changed\n")
    with pytest.raises(InputError, match="has the source hash"):
        scorer(tmp_path / "kit.json", {"mode": "weighted", "time_limit": 30, "crf": 8}, 1)


def served(folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments):
            pass

    return answering(partial(Quiet, directory=folder))


@contextmanager
def answering(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{commit}}.tar.gz"
    finally:
        server.shutdown()
        server.server_close()


def test_the_source_is_fetched_once_and_held_against_its_hash(tmp_path):
    source = stand_in.checkout(tmp_path / "source")
    archive, known, place = stand_in.archive(tmp_path, source), source_hash(source), tmp_path / "models" / "kit"
    with served(tmp_path) as url:
        with pytest.raises(InputError, match=f"has the source hash {known}, not {'f' * 64}"):
            fetch(stand_in.COMMIT, "f" * 64, place, url)
        assert not place.exists()  # not half accepted
        found = fetch(stand_in.COMMIT, known, place, url)
        with pytest.raises(InputError, match="could not be downloaded from .*404"):
            fetch("0" * 40, known, tmp_path / "other", url)
        whole = archive.read_bytes()
        for content in (b"<html>sign in</html>", whole[: len(whole) // 2], gzip.compress(b"x" * 9999)[:-9] + b"?" * 9):
            archive.write_bytes(content)
            with pytest.raises(InputError, match="is not an archive"):
                fetch(stand_in.COMMIT, known, tmp_path / "other", url)
    assert found == {"folder": str(place), "repo": EVALKIT, "commit": stand_in.COMMIT, "source": known}
    assert not (place / "evaluate.py").exists()
    assert fetch(stand_in.COMMIT, known, place, "http://127.0.0.1:1/") == found  # it is there
    (place / "vbvr_bench" / "more.py").write_text("")
    with pytest.raises(InputError, match="has the source hash"):
        fetch(stand_in.COMMIT, known, place)


def test_a_connection_that_is_cut_off_is_one_line(tmp_path):
    class Cut(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"the beginning")

        def log_message(self, *_arguments):
            pass

    with answering(Cut) as url, pytest.raises(InputError, match="could not be downloaded .*IncompleteRead") as error:
        fetch(stand_in.COMMIT, "f" * 64, tmp_path / "kit", url)
    assert "\n" not in str(error.value)


def test_a_counterpart_is_scored_at_the_official_size_and_by_our_rule_too(tmp_path, kit, monkeypatch):
    case, asked = case_of(tmp_path, "rotation", puzzle="rotation"), []
    monkeypatch.setattr(Kit, "_ask", lambda self, question, name: asked.append(question) or {"task_specific": 1.0})
    truth, static = runs(kit, case, [])
    assert (truth["rule"], static["rule"]) == (1.0, 0.0)
    assert {question["task"] for question in asked} == {vbvr.COUNTERPARTS["rotation"]}
    assert asked[0]["truth"] != str(case.folder) and asked[1]["frames"] == 17
    video = still(case)
    assert enlarged(video).shape == (17, 1024, 1024, 3)
    assert np.abs(enlarged(video)[:, 8::16, 8::16].astype(int) - video).mean() < 8  # Lanczos keeps what there is


def test_a_resized_case_is_scored_in_the_size_of_its_own_files(tmp_path, kit, monkeypatch):
    case_of(tmp_path)
    (case,), written = read_cases(tmp_path, MAZE, fitted=[32, 48]), []
    monkeypatch.setattr(scores, "write_mp4", lambda path, video, **how: written.append((video.shape, how["crf"])))
    monkeypatch.setattr(Kit, "_ask", lambda self, question, name: {"task_specific": 1.0})
    replace(kit, crf=25).evaluate(case, still(case))
    assert still(case).shape == (17, 32, 48, 3) and written == [((17, 64, 64, 3), 25)]


def test_every_task_has_a_split_and_a_category(tmp_path, kit):
    assert len(vbvr.TASKS) == 100 and set(vbvr.CASES) == {f"0000{number}" for number in range(5)}
    assert {task.split for task in vbvr.TASKS.values()} == set(SPLITS)
    of_split = pd.Series([task.split for task in vbvr.TASKS.values()]).value_counts()
    assert set(of_split) == {50}
    row = described("rotation", kit)
    assert (row["evaluator"], row["category"]) == ("O-85_2d_object_rotation_data-generator", "Transformation")


def test_the_benchmark_is_configured_with_all_of_its_tasks():
    cases = load_config(ROOT / "config.yaml", ROOT / "configs" / "vbvr-bench.yaml")["cases"]
    assert cases["tasks"] == list(vbvr.TASKS) and cases["folder"].startswith("models/Video-Reason/VBVR-Bench-Data/")


def test_means_are_over_cases_with_seeds_averaged():
    rows = [
        {"task": task, "case": f"0000{case}", "seed": seed, "run": run, "task_specific": value}
        for task in (MAZE, "O-34_dot_to_dot_task_data-generator")
        for case in range(3)
        for run, seed, value in [
            ("model", 1, 0.2 * case),
            ("model", 2, 0.2 * case + 0.1),
            ("ground_truth", None, 0.9),
        ]
    ]
    table = pd.DataFrame(rows).assign(model="m", weighted=0.5, rule=None).astype({"seed": "Int64"})
    table = table.assign(**{key: [vars(vbvr.TASKS[t])[key] for t in table.task] for key in ("split", "category")})
    found = summary(table, {"resamples": 100, "level": 0.95, "seed": 0}, "task_specific")
    overall = found[(found.run == "model") & (found.split == "all")].iloc[0]
    assert (overall.n, overall.seeds, overall.task_specific) == (6, 2, 0.25)
    assert 0 < overall.task_specific_low < 0.25 < overall.task_specific_high
    maze = found[(found.task == MAZE) & (found.run == "ground_truth")].iloc[0]
    assert (maze.n, maze.task_specific, maze.weighted, maze.split) == (3, 0.9, 0.5, SPLITS[1])
    assert found.scorer_check.isna().all()  # nothing is known of a first frame that stands still
    assert len(found) == 2 * (1 + 2 + 2 + 2) and found.rule.isna().all()
    ours = summary(table.assign(rule=1.0), {"resamples": 100, "level": 0.95, "seed": 0}, "task_specific")
    assert (ours.rule == 1.0).all() and (ours.n == found.n).all()


def test_tables_say_of_each_task_whether_its_scores_can_be_read():
    other = "O-34_dot_to_dot_task_data-generator"
    rows = [
        {"task": task, "case": f"0000{case}", "seed": seed, "run": run, "task_specific": value, "weighted": 0.5}
        for task, still in ((MAZE, 0.2), (other, 0.4))
        for case in range(2)
        for run, seed, value in [("model", 1, 0.7), ("ground_truth", None, 0.95), ("static", None, still)]
    ]
    table = pd.DataFrame(rows).assign(model="m", rule=None).astype({"seed": "Int64"})
    table = table.assign(**{key: [vars(vbvr.TASKS[t])[key] for t in table.task] for key in ("split", "category")})
    failed = f"{other} (first frame 0.4)"
    by_task = checked(table, "task_specific").groupby("task").scorer_check.unique()
    assert {task: list(checks) for task, checks in by_task.items()} == {MAZE: ["passed"], other: [failed]}
    means = summary(table, {"resamples": 100, "level": 0.95, "seed": 0}, "task_specific")
    assert set(means[means.split == "all"].scorer_check) == {failed}
    assert set(means[means.task == MAZE].scorer_check) == {"passed"}
    weighted = summary(table, {"resamples": 100, "level": 0.95, "seed": 0}, "weighted")
    assert set(weighted[weighted.task == MAZE].scorer_check) == {f"{MAZE} (true clip 0.5, first frame 0.5)"}


@pytest.mark.evalkit
def test_the_real_kit_tells_right_from_wrong(tmp_path):
    """A figure that turns as it should, one that stays, one that turns the wrong way, by the official evaluator."""
    settings = load_config(ROOT / "config.yaml")["evalkit"]
    folder = Path(settings["folder"] or tmp_path / "kit")
    try:
        source = fetch(settings["commit"], settings["sha256"], folder)
        python = found_or_made(settings["python"], ROOT / "envs" / "evalkit.yaml", tmp_path / "python")
    except InputError as error:
        pytest.skip(f"EvalKit cannot be had here: {error}")
    kit = Kit(**source, **python)
    case = case_of(tmp_path, "rotation", puzzle="rotation")
    truth, static = runs(kit, case, [])
    assert truth["task_specific"] > static["task_specific"] + 0.2
    assert truth["weighted"] > 0.9
