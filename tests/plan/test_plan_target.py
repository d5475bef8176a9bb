"""The plan of a target: what each of its jobs costs, what is not known, and what cannot fit."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import yaml

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import write_case
from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError
from chainofsteps.files import write_json
from chainofsteps.plan import printed, target
from chainofsteps.plan.__main__ import main
from chainofsteps.plan.jobs import Job
from chainofsteps.plan.model import model_of
from chainofsteps.plan.seconds import Seconds, measured, operations, renewed, seconds_of
from chainofsteps.plan.target import MANIFEST
from chainofsteps.probes.count import ForwardCount, VideoSize

ROOT = Path(__file__).parents[2]
RECORD = {"model": "tiny", "tokens": 80, "batch": 1, "seconds": 0.5, "hardware": "H", "device": "cuda", "dtype": "x"}


@pytest.fixture
def config(tmp_path, checkpoint):
    """config.yaml, and three cases of a tiny model in shards of two."""
    content = yaml.safe_load((ROOT / "config.yaml").read_text())
    content["models"]["tiny"] = {**content["models"]["embedded"], "folder": str(checkpoint)}
    content["model"] = "tiny"
    content["cases"] |= {key: 3 for key in content["cases"] if key.startswith("number")} | {"shard_size": 2}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content))
    return load_config(tmp_path / "config.yaml")


def model_in(config):
    return model_of(config, config["model"], ROOT)


@pytest.fixture
def planned(monkeypatch):
    """A plan of given jobs, (rule, wildcards) each, as if Snakemake had listed them."""

    def plan_of(config, *jobs):
        given = [Job(rule, {"model": config["model"], **wildcards}) for rule, wildcards in jobs]
        monkeypatch.setattr(target, "jobs_of", lambda *_: given)
        return target.plan_of(config, ["figures/fig3.pdf"])

    return plan_of


def shards(rule, tasks):
    return [(rule, {"task": task, "shard": shard}) for task in tasks for shard in ("00", "01")]


def total(found, rule):
    return sum((cost.forwards for cost in found.costs if cost.job.rule == rule), ForwardCount(0, 0))


def test_the_jobs_of_all_shards_are_the_closed_forms(config, planned):
    config["ensemble"] |= {"seeds": [1, 2, 3], "windows": ["20-29"], "modes": ["mean"]}
    jobs = [*shards("trajectory", ["loop_maze", "shelf"]), *shards("noise", ["loop_maze"])]
    found = planned(config, *jobs, *shards("ensemble", ["loop_maze"]))
    S, K = 20, 3
    # S forwards for the seed, the null and one seed more that is merged
    assert total(found, "trajectory") == ForwardCount(2 * 3 * 3 * S, 2 * 3 * 3 * S)
    # 2 operators x (S (S + 1) / 2 + S F)
    assert total(found, "noise") == ForwardCount(3 * 2 * (210 + 5 * S), 3 * 2 * 25 * S)
    # S - 1 and K (a + 1) / L at a = 1 of L = 2, and two runs from the mean of latents
    assert total(found, "ensemble") == ForwardCount(3 * (S - 1 + K + 2 * S), 3 * (K * S + 2 * S))


def test_guidance_seeds_and_block_features_are_counted(config, planned):
    config["models"]["tiny"]["guidance_scale"] = 5.0
    config["trajectory"]["seeds"] = [1, 3]
    config["similarity"]["features"] = ["latents", "block:1"]
    found = planned(config, *shards("noise", ["loop_maze"]))
    assert total(found, "noise") == ForwardCount(3 * 2 * 2 * (620 + 2 * 20), 3 * 2 * 2 * 1000)


def test_the_jobs_of_figure_6_are_the_closed_forms(config, planned):
    """Norms at 3 steps. Swaps of 3 modes at 2 sets of steps and the check of mode full, and every other single step
    in mode residual; the third case, alone in its shard, has no pair."""
    config["swap"] |= {
        "widths": [1],
        "parts": {"objects": {"frames": "all", "rows": [1, 2]}},
        "number": 1,
        "to_the_end": ["residual", "tokens", "full"],
    }
    found = planned(config, *shards("activations", ["loop_maze"]), *shards("swap", ["object_sets"]))
    L, S = tiny.LAYERS, 20
    # source 5, target 1, the starts once, then two runs of S - 1 steps a layer and mode; the check 2 + (L - 1) / 2
    sets = 5 + 1 + 3 * (L - 1) / 2 + 2 * 3 * L * (S - 1) + 2 + (L - 1) / 2
    # the source at the other steps, the target at all but step 0, the starts, and then half a run a layer and step
    matrix = (S - 5) + (S - 1) + (S - 1) * (L - 1) / 2 + L * (S - 1) * (S - 2) / 2
    assert total(found, "activations").planned == 3 * 3
    assert total(found, "swap").planned == pytest.approx(2 * (sets + matrix))


def test_cases_of_a_folder_are_counted_with_their_own_lengths_and_no_other_is_read(config, planned, tmp_path):
    for index, frames in enumerate((17, 9)):
        puzzle = puzzles.draw("loop_maze", index, held_out=True)
        puzzle = type(puzzle)(puzzle.prompt, puzzle.video[:frames], puzzle.layout)
        of_task = write_case(tmp_path / "mine", "In-Domain_50", "loop_maze", f"{index:05d}", puzzle).parent
    (of_task / "00002").mkdir()  # a case without anything in it
    config["cases"] |= {"folder": str(tmp_path / "mine"), "tasks": ["loop_maze"], "number": 2}
    config["noise"]["schemes"] = ["frame"]
    found = planned(config, ("noise", {"task": "loop_maze", "shard": "00"}))
    assert total(found, "noise").planned == 2 * 20 * (5 + 3)


def test_rules_that_run_every_step_from_the_start(config, planned):
    found = planned(config, *shards("few_steps", ["loop_maze"]), *shards("frames", ["loop_maze"]), ("skill", {}))
    steps = config["models"]["tiny"]["steps"]
    others = sum(steps for steps in config["few_steps"]["steps"] if steps != 20)
    assert total(found, "few_steps") == ForwardCount(3 * others, 3 * others)
    assert total(found, "frames").planned == 3 * 3 * steps  # 5, 9 and 13 frames; 17 are there
    assert total(found, "skill").planned == config["skill"]["number"] * steps


def test_a_shard_has_its_own_cases_and_guidance_counts_twice(config, planned):
    whole, rest = (
        planned(config, ("trajectory", {"task": "loop_maze", "shard": one})).costs[0] for one in ("00", "01")
    )
    assert whole.forwards.planned == 2 * rest.forwards.planned == 2 * 3 * 20
    assert whole.disk - MANIFEST == 2 * (rest.disk - MANIFEST)
    config["models"]["tiny"]["guidance_scale"] = 5.0
    assert planned(config, *shards("trajectory", ["loop_maze"])[:1]).costs[0].forwards.planned == 2 * 2 * 3 * 20


def test_a_job_of_another_model_is_counted_by_that_one(config, planned):
    found = planned(config, ("trajectory", {"model": "vbvr-wan2.2", "task": "loop_maze", "shard": "01"}))
    assert found.costs[0].forwards.planned == 2 * 3 * 50 and found.costs[0].memory.total > 28e9


def test_what_cannot_fit_is_refused_after_the_table(config, planned):
    jobs = shards("trajectory", ["loop_maze"])
    planned({**config, "gpu_memory_gb": 24}, *jobs).check()
    planned({**config, "model": "vbvr-wan2.2"}, *jobs).check()  # of no GPU that is stated
    small = planned({**config, "model": "vbvr-wan2.2", "gpu_memory_gb": 24}, *jobs)
    with pytest.raises(InputError, match=r"^trajectory needs about 28\.\d GB .* more than the 24 GB of gpu_memory_gb"):
        small.check()
    assert "which is more than the GPU of 24 GB" in printed.table(small)
    planned({**config, "model": "vbvr-wan2.2", "gpu_memory_gb": 40}, *jobs).check()
    offloaded = {**config["models"], "vbvr-wan2.2": config["models"]["vbvr-wan2.2"] | {"group_offload": True}}
    planned({**config, "models": offloaded, "model": "vbvr-wan2.2", "gpu_memory_gb": 24}, *jobs).check()
    in_batches = planned({**config, "gpu_memory_gb": 1e-6}, *shards("noise", ["loop_maze"]))
    with pytest.raises(InputError, match="take a larger GPU, or a smaller batch_size, or group_offload: true$"):
        in_batches.check()


def test_the_table_says_what_is_known_and_what_is_not(config, planned, monkeypatch):
    jobs = [*shards("noise", ["loop_maze"]), *shards("conditioning", ["loop_maze"]), ("fig3", {})]
    lines = printed.table(planned(config, *jobs)).splitlines()
    assert lines[3].split() == ["rule", "jobs", "forwards", "naive", "hours", "on", "disk", "memory"]
    assert lines[0].startswith("figures/fig3.pdf: what is still to be done")
    rows = {line.split()[0]: line.split() for line in lines[4:9] if line}
    assert rows["noise"][:4] == ["noise", "2", "1,860", "3,000"] and rows["others"][:2] == ["others", "1"]
    assert rows["total"][1] == "5"
    assert "seconds per forward: unknown; `make bench` measures it" in "\n".join(lines)
    known = [Seconds({1: 36.0, 12: 3.6}, "H200", "cuda", "measured, benchmarks/forwards.json")]
    monkeypatch.setattr(target, "seconds_of", lambda *_: known)
    text = printed.table(planned(config, *jobs))
    assert {line.split()[4] for line in text.splitlines() if line.startswith(("noise", "total"))} == {"1.86"}
    assert "GPU-hours of the forwards alone: 1.86; 1.24 of the longest job, noise tiny/loop_maze/00" in text
    away = printed.table(planned({**config, "model": "wan2.2-ti2v-5b"}, *jobs))
    assert "model wan2.2-ti2v-5b is not here yet; `snakemake --config model=wan2.2-ti2v-5b -- " in away


def test_cases_that_are_not_downloaded_are_named(planned):
    config = load_config(ROOT / "config.yaml", ROOT / "configs" / "vbvr-bench.yaml", model="vbvr-wan2.2")
    config["cases"]["folder"] = "nowhere"
    task = config["cases"]["tasks"][0]
    found = planned(config, *[(rule, {"task": task, "shard": "00"}) for rule in ("trajectory", "noise", "evalkit")])
    assert found.costs[0].forwards.planned == 2 * 50 and found.costs[1].forwards is None
    assert found.unknown == ["the cases are not downloaded yet: not counted for trajectory, noise"]
    assert printed.as_json(found)["unknown"] == found.unknown
    assert (
        next(line for line in printed.table(found).splitlines() if line.startswith("noise")).split()[2:5] == ["?"] * 3
    )


def test_nothing_left_to_do(config, planned):
    found = planned(config)
    found.check()
    assert printed.table(found).endswith("nothing is left to do")
    assert printed.as_json(found)["jobs"] == 0


@pytest.mark.parametrize(
    ("count", "text"), [(0, "-"), (2_400, "2 kB"), (3.25e6, "3.2 MB"), (126e9, "126.0 GB"), (2.5e12, "2.5 TB")]
)
def test_sizes_for_a_reader(count, text):
    assert printed.size(count) == text


# seconds


def test_seconds_are_of_the_same_model_and_tokens(config, tmp_path):
    records = [RECORD, {**RECORD, "batch": 12, "seconds": 0.25}, {**RECORD, "tokens": 32760, "seconds": 9.0}]
    write_json(tmp_path / "forwards.json", [*records, {**RECORD, "model": "other"}])
    (found,) = seconds_of(config, model_in(config), 80, tmp_path)
    assert found.by_batch == {1: 0.5, 12: 0.25} and found.unit == "GPU-hours"
    assert [found.at(batch) for batch in (1, 8, 12, 64)] == [0.5, 0.5, 0.25, 0.25]


def test_seconds_of_other_sizes_are_scaled_and_said_to_be_an_estimate(config, tmp_path):
    """From the nearest number of tokens, by the operations of a forward; as they are where the size is not known."""
    large = {**RECORD, "tokens": 32760, "seconds": 9.0}
    write_json(tmp_path / "forwards.json", [RECORD, large])
    model = model_in(config)
    (near,) = seconds_of(config, model, 100, tmp_path)
    width, ffn_width, text = model.width, model.ffn_width, model.text_tokens
    whole = [n * (6 * width**2 + 2 * width * ffn_width + 2 * width * (n + text)) for n in (80, 100)]
    assert near.by_batch == {1: pytest.approx(0.5 * whole[1] / whole[0])}
    assert near.source.endswith("; an estimate, scaled from 80 to 100 tokens")
    (far,) = seconds_of(config, model, 40_000, tmp_path)
    assert (
        far.source.endswith("from 32,760 to 40,000 tokens") and 9 * 40 / 32.76 < far.by_batch[1] < 9 * (40 / 32.76) ** 2
    )
    (unknown,) = seconds_of(config, model, None, tmp_path)
    assert unknown.by_batch == {1: 0.5}
    assert "the cases are not here" in unknown.source
    assert seconds_of(config, replace(model, width=None), 100, tmp_path) == []


def test_a_14b_forward_at_1024_takes_almost_five_times_that_at_480p():
    config = load_config(ROOT / "config.yaml", model="vbvr-wan2.2")
    model = model_of(config, "vbvr-wan2.2", ROOT)
    ratio = operations(model, VideoSize(81, 1024, 1024).latent_frames * 64 * 64) / operations(model, 32_760)
    assert ratio == pytest.approx(4.7, abs=0.2)


def test_published_seconds_stand_in_with_their_source(config, tmp_path):
    published = {"seconds": 4.0, "tokens": 80, "hardware": "one GPU", "source": "a page"}
    config["models"]["tiny"]["published"] = {"source": "s", "seconds_per_forward": [published]}
    (found,) = seconds_of(config, model_in(config), 80, tmp_path)
    assert found.by_batch == {1: 4.0} and found.source == "published, a page"
    write_json(tmp_path / "forwards.json", [RECORD])
    assert seconds_of(config, model_in(config), 80, tmp_path)[0].by_batch == {1: 0.5}  # measured wins


def test_records_are_renewed_and_other_files_refused(tmp_path):
    faster = {**RECORD, "seconds": 0.1}
    assert renewed([RECORD, {**RECORD, "model": "other"}], [faster]) == [faster, {**RECORD, "model": "other"}]
    (tmp_path / "forwards.json").write_text('[{"name": "sweep"}]')
    with pytest.raises(InputError, match="no list of measurements"):
        measured(tmp_path / "forwards.json")


def test_what_ships_can_be_read():
    assert isinstance(measured(ROOT / "benchmarks" / "forwards.json"), list)


# the command


def test_the_command_prints_json_refuses_in_one_line_and_needs_no_torch(config, tmp_path):
    (tmp_path / "mine.yaml").write_text("gpu_memory_gb: 0.001\n")
    path = "results/tiny/trajectory/loop_maze/01.json"
    files = ["--config", str(tmp_path / "config.yaml"), str(tmp_path / "mine.yaml")]
    arguments = [path, "--json", "--directory", str(tmp_path), *files]
    code = f"""import sys
from chainofsteps.plan.__main__ import main
try:
    main({arguments})
finally:
    print("torch" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True
    )
    *lines, torch_is_there = run.stdout.splitlines()
    facts = json.loads("\n".join(lines))
    assert (run.returncode, torch_is_there) == (1, "False"), run.stderr
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1 and "gpu_memory_gb" in run.stderr
    assert facts["jobs"] == 4 and facts["forwards"]["trajectory"] == {"planned": 60, "naive": 60}


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ("{}", ["--model", "tniy"], "config.yaml, mine.yaml: 'model' is 'tniy', which is not in 'models'; did you"),
        ("noise: {steps: [20]}", [], "noise.steps: step 20 is out of range; this model has steps 0 to 19"),
    ],
)
def test_bad_input_is_one_line(config, tmp_path, capsys, change, options, words):
    (tmp_path / "mine.yaml").write_text(change)
    files = [str(tmp_path / name) for name in ("config.yaml", "mine.yaml")]
    with pytest.raises(SystemExit) as stop:
        main(["--directory", str(tmp_path), "--config", *files, *options])
    error = capsys.readouterr().err
    assert stop.value.code == 1 and words in error and error.count("\n") == 1
