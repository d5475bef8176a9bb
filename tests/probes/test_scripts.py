"""The script of every job, on a tiny model and two cases: it makes its shard, and a second time it computes nothing."""

import pandas as pd
import pytest
from jobs import MODEL, NULL, SEEDS, STEPS, TASK, Jobs, as_before

from chainofsteps.model import network, vae
from chainofsteps.store.reader import read_shard
from tests.workflow.running import ROOT

TABLE = {"table": "00.csv"}
X0_PRED = {"scores": "00.csv", "masses": "00_masses.csv", "frames": "00_frames.csv", "readings": "00_readings.csv"}
# in their order, with their tables and the params that only they have
SCRIPTS = {
    "conditioning": ({}, {}),
    "trajectory": ({}, {"seeds": [*SEEDS, NULL]}),
    "noise": ({"cka": "00_cka.csv"}, {}),
    "score": (TABLE, {"steps": STEPS}),
    "x0_pred": (X0_PRED, {"seeds": [*SEEDS, NULL]}),
    "few_steps": ({}, {"steps": [1]}),
    "few_steps_score": (TABLE, {"own_steps": STEPS}),
    "ensemble": ({}, {}),
    "ensemble_score": (TABLE, {}),
    "frames": ({}, {"counts": [5]}),
    "frames_score": (TABLE, {}),
    "activations": ({}, {}),
    "swap": ({}, {"matrix": []}),
    "answers": ({"blends": "00_blends.csv"}, {}),
    "swap_score": (TABLE, {"steps": STEPS}),
    "swap_video_score": (TABLE, {"steps": STEPS}),
}
OF_SWAPS = ("swap_score", "swap_video_score")
OLD = {
    "noise": "cka",
    "score": "rows",
    "x0_pred": "rows",
    "ensemble_score": "scores",
    "frames_score": "rows",
    "swap_score": "rows",
}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory, checkpoint):
    """All of them, run once."""
    folder = tmp_path_factory.mktemp("jobs")
    made = Jobs(folder, checkpoint)
    made.run("model", folder=str(checkpoint), lora=None)
    made.run("cases", names=["00000", "00001"], folder=None, first_seed=900000, drawn={}, noised="all", recipe=3)
    for script, (output, params) in SCRIPTS.items():
        if script in OF_SWAPS:
            params = {**params, "swap": made.config["swap"]}
        made.run(script, output, **params)
    return made


@pytest.fixture
def nothing_computed(monkeypatch):
    """Every forward and every decoding fails."""

    def refused(*_given, **_settings):
        raise AssertionError("something was computed anew")

    monkeypatch.setattr(network, "walk", refused)
    monkeypatch.setattr(vae, "decode", refused)


def again(jobs, script):
    output, params = SCRIPTS[script]
    params = {**params, "swap": jobs.config["swap"]} if script in OF_SWAPS else params
    before = {name: jobs.path(script, name).read_bytes() for name in output.values()}
    manifest = jobs.run(script, output, **params)
    assert {name: jobs.path(script, name).read_bytes() for name in before} == before
    return manifest


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_finished_job_computes_nothing_and_writes_the_same(jobs, nothing_computed, script):
    before = read_shard(jobs.path(script))
    manifest = again(jobs, script)
    assert manifest["items"] == before.manifest["items"] and len(before.cases) >= 2
    assert manifest["forwards"] == before.manifest["forwards"]
    assert set(manifest["tables"]) == set(SCRIPTS[script][0].values())


@pytest.mark.parametrize("script", OLD)
def test_items_of_earlier_versions_are_taken_as_they_are(jobs, nothing_computed, script):
    before = read_shard(jobs.path(script)).manifest
    as_before(jobs.path(script), OLD[script])
    manifest = again(jobs, script)
    assert manifest["settings_hash"] == before["settings_hash"]
    rows = [[items[case]["rows"] for case in items] for items in (manifest["items"], before["items"])]
    assert rows[0] == rows[1]


def test_tables_have_a_row_for_every_run(jobs):
    score = pd.read_csv(jobs.path("score", "00.csv"), dtype={"case": str})
    runs = ["baseline", "reseed", "noise_at_step", "noise_at_frame", "ground_truth", "floor_static", "floor_noise"]
    assert list(score.run) == runs * 2 and set(score.case) == {"00000", "00001"}
    assert (score.exact == (score.score >= 1)).all() and set(score.model) == {MODEL} and set(score.task) == {TASK}
    x0_pred = pd.read_csv(jobs.path("x0_pred", "00.csv"))
    assert len(x0_pred) == 2 * 2 * STEPS and list(x0_pred.seed[: 2 * STEPS]) == [1, 1, 2, 2]
    few = pd.read_csv(jobs.path("few_steps_score", "00.csv"))
    own = score[score.run == "baseline"].score
    assert list(few[few.steps == STEPS].score) == list(own)  # the same runs, decoded and scored once more
    frames = pd.read_csv(jobs.path("frames_score", "00.csv"))
    assert list(frames[frames.own].score) == pytest.approx(list(own)) and set(frames.frames) == {5, 17}


def test_a_swapped_video_is_scored_as_that_of_both_cases(jobs):
    """Read in x0_pred, where the full swaps of this configuration stop."""
    table = pd.read_csv(jobs.path("swap_video_score", "00.csv"), dtype={"case": str, "source": str})
    estimates = pd.read_csv(jobs.path("x0_pred", "00.csv"), dtype={"case": str}).query("step == 0 and seed == 1")
    own = estimates.set_index("case").score
    clean = table[table.run.isin(["target", "source"])].set_index(["case", "run"])
    assert len(table) == 2 * (2 + 2 + 2)  # of each pair two layers, two clean runs and the check of mode full
    for target, source in (("00000", "00001"), ("00001", "00000")):
        assert clean.score_target[target, "target"] == pytest.approx(own[target])
        assert clean.score_source[target, "source"] == pytest.approx(own[source])
        assert clean.score_source[target, "target"] == clean.score_target[source, "source"]


def test_skill_goes_on_where_it_was_cut_off(jobs, monkeypatch):
    first = jobs.run("skill", TABLE, cases=False, names=["00000"])
    assert list(first["items"]) == ["00000"]
    drawn = []
    monkeypatch.setattr("chainofsteps.probes.skill.run.held_out", _recorded(drawn))
    second = jobs.run("skill", TABLE, cases=False, names=["00000", "00001"])
    assert drawn == [1] and list(second["items"]) == ["00000", "00001"]
    assert pd.read_csv(jobs.path("skill", "00.csv")).case.tolist() == [0, 1]


def _recorded(drawn):
    from chainofsteps.probes.skill.run import held_out

    def recorded(name, index, size=None):
        drawn.append(index)
        return held_out(name, index, size)

    return recorded


def test_scripts_of_jobs_are_read_at_a_glance():
    for script in (*SCRIPTS, "cases", "model", "skill", "evalkit", "download", "panels", "decided", "verify", "plan"):
        assert len((ROOT / "scripts" / f"{script}.py").read_text().splitlines()) <= 25, script
