"""`snakemake all` for two tasks of VBVR-Bench from a folder, scored by a stand-in for EvalKit, with random weights."""

import json
import os
import shutil
from pathlib import Path

import kit as stand_in
import pandas as pd
import pytest
import yaml

from chainofsteps.bench import vbvr
from chainofsteps.bench.evalkit.scores import COLUMNS
from chainofsteps.bench.evalkit.source import source_hash
from chainofsteps.files import read_json, write_json
from chainofsteps.store.reader import read_shard
from tests.workflow import benchmark
from tests.workflow.benchmark import CASES, MAZE, PANELS, STEPS, TURN
from tests.workflow.running import ROOT, jobs_of, snakemake, verdict

OTHERS = ("fig3", "fig6", "fig7", "fig8", "figA13")
TABLES = ("evalkit", "swap", "x0_pred", "few_steps", "frames", "ensemble", "activations")
TABLES += ("table1", "tableA1", "tableA2", "tableA3")
pytestmark = pytest.mark.xdist_group("evalkit")


@pytest.fixture(scope="module")
def working(tmp_path_factory, checkpoint):
    """A working folder with cases, a kit and a Python for it, and nothing made."""
    return benchmark.configure(tmp_path_factory.mktemp("evalkit"), checkpoint)


@pytest.fixture(scope="module")
def finished(working):
    run = snakemake(working, "--", "all")
    assert run.returncode == 0, run.stdout
    return working


def table_of(folder, name):
    return pd.read_csv(folder / name, dtype={"case": str})


