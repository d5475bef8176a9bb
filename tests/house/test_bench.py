"""The benchmark compares like with like: both sides do the same interventions; what it writes is what ran."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
import tiny
import torch
import yaml

from chainofsteps.config.read import load_config
from chainofsteps.model.network import Forwards
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep, expand

ROOT = Path(__file__).parents[2]
INTERVENTIONS = [
    NoiseAtStep(0),
    NoiseAtStep(3, operator="renoise", amplitude=0.5),
    NoiseAtStep(2, operator="add", timing="after"),
    NoiseAtStep(4, timing="after"),
    NoiseAtFrame(0),
    NoiseAtFrame(2, operator="renoise", noise="fresh"),
    NoiseAtFrame(4, steps=(1, 3), operator="add"),
]


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


@pytest.fixture
def sides(checkpoint):
    from ours import Ours
    from stock import Stock

    return Ours(checkpoint, tiny.sampling()), Stock(checkpoint, tiny.sampling())


@pytest.fixture
def case(tmp_path):
    from bench import puzzles

    return puzzles(["loop_maze"], 1, 900000, tmp_path)[0]


def test_both_sides_do_the_same_interventions(sides, case, tmp_path):
    from ours import Work, label

    ours, stock = sides
    result, scores = ours.sweep(case, INTERVENTIONS, Work(1, 2, Similarity(), True), tmp_path)
    assert len(scores) == len(INTERVENTIONS) + 2 + 3  # the untouched runs; the floors and the ground truth
    given = ours.encode(case)
    start, first = ours.latents(case, 1, given), given.condition[:, MASK_CHANNELS:, 0]
    untouched = stock.video(case, start)
    for run in INTERVENTIONS:
        final, video = stock.perturbed(case, run, label(case), 1, start, first)
        torch.testing.assert_close(final[0], result.latents[run.name()], rtol=0, atol=1e-4)
        assert video.shape == untouched.shape and (video != untouched).any()


def test_the_bare_loop_runs_what_the_sweep_runs(sides, case, tmp_path, monkeypatch):
    from ours import Work, batches

    ours, _ = sides
    counter, ran = Forwards(), []
    monkeypatch.setattr(type(ours), "velocity", counted(type(ours).velocity, counter))
    ours.sweep(case, INTERVENTIONS, Work(1, 2, Similarity(), True), tmp_path)
    model = ours.experts.at(1000.0)
    model.register_forward_pre_hook(lambda _, inputs: ran.append(len(inputs[0])))
    ours.bare(ours.encode(case), batches(INTERVENTIONS, ours.sampling, Similarity()), 3)
    assert sum(ran) == counter.total


def counted(velocity, counter):
    """Ours.velocity with a counter of forwards."""

    def with_counter(self, given, tap=None):
        made = velocity(self, given, tap)
        made.counter = counter
        return made

    return with_counter


@pytest.mark.slow
def test_bench_writes_every_ratio_with_its_goal(checkpoint, tmp_path, monkeypatch, capsys):
    import bench

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["embedded"] |= {"steps": 2, "device": "cpu"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    output = tmp_path / "results.json"
    options = ["--config", tmp_path / "config.yaml", "--model", checkpoint, "--output", output]
    options += ["--parts", "speed", "--sweeps", 1, "--turns", 1, "--cores", 2]
    monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, options)])
    threads = torch.get_num_threads()
    bench.main()
    torch.set_num_threads(threads)
    results = json.loads(output.read_text())
    assert all(set(result) == {"name", "value", "unit", "goal", "detail"} for result in results)
    assert [result["goal"] for result in results if result["unit"] == "ratio"] == [
        0.4,
        None,
        1.3,
        1.02,
        1.05,
        None,
    ]
    assert all(result["value"] > 0 for result in results)
    interventions = len(expand(load_config(tmp_path / "config.yaml")["noise"], 2, 5))
    assert f"each with {interventions} interventions" in results[0]["detail"]
    assert "; 2 processes of 1 thread against one process of 2 threads" in results[0]["detail"]
    assert "; one process of 1 thread a side" in results[1]["detail"]
    assert "pixels, which are the same;" in results[3]["detail"]
    full = next(result for result in results if result["name"].startswith("full"))
    assert full["value"] == 2 * tiny.LAYERS * 80 * 24 * 4  # steps, layers, tokens, channels, float32
    table = capsys.readouterr().out
    assert all(result["name"] in table for result in results)


def test_figures_of_other_parts_are_kept(tmp_path):
    import bench

    old = [{"name": name, "value": 1.0, "unit": "s", "goal": None, "detail": ""} for name in ("a job", "sweep")]
    (tmp_path / "results.json").write_text(json.dumps(old))
    assert bench.kept(tmp_path / "results.json", [bench.Result("sweep", 2.0, "s", None, "")]) == old[:1]
    assert bench.kept(tmp_path / "none.json", []) == []


@pytest.mark.slow
def test_bench_says_what_a_job_costs_and_how_long_the_dag_takes(checkpoint, tmp_path, monkeypatch):
    import bench

    output = tmp_path / "results.json"
    options = ["--model", checkpoint, "--output", output, "--parts", "jobs", "--turns", 1, "--dag", 100]
    monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, options)])
    threads = torch.get_num_threads()
    bench.main()
    torch.set_num_threads(threads)
    results = {result["name"]: result for result in json.loads(output.read_text())}
    share = results["a job beside its work, share of the smallest of 14B"]
    assert share["unit"] == "share" and share["goal"] == 0.05
    seconds = [result for result in results.values() if result is not share]
    assert all(result["unit"] == "seconds" and result["value"] > 0 for result in seconds)
    few, many = (results[f"DAG of 100 cases, {size} to a job"] for size in (24, 2))
    assert (few["goal"], many["goal"]) == (10, 10)
    jobs_of = [int(re.search(r": (\d+) jobs", dag["detail"])[1]) for dag in (few, many)]
    assert jobs_of[1] > 3 * jobs_of[0]  # what is weighed in latents has as many jobs in both
    # vbvr-wan2.2: 50 steps with guidance; three clean runs, one of them for the ensemble; by two operators 50 steps
    # from where they start, 21 frames
    assert "rule trajectory" in share["detail"] and "300 in trajectory" in share["detail"]
    assert share["value"] == pytest.approx(results["a job beside its work"]["value"] / (300 * 4.885))
    assert f"{2 * 2 * (sum(range(1, 51)) + 21 * 50):,} in noise" in share["detail"]


def test_where_the_time_went_is_summed_by_rule(tmp_path):
    import where

    results = tmp_path / "results"
    seconds = {
        "m/benchmarks/noise/maze/00.tsv": 9.0,
        "m/benchmarks/noise/maze/01.tsv": 3.0,
        "m/benchmarks/skill.tsv": 4,
    }
    for name, wall in {**seconds, "benchmarks/tables/one.tsv": 2.0}.items():
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tcpu_time\n{wall}\t0:00:00\t{'-' if wall == 3 else wall / 2}\n")
    for name, work in {"m/noise/maze/00": 8.0, "m/noise/maze/01": 1.0, "m/skill/maze/00": 3.0}.items():
        path = results / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"seconds": work}))
    sums = where.by_rule(pd.DataFrame([where.job(path, results) for path in sorted(results.rglob("*.tsv"))]))
    assert sums.index.tolist() == ["noise", "skill", "tables", "all"]
    assert sums.loc["noise"].tolist() == [2, 12, 4.5, 9, 3] and sums.loc["all"].tolist() == [4, 18, 7.5, 12, 6]
    assert where.table(sums).splitlines()[2] == "| noise | 2 | 12 | 4 | 9 | 3 | 25% |"
