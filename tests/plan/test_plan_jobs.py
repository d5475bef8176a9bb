"""Jobs are those that Snakemake's dry run lists: all of them, or an error."""

from pathlib import Path

import pytest
import yaml

from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError
from chainofsteps.plan.jobs import Job, jobs_of, read_jobs

ROOT = Path(__file__).parents[2]
PRINTED = """Building DAG of jobs...
Job stats:
job           count
----------  -------
fig3              1
trajectory        1
all               1
total             3

[Fri Nov 20 16:13:00 2026]
rule trajectory:
    input: results/model/tiny.json
    output: results/tiny/trajectory/loop_maze/00.json
    reason: Missing output files: results/tiny/trajectory/loop_maze/00.json
    wildcards: model=tiny, task=loop_maze, shard=00
    resources: tmpdir=/tmp, gpu=1
[Fri Nov 20 16:13:00 2026]
rule fig3:
    output: figures/fig3.pdf, figures/fig3.png
    reason: Missing output files: figures/fig3.pdf
[Fri Nov 20 16:13:00 2026]
localrule all:
    input: figures/fig3.pdf
    reason: Input files updated by another job: figures/fig3.pdf
This was a dry-run (flag -n). The order of jobs does not reflect the order of execution.
"""


def test_jobs_are_read_with_their_wildcards_and_a_rule_that_only_names_files_is_none():
    wildcards = {"model": "tiny", "task": "loop_maze", "shard": "00"}
    assert read_jobs(PRINTED) == [Job("trajectory", wildcards), Job("fig3", {})]
    assert str(read_jobs(PRINTED)[0]) == "trajectory tiny/loop_maze/00"


def test_nothing_to_be_done_is_no_job():
    assert read_jobs("Building DAG of jobs...\nNothing to be done (all requested files are present).\n") == []


@pytest.mark.parametrize("changed", [PRINTED.replace("rule fig3:", "job fig3:"), PRINTED.replace("total  ", "sum    ")])
def test_what_cannot_be_read_is_no_plan(changed):
    with pytest.raises(InputError, match="could be read"):
        read_jobs(changed)


@pytest.fixture(scope="module")
def config(tmp_path_factory, checkpoint):
    """config.yaml, with two cases a shard of a tiny model."""
    content = yaml.safe_load((ROOT / "config.yaml").read_text())
    content["models"]["tiny"] = {**content["models"]["embedded"], "folder": str(checkpoint)}
    content["model"] = "tiny"
    content["cases"] |= {"tasks": ["loop_maze"], "number": 3, "shard_size": 2}
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_config(path)


def test_a_dry_run_of_snakemake_is_read_and_makes_nothing(config, tmp_path):
    found = jobs_of(config, ["results/tiny/trajectory/loop_maze/01.json"], tmp_path)
    assert sorted(job.rule for job in found) == ["cases", "conditioning", "model", "trajectory"]
    wildcards = {"model": "tiny", "task": "loop_maze", "shard": "01"}
    assert Job("trajectory", wildcards) in found
    assert not (tmp_path / "results").exists()


def test_what_is_there_is_no_job(config, tmp_path):
    (tmp_path / "tables").mkdir()
    made = tmp_path / "results" / "cases" / "loop_maze" / "01.json"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    assert jobs_of(config, [str(made.relative_to(tmp_path))], tmp_path) == []


def test_unknown_targets_and_refused_settings_are_one_line(config, tmp_path):
    with pytest.raises(InputError, match="nothing makes figures/fig99.pdf; did you mean 'figures/figA9.pdf'"):
        jobs_of(config, ["figures/fig99.pdf"], tmp_path)
    with pytest.raises(InputError, match="^'noise.steps' is|noise.steps: step 99 is out of range"):
        jobs_of({**config, "noise": {**config["noise"], "steps": [99]}}, ["all"], tmp_path)