def test_all_that_such_cases_can_tell_is_made(finished):
    for figure in (*PANELS, *OTHERS):
        assert (finished / f"figures/{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (finished / f"figures/{figure}_caption.rst").read_text().strip()
    assert {path.stem for path in (finished / "figures").glob("*.pdf")} == {*PANELS, *OTHERS}
    assert {*TABLES} <= {path.stem for path in (finished / "tables").glob("*.csv")}
    assert (finished / "report.zip").stat().st_size > 100_000


def test_claims_that_need_listed_answers_say_so(finished):
    rows = {row["id"]: row for row in json.loads((finished / "claims/claims.json").read_text())}
    told = {name for name, row in rows.items() if row["n"]}
    assert told == {"C1", "C9", "C10", "C11", "C12", "E5"}
    assert rows["C10"]["n"] == CASES and "benchmark's own scores" in rows["C10"]["statistic"]
    assert rows["C10"]["why"] == "the undisturbed score is 0.00, 0.5 is needed"  # the stand-in scores all cases alike
    assert rows["C1"]["n"] == 2 * CASES and rows["C11"]["null"]["estimate"] is None
    for name in ("C2", "C4", "C14L", "E1", "E4"):
        assert rows[name]["why"] == "not measured: it needs cases whose right answers are listed"
    assert rows["C13"]["why"] == "not measured"  # its numbers of steps are others


def test_every_run_stands_beside_the_true_clip_and_the_first_frame(finished):
    table = table_of(finished, "tables/evalkit.csv")
    assert list(table.columns) == [*COLUMNS, "scorer_check"] and len(table) == 2 * CASES * 3
    table = table[table.task == MAZE]
    assert set(table.run) == {"model", "ground_truth", "static"} and set(table.opencv) == {"4.14.0"}
    assert set(table[table.run == "ground_truth"].task_specific) == {0.94}
    assert set(table.source) == {source_hash(finished / "kit")} and set(table.category) == {"Spatiality"}
    means = table_of(finished, "tables/evalkit_summary.csv")
    assert set(means[means.task != "all"].n) == {CASES} and set(means.task) == {"all", MAZE, TURN}
    assert set(table.scorer_check) == {"passed"} == set(means.scorer_check)  # 0.94, and short videos score little


def test_tables_and_captions_carry_the_scorer_check(finished):
    """The stand-in gives a true clip through the VAE what it gives any video, so all tasks fail where that is read."""
    for name in ("table1", "tableA1", "tableA2", "tableA3"):
        table = table_of(finished, f"tables/{name}.csv")
        assert table.scorer_check.dropna().str.startswith(MAZE).all() and table.scorer_check.notna().any(), name
        for kind in ("md", "tex", "rst"):
            text = (finished / f"tables/{name}{'_caption' * (kind == 'rst')}.{kind}").read_text().replace("\\_", "_")
            assert f"2 tasks fail, {MAZE} (true clip 0." in text and f"; {TURN} (true clip 0." in text, (name, kind)
    for name in ("fig3", "fig7", "fig8"):
        assert f"2 tasks fail, {MAZE} (true clip" in (finished / f"figures/{name}_caption.rst").read_text()
    assert table_of(finished, "figures/fig3_scores.csv").scorer_check.str.startswith(MAZE).all()


def test_figures_and_tables_take_the_same_scores(finished):
    assert (finished / "figures/fig3.pdf").read_bytes().startswith(b"%PDF")
    table = table_of(finished, "tables/evalkit.csv")
    of_model = table[(table.task == MAZE) & (table.run == "model")].sort_values("case").task_specific.tolist()
    scores = table_of(finished, f"results/tiny/score/{MAZE}/00.csv")
    assert scores[scores.run == "baseline"].sort_values("case").score.tolist() == pytest.approx(of_model, abs=0.01)
    assert {"floor_static", "floor_noise", "ground_truth"} < set(scores.run)
    steps = table_of(finished, f"results/tiny/x0_pred/{MAZE}/00.csv")
    last = steps[(steps.step == STEPS - 1) & (steps.seed == 1)].sort_values("case")
    assert last.score.tolist() == pytest.approx(of_model, abs=0.01)
    few = table_of(finished, f"results/tiny/few_steps_score/{MAZE}/00.csv")
    few = few[few.steps == STEPS].sort_values("case")
    assert few.score.tolist() == pytest.approx(of_model, abs=0.01)
    frames = table_of(finished, f"results/tiny/frames_score/{MAZE}/00.csv")
    assert sorted(set(frames.frames)) == [5, 17]
    own = frames[frames.own].sort_values("case").score.tolist()
    assert own == pytest.approx(few.score.tolist(), abs=1e-5)


def test_swapped_videos_are_scored_as_those_of_both_cases(finished):
    """By the same scorer as the table of the model; the stand-in knows no case from another."""
    rows = table_of(finished, f"results/tiny/swap_video_score/{MAZE}/00.csv")
    assert rows.run.tolist() == [*["swap"] * 2, "target", "source"] * CASES and set(rows.readout) == {"final"}
    own = table_of(finished, "tables/evalkit.csv").query("run == 'model' and task == @MAZE").set_index("case")
    for run, case in (("target", "case"), ("source", "source")):
        clean = rows[rows.run == run]
        names = clean[case].astype(str).str.zfill(5)
        assert clean.score_target.tolist() == pytest.approx(own.task_specific[names].tolist(), abs=0.01)
    assert rows.score_target.equals(rows.score_source) and set(rows.outcome) == {"other"}
    assert len(set(rows.score_target[rows.case == "00000"])) > 2  # swapped videos are others than the clean ones
    table = table_of(finished, "tables/swap.csv")
    assert (table.n == CASES).all() and (table.flip == 0).all() and table.score_source.notna().all()
    assert read_json(finished / f"results/tiny/swap/{MAZE}/00.json")["skipped"] == 0
    caption = (finished / "figures/fig6_caption.rst").read_text()
    assert "two cases of one task and start from one noise" in caption and "(e)" not in caption


def test_table_1_is_of_the_benchmark_with_the_ensemble_beside_the_model(finished):
    """Of the ensemble's own cases, without another run of a seed: what the seeds give without merging is left out."""
    table = table_of(finished, "tables/table1.csv")
    ours = table[table.source == "measured"].set_index("model")
    floor, ceiling = "first frame repeated (floor)", "ground truth through the VAE"
    assert ours.index.tolist() == [floor, "tiny", "tiny + ensemble (20-29, mean)", ceiling]
    rows = table_of(finished, f"results/tiny/ensemble_score/{MAZE}/00.csv")
    assert rows.variant.value_counts().to_dict() == dict.fromkeys(
        ("single", "ensemble", "floor_static", "floor_noise", "ground_truth"), CASES
    )
    few = table_of(finished, f"results/tiny/few_steps_score/{MAZE}/00.csv")
    single = rows[rows.variant == "single"].sort_values("case").score.tolist()
    assert single == pytest.approx(few[few.steps == STEPS].sort_values("case").score.tolist(), abs=1e-5)
    scores = rows.groupby("variant").score.mean()
    assert ours.loc["tiny", "ood_spatiality"] == pytest.approx(scores["single"], abs=1e-4)
    assert ours.loc["tiny + ensemble (20-29, mean)", "ood_spatiality"] == pytest.approx(scores["ensemble"], abs=1e-4)
    words = (finished / "tables/table1.md").read_text()
    assert f"are of {2 * CASES} of the 500 cases of VBVR-Bench, by EvalKit at commit 275472f" in words
    items = read_json(finished / f"results/tiny/trajectory/{MAZE}/00.json")["items"]
    assert {name.partition("-")[2] for name in items} == {"seed1"}
    items = read_json(finished / f"results/tiny/other_seeds/{MAZE}/00.json")["items"]
    assert {name.partition("-")[2] for name in items} == {"seed2"}  # the null of Figure 3
    assert read_json(finished / f"results/tiny/ensemble/{MAZE}/00.json")["forwards"] == pytest.approx(
        CASES * (STEPS - 1 + (3 * 2 + 0) / 2)
    )


def test_panels_show_cases_whose_answers_nobody_listed(finished):
    steps = table_of(finished, f"results/tiny/x0_pred/{MAZE}/00.csv")
    for figure in PANELS:
        points = "masses" if figure == "fig1" else "points"
        table = table_of(finished, f"figures/{figure}_{points}.csv")
        assert table.task.unique().tolist() == [MAZE], figure
        assert table.step.tolist() == [0, 1] and set(table.n) == {CASES}
        first = steps[steps.step == 0].groupby("case").score.mean().mean()
        assert table.estimate.iloc[0] == pytest.approx(first, abs=1e-3)
        words = (finished / f"figures/{figure}.txt").read_text()
        assert words.startswith("O-39 maze") and "x0_pred scores" in words
        assert "Candidate answers are not listed" in (finished / f"figures/{figure}_caption.rst").read_text()


def test_verify_knows_the_scorer(finished):
    run = snakemake(finished, "--", "verify")
    broken, stale, _ = verdict(run.stdout)
    assert (broken, stale) == ([], []), run.stdout
    other = snakemake(finished, "--", "verify", change={"evalkit": {"mode": "weighted"}})
    assert any(f"score/{MAZE}/00.json" in line and "scorer" in line for line in verdict(other.stdout)[1]), other.stdout


def test_scores_by_another_opencv_are_others(finished, tmp_path):
    """By another Python with the same one they would not be."""
    folder = shutil.copytree(finished, tmp_path / "run")
    scores, steps = (f"results/tiny/{noun}/{MAZE}/00.json" for noun in ("score", "x0_pred"))
    before = read_shard(folder / scores).manifest
    assert [read_shard(folder / path).settings["scorer"]["opencv"] for path in (scores, steps)] == ["4.14.0"] * 2
    other = stand_in.python_with(tmp_path / "python", "4.10.0")
    run = snakemake(folder, "--", scores, change={"evalkit": {"python": other}})
    assert run.returncode == 0, run.stdout
    after = read_shard(folder / scores).manifest
    assert after["settings"]["scorer"]["opencv"] == "4.10.0" and after["folder"] != before["folder"]


def test_a_python_is_named_as_other_paths_are_or_found_by_its_name(working, tmp_path, monkeypatch):
    shutil.copy(working / "run.yaml", tmp_path)
    python = working / "python/bin/python"
    monkeypatch.setenv("PATH", f"{stand_in.python_with(tmp_path / 'other', '4.11.0')[: -len('/python')]}:/usr/bin:/bin")
    for asked, opencv in ((os.path.relpath(python, ROOT), "4.14.0"), ("python3", "4.11.0")):
        target = "results/evalkit/kit.json"
        run = snakemake(tmp_path, "--", target, change={"evalkit": {"python": asked}})
        assert run.returncode == 0, run.stdout
        assert read_json(tmp_path / target)["opencv"] == opencv


def test_a_folder_that_is_not_there_is_not_downloaded_to(working, tmp_path):
    shutil.copy(working / "run.yaml", tmp_path)
    nowhere = tmp_path / "nowhere"
    for target in ("results/evalkit/source.json", "figures/fig3.pdf", "tables/evalkit.csv"):
        run = snakemake(tmp_path, "-n", "--", target, change={"evalkit": {"folder": str(nowhere)}})
        assert run.returncode == 1 and "Traceback" not in run.stdout
        assert f"error: evalkit.folder: {nowhere} is not there; give a checkout" in run.stdout


@pytest.mark.parametrize("part", ["source", "kit"])
def test_a_kit_that_has_gone_is_named_with_the_manifest_to_delete(working, tmp_path, part):
    shutil.copy(working / "run.yaml", tmp_path)
    change = {"models_folder": str(tmp_path / "models"), "evalkit": {"folder": None, "python": None}}
    commit = yaml.safe_load((working / "run.yaml").read_text())["evalkit"]["commit"]
    folder = {"source": tmp_path / "models/evalkit" / commit, "kit": Path("there")}[part]
    manifest = {"folder": str(folder), "python": str(tmp_path / "gone/bin/python")}
    write_json(tmp_path / f"results/evalkit/{part}.json", manifest)
    gone = manifest["folder" if part == "source" else "python"]
    for target in ("figures/fig3.pdf", "tables/evalkit.csv"):
        run = snakemake(tmp_path, "-n", "--", target, change=change)
        assert run.returncode == 1 and "Traceback" not in run.stdout
        assert f"{gone}, which is not there any more; put it back, or delete results/evalkit/{part}.json" in run.stdout


def test_a_case_without_a_score_stops_the_job_and_is_named(finished):
    """All failures are named, and what could be scored is kept."""
    prompt = finished / "bench/Out-of-Domain_50/rotation/00001/prompt.txt"
    prompt.write_text("error")
    target = "results/tiny/evalkit/rotation/00.json"
    run = snakemake(finished, "--", target, change={"cases": {"tasks": ["rotation"]}})
    assert run.returncode != 0 and "Traceback" not in run.stdout
    log = (finished / "results/tiny/logs/evalkit/rotation/00.log").read_text().splitlines()
    assert len(log) == 2 and log[0].startswith("case rotation/00001, run model: EvalKit gave no score"), log
    assert log[1].startswith("error: 1 of 2 cases of rotation have no score of EvalKit")
    assert not (finished / target).exists()
    prompt.write_text("turn")
    run = snakemake(finished, "--", target, change={"cases": {"tasks": ["rotation"]}})
    assert run.returncode == 0, run.stdout
    rows = table_of(finished, "results/tiny/evalkit/rotation/00.csv")
    assert rows[rows.run == "ground_truth"].rule.tolist() == [1.0] * CASES  # our score of the same videos
    assert set(rows.evaluator) == {vbvr.COUNTERPARTS["rotation"]}
    assert len(read_json(finished / target)["items"]) == CASES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scorer": "rule"}, "set cases.scorer to evalkit"),
        ({"tasks": ["rotation"]}, "evalkit knows the tasks of VBVR-Bench"),
        ({"folder": None, "tasks": ["rotation"]}, "which have exact rules"),
        ({"source": {"repo": "a/b", "revision": None}}, "both `folder` and `source`"),
    ],
)
def test_scores_that_cannot_be_are_refused_before_anything_runs(working, change, words):
    run = snakemake(working, "-n", "--", "figures/fig3.pdf", change={"cases": change})
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout


def test_the_whole_benchmark_is_planned_before_it_is_there(working):
    """100 tasks of 5 cases behind one download, in one dry run."""
    change = {**yaml.safe_load((ROOT / "configs/vbvr-bench.yaml").read_text()), "models_folder": str(working)}
    change["cases"]["folder"] = None
    run = snakemake(working, "-n", "--quiet", "host", "--", "tables/evalkit.csv", change=change)
    jobs = jobs_of(run.stdout)
    assert run.returncode == 0, run.stdout
    jobs_of_cases = 500 - 1  # the two cases that are swapped are one shard
    assert (jobs["download"], jobs["cases"], jobs["evalkit"]) == (1, jobs_of_cases, jobs_of_cases)
    assert "VBVR-Bench-Data/2effadf" in run.stdout
