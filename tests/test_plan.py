import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch
import yaml

from chainofsteps import plan, schedule, trajectory
from chainofsteps.conditioning import Conditioning
from chainofsteps.denoise import GuidedVelocity, initial_latents
from chainofsteps.errors import InputError
from chainofsteps.interventions import NoiseAtFrame, NoiseAtStep
from chainofsteps.models import Experts
from chainofsteps.noise import block_tap, sweep
from chainofsteps.puzzles import canvas
from chainofsteps.settings import Sampling
from chainofsteps.similarity import Similarity
from chainofsteps.transformer import Forwards

ROOT = Path(__file__).parents[1]
GUIDANCE = {1: 1.0, 2: 4.0}  # branches c -> guidance_scale


def at_steps(steps, timing="before", operator="replace"):
    return [NoiseAtStep(step, operator, timing=timing) for step in range(steps)]


def at_frames(frames, steps="all", operator="replace"):
    return [NoiseAtFrame(frame, steps, operator) for frame in range(frames)]


def planned(runs, steps, branches, **options):
    """Forwards of a whole job: the baseline and everything on it."""
    return plan.baseline(steps, branches) + plan.perturbed(runs, steps, branches, **options)


@pytest.fixture(scope="module")
def experts(checkpoint):
    return Experts(checkpoint, Sampling(1, 3.0, device="cpu"))


def ran(experts, runs, steps, branches, frames, similarity=None, with_null=False):
    """Forwards that the network counted in the same job."""
    sampling = Sampling(steps, 3.0, GUIDANCE[branches], device="cpu", batch_size=4)
    shape = (1, 16, frames, 4, 4)
    text = torch.zeros(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM)
    conditioning = Conditioning(text, torch.zeros(1, 20, *shape[2:]), text)
    sigmas, counter = schedule.sigmas(steps, 3.0), Forwards()
    velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
    baseline = trajectory.record(velocity, initial_latents(shape, "c", 1), sigmas, "c")
    null = None
    if with_null:  # a run of the trajectory rule, not of the sweep
        uncounted = GuidedVelocity(experts, conditioning, sigmas, sampling)
        null = trajectory.record(uncounted, initial_latents(shape, "c", 2), sigmas, "c")
    similarity = similarity or Similarity()
    tap = block_tap(similarity, steps)
    velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter, tap)
    sweep(velocity, baseline, runs, "c", 1, similarity, null, tap)
    return counter.total


SIZES = [(S, F, c) for S in (1, 2, 5) for F in (1, 3) for c in (1, 2)]


