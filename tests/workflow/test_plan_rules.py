"""The plan, made before a run of everything, against what that run counted and kept."""

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.files import read_json
from chainofsteps.plan.rules import counts
from chainofsteps.plan.target import plan_of
from tests.workflow.running import snakemake

pytestmark = pytest.mark.xdist_group("all")
MODEL = "two"
SKILL = "skill"  # by the stock pipeline, which counts no forward, and keeps rows alone


def test_forwards_that_ran_are_those_that_were_planned(finished, planned):
    networks = {rule for rule, costs in planned.items() if costs[0].runs_network} - {SKILL}
    assert len(networks) == 10
    for rule in sorted(networks):
        ran = [read_json(path)["forwards"] for path in (finished / "results" / MODEL / rule).glob("*/*.json")]
        forwards = sum(cost.forwards.planned for cost in planned[rule])
        assert ran and forwards == pytest.approx(sum(ran)), rule


def test_what_is_kept_is_within_a_fifth_of_what_was_planned(finished, planned):
    results = finished / "results"
    for rule in sorted({*counts()} - {SKILL}):
        where = results / "cases" if rule == "cases" else results / MODEL / rule
        files = [path for path in where.rglob("*") if path.is_file()]
        if rule == "panels":  # nothing is said of their videos, which are small but where they show noise
            files = [path for path in files if path.suffix != ".mp4"]
        kept = sum(path.stat().st_size for path in files)
        if rule.endswith("_score") or rule == "x0_pred":
            assert kept < 1e6  # rows alone, as many as there was to be read
            continue
        if kept:
            assert sum(cost.disk for cost in planned[rule]) == pytest.approx(kept, rel=0.2), rule


def test_nothing_is_left_of_a_target_that_is_made(finished):
    config = load_config(finished / "run.yaml")
    assert plan_of(config, ["figures/fig3.pdf"], finished).costs == []


def test_the_target_plan_prints_what_is_left_and_makes_nothing(finished, tmp_path):
    (tmp_path / "run.yaml").write_text((finished / "run.yaml").read_text())
    run = snakemake(tmp_path, "--", "plan")
    assert run.returncode == 0 and "all: what is still to be done" in run.stdout, run.stdout
    assert not (tmp_path / "results" / "cases").exists()
    refused = snakemake(tmp_path, "--", "plan", change={"gpu_memory_gb": 0.001})
    assert refused.returncode != 0 and "more than the 0.001 GB of gpu_memory_gb" in refused.stdout