@pytest.mark.parametrize(("S", "F", "c"), SIZES)
def test_ran_is_planned_is_the_closed_form(experts, S, F, c):
    s0 = S // 2
    jobs = {
        "baseline": ([], c * S),
        "noise at step, before the forward": (at_steps(S), c * S * (S + 3) // 2),
        "noise at step, after the update": (at_steps(S, "after"), c * S * (S + 1) // 2),
        "noise at frame, at all steps": (at_frames(F), c * S * (F + 1)),
        "noise at frame, at one step": (at_frames(F, (s0,)), c * (S + F * (S - s0))),
    }
    for job, (runs, closed_form) in jobs.items():
        assert planned(runs, S, c).planned == closed_form, job
        assert ran(experts, runs, S, c, F) == closed_form, job
        assert planned(runs, S, c).naive == c * S * (len(runs) + 1), job


@pytest.mark.parametrize("c", [1, 2])
def test_several_operators_share_one_baseline(experts, c):
    S, F = 4, 2
    runs = [
        run
        for operator in ("replace", "renoise", "add")
        for run in at_steps(S, operator=operator) + at_frames(F, operator=operator)
    ]
    closed_form = c * (S + 3 * (S * (S + 1) // 2 + S * F))
    assert planned(runs, S, c).planned == closed_form
    assert ran(experts, runs, S, c, F) == closed_form


@pytest.mark.parametrize("with_null", [True, False])
def test_clean_runs_that_ride_along_are_counted(experts, with_null):
    S, F, c = 4, 2, 2
    runs = at_frames(F, (1,))
    options = {"features": "block:0", "null": with_null}
    riding = 2 * S if with_null else S - 1
    closed_form = c * (S + F * (S - 1) + riding)
    assert planned(runs, S, c, **options).planned == closed_form
    assert ran(experts, runs, S, c, F, Similarity("block:0"), with_null) == closed_form


# the configuration in force


@pytest.fixture
def folder(tmp_path, checkpoint):
    """A configuration with a model beside it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["embedded"] |= {"folder": str(checkpoint), "steps": 20, "guidance_scale": 1.0}
    config["cases"] |= {"folder": None, "tasks": ["loop_maze", "unique_maze"], "number": 24}
    config["trajectory"] |= {"seeds": [1], "null_seed": 2}
    config["noise"] |= {
        "schemes": ["step", "frame"],
        "operators": ["replace", "renoise"],
        "timing": "before",
        "steps": "all",
        "frames": "all",
    }
    config["similarity"]["features"] = "latents"

    def write(**changes):
        for section, change in changes.items():
            config[section] |= change
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        return tmp_path / "config.yaml"

    return write


def printed(path, capsys, *options):
    plan.main(["--config", str(path), *options])
    return capsys.readouterr().out


def test_json_of_the_default_job(folder, capsys):
    facts = json.loads(printed(folder(), capsys, "--json"))
    assert facts["forwards"] == {
        # 48 cases: S forwards for the seed and the null, and 2 operators x (S (S + 1) / 2 + S F)
        "trajectory": {"planned": 48 * 2 * 20, "naive": 48 * 2 * 20},
        "noise": {"planned": 48 * 2 * (210 + 100), "naive": 48 * 2 * 25 * 20},
        "total": {"planned": 48 * (40 + 620), "naive": 48 * (40 + 1000)},
    }
    assert (facts["steps"], facts["branches"], facts["layers"], facts["latent_frames"]) == (
        20,
        1,
        tiny.LAYERS,
        5,
    )
    assert facts["cases"] == {"loop_maze": 24, "unique_maze": 24} and facts["interventions"] == 50


def test_guidance_seeds_and_block_features_are_counted(folder, capsys):
    path = folder(trajectory={"seeds": [1, 3]}, similarity={"features": "block:1"})
    text = path.read_text()
    path.write_text(text.replace("guidance_scale: 1.0", "guidance_scale: 5.0"))
    facts = json.loads(printed(path, capsys, "--json"))
    assert facts["forwards"]["trajectory"] == {"planned": 48 * 2 * 3 * 20, "naive": 48 * 2 * 3 * 20}
    assert facts["forwards"]["noise"] == {"planned": 48 * 2 * 2 * (620 + 2 * 20), "naive": 48 * 2 * 2 * 1000}


def test_table_for_a_reader(folder, capsys):
    text = printed(folder(), capsys)
    assert [line.split() for line in text.splitlines()[-3:]] == [
        ["trajectory", "1,920", "1,920", "1.00"],
        ["noise", "29,760", "48,000", "0.62"],
        ["total", "31,680", "49,920", "0.63"],
    ]
    assert "24 x loop_maze, 24 x unique_maze" in text


def test_cases_of_a_folder_are_counted_with_their_own_lengths(folder, tmp_path, capsys):
    from chainofsteps import cases, puzzles

    for index, frames in enumerate((17, 9, 17)):
        puzzle = puzzles.draw("loop_maze", index, held_out=True)
        puzzle = type(puzzle)(puzzle.prompt, puzzle.video[:frames], puzzle.layout)
        cases.write_case(tmp_path / "mine", "In-Domain_50", "loop_maze", f"{index:05d}", puzzle)
    path = folder(cases={"folder": "mine", "tasks": ["loop_maze"], "number": 2}, noise={"schemes": ["frame"]})
    facts = json.loads(printed(path, capsys, "--json"))
    assert facts["cases"] == {"loop_maze": 2} and facts["latent_frames"] == 3
    assert facts["forwards"]["noise"]["planned"] == 2 * 20 * (5 + 3)


def test_only_the_cases_that_are_counted_are_read(folder, tmp_path, capsys):
    from chainofsteps import cases, puzzles

    puzzle = puzzles.draw("loop_maze", 0, held_out=True)
    of_task = cases.write_case(tmp_path / "mine", "In-Domain_50", "loop_maze", "00000", puzzle).parent
    (of_task / "00001").mkdir()  # a case without anything in it
    path = folder(cases={"folder": "mine", "tasks": ["loop_maze"], "number": 1})
    assert json.loads(printed(path, capsys, "--json"))["cases"] == {"loop_maze": 1}


def test_files_are_laid_over_each_other_as_by_snakemake(folder, tmp_path, capsys):
    path, mine, more = folder(), tmp_path / "mine.yaml", tmp_path / "more.yaml"
    other = {**yaml.safe_load(path.read_text())["models"]["embedded"], "steps": 7}
    mine.write_text(yaml.safe_dump({"models": {"other": other}, "noise": {"operators": ["add"], "steps": [0, 1]}}))
    more.write_text(yaml.safe_dump({"noise": {"steps": [6]}, "cases": {"number": 3}}))
    facts = json.loads(printed(path, capsys, str(mine), str(more), "--json", "--model", "other"))
    assert (facts["model"], facts["steps"], facts["cases"]) == ("other", 7, {"loop_maze": 3, "unique_maze": 3})
    assert facts["interventions"] == 1 + 5 and facts["forwards"]["noise"]["planned"] == 6 * (1 + 5)
    assert json.loads(printed(path, capsys, str(mine), "--json"))["model"] == "embedded"
    with pytest.raises(SystemExit):
        printed(path, capsys, str(mine), "--model", "othr")
    assert "config.yaml, mine.yaml: 'model' is 'othr', which is not in 'models'; did you" in capsys.readouterr().err


@pytest.mark.parametrize("run", [NoiseAtStep(5), NoiseAtStep(5, timing="after"), NoiseAtFrame(0, (2, 5))])
def test_a_step_that_does_not_exist_is_not_counted(run):
    with pytest.raises(InputError, match="step 5 is out of range; this run has steps 0 to 4"):
        plan.perturbed([NoiseAtStep(0), run], 5)


def test_frames_of_a_puzzle_made_here():
    assert plan.EMBEDDED_FRAMES == canvas.FRAMES


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": {"steps": [20]}}, "noise.steps: step 20 is out of range; this model has steps 0 to 19"),
        ({"noise": {"frames": [5]}}, "noise.frames: frame 5 is out of range; this model has frames 0 to 4"),
        ({"similarity": {"features": "block:2"}}, "layer 2 is out of range; this model has layers 0 to 1"),
        ({"cases": {"folder": "absent"}}, "has no task 'loop_maze'"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, changes, message):
    with pytest.raises(SystemExit) as stop:
        plan.main(["--config", str(folder(**changes))])
    error = capsys.readouterr().err
    assert stop.value.code == 1 and message in error and error.count("\n") == 1


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_model_that_is_not_there_or_not_wan(folder, tmp_path, content):
    config = yaml.safe_load(folder().read_text())
    config["models"]["embedded"]["folder"] = "model"
    if content is not None:
        (tmp_path / "model" / "transformer").mkdir(parents=True)
        (tmp_path / "model" / "transformer" / "config.json").write_text(content)
    with pytest.raises(InputError, match="checkpoint"):
        plan.geometry(config, tmp_path)


def test_counting_needs_no_torch(folder):
    arguments = ["--config", str(folder())]
    code = f"import sys; from chainofsteps import plan; plan.main({arguments}); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, check=True)
