"""The sweep against the plain way: each intervention from the start, alone."""

import itertools

import pytest
import torch
from sweeps import CASE, SEED, SHAPE, STEPS, alone, analytic, every_run, record

from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.probes.noise import run as noise_module
from chainofsteps.probes.noise.inject import noise_of
from chainofsteps.probes.noise.run import Sweep, SweepState, sweep
from chainofsteps.probes.noise.similarity import Similarity, token_features
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep, expand
from chainofsteps.run.probe import advance


def test_each_run_of_the_sweep_is_that_run_alone_bit_for_bit():
    runs = list(every_run())
    assert len({run.name() for run in runs}) == len(runs) == 102
    result = sweep(analytic, record(analytic), runs, CASE, SEED)
    assert list(result.latents) == [run.name() for run in runs]
    for run in runs:
        assert torch.equal(result.latents[run.name()], alone(analytic, run)[-1][0][0]), run


def test_before_a_step_is_after_the_step_before():
    runs = [NoiseAtStep(3, "renoise"), NoiseAtStep(2, "renoise", timing="after")]
    before, after = sweep(analytic, record(analytic), runs, CASE, SEED).latents.values()
    assert torch.equal(before, after)


def others(latents, run):
    """Tokens of the latent frames that a run has no noise of its own on."""
    kept = [frame for frame in range(SHAPE[2]) if frame != getattr(run, "frame", None)]
    return token_features(latents[:, kept])


def test_several_features_are_compared_in_one_sweep():
    baseline, null, runs = record(analytic), record(analytic, seed=2), list(every_run(operators=("renoise",)))
    both = sweep(analytic, baseline, runs, CASE, SEED, Similarity(["x0_pred", "latents"]), null)
    apart = [sweep(analytic, baseline, runs, CASE, SEED, Similarity(one), null).rows for one in ("x0_pred", "latents")]
    assert both.rows == apart[0] + apart[1]


@pytest.mark.parametrize("features", ["latents", "x0_pred"])
def test_rows_are_the_dissimilarity_of_the_runs_alone(features):
    similarity, baseline, null = Similarity(features), record(analytic), record(analytic, seed=2)
    runs = list(every_run(operators=("renoise",)))
    rows = sweep(analytic, baseline, runs, CASE, SEED, similarity, null).rows
    clean = [(baseline.at(step + 1) if features == "latents" else baseline.x0_pred(step)) for step in range(STEPS)]
    expected = []
    for run in runs:
        first = run.first_step if features == "latents" else run.start
        for step in range(first, STEPS):
            perturbed = alone(analytic, run)[step][features == "x0_pred"]
            expected.append((run, step, perturbed))
    for step in range(STEPS):
        other = null.at(step + 1) if features == "latents" else null.x0_pred(step)
        expected.append((None, step, other))
    assert len(rows) == len(expected)
    for row, (run, step, perturbed) in zip(rows, expected, strict=True):
        about = {"run": "reseed", "step": None, "frame": None, "operator": None} if run is None else run.row()
        assert {key: row[key] for key in ("run", "step", "frame", "operator")} == {
            key: about[key] for key in ("run", "step", "frame", "operator")
        }
        assert (row["case"], row["seed"], row["features"], row["later_step"]) == (CASE, SEED, features, step)
        value = similarity.dissimilarity(others(perturbed[0], run), others(clean[step][0], run))
        assert row["dissimilarity"] == pytest.approx(float(value), abs=1e-12)


def test_the_noise_depends_on_what_it_is_said_to():
    run = NoiseAtFrame(1, noise_seed=5)
    fresh = NoiseAtFrame(1, noise_seed=5, noise="fresh")
    eps = noise_of(run, 0, CASE, SEED, SHAPE[1:])
    same = [
        noise_of(run, 3, CASE, SEED, SHAPE[1:]),
        noise_of(NoiseAtStep(4, "add", noise_seed=5), 4, CASE, SEED, SHAPE[1:]),
    ]
    other = [
        noise_of(run, 0, "maze-00001", SEED, SHAPE[1:]),
        noise_of(run, 0, CASE, 2, SHAPE[1:]),
        noise_of(NoiseAtFrame(1, noise_seed=6), 0, CASE, SEED, SHAPE[1:]),
        noise_of(fresh, 0, CASE, SEED, SHAPE[1:]),
        noise_of(fresh, 1, CASE, SEED, SHAPE[1:]),
    ]
    assert all(torch.equal(eps, one) for one in same)
    different = [eps, *other]
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(different, 2))
    assert eps.shape == SHAPE[1:] and float(eps.std()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("split", range(STEPS + 1))
def test_a_sweep_resumed_from_a_saved_state_has_the_same_bits(tmp_path, split):
    probe = Sweep(record(analytic), list(every_run()), CASE, SEED, null=record(analytic, seed=2))
    whole = probe.result(advance(probe, analytic, probe.resume({})))
    state = advance(probe, analytic, probe.begin(), stop=split)
    save_tensors(tmp_path / "state.safetensors", state.to_tensors(), {})
    loaded = probe.resume(load_tensors(tmp_path / "state.safetensors")[0])
    assert isinstance(loaded, SweepState) and loaded.step == split
    resumed = probe.result(advance(probe, analytic, loaded))
    assert resumed.rows == whole.rows
    assert all(torch.equal(resumed.latents[name], latents) for name, latents in whole.latents.items())


def test_advancing_leaves_the_state_it_was_given():
    probe = Sweep(record(analytic), list(every_run()), CASE, SEED)
    state = probe.begin()
    copy = state.latents.clone()
    advance(probe, analytic, state)
    assert torch.equal(state.latents, copy) and state.dissimilarity.isnan().all()


def test_no_result_before_the_end():
    probe = Sweep(record(analytic), [NoiseAtStep(0)], CASE, SEED)
    with pytest.raises(ValueError, match="before step 0 of 5"):
        probe.result(probe.begin())


def test_a_step_runs_only_what_has_started_and_says_how_many():
    sizes, told = [], []

    def counted(latents, step):
        sizes.append(len(latents))
        return analytic(latents, step)

    runs = [NoiseAtStep(step, timing="after") for step in range(STEPS)]
    sweep(counted, record(analytic), runs, CASE, SEED, on_step=lambda seen: told.append(len(seen.latents)))
    assert sizes == [1, 2, 3, 4]  # nothing has started at step 0, and the last run never needs a forward
    assert told == [0, 1, 2, 3, 4]


def test_nan_names_case_step_and_intervention():
    runs = [NoiseAtStep(1), NoiseAtStep(2)]

    def broken(latents, step):
        v = analytic(latents, step)
        if step == 3:
            v[1] = torch.nan
        return v

    with pytest.raises(InputError) as error:
        sweep(broken, record(analytic), runs, CASE, SEED)
    message = str(error.value)
    assert f"case {CASE}, step 3, intervention {runs[1].name()}" in message and "\n" not in message


def test_nan_in_the_stored_baseline_is_found_before_anything_runs():
    baseline = record(analytic)
    baseline.latents[2, 0, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match=f"case {CASE}, step 1, intervention baseline"):  # whose update made them
        sweep(None, baseline, [NoiseAtStep(0)], CASE, SEED)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (NoiseAtStep(STEPS), "step 5 is out of range; this run has steps 0 to 4"),
        (NoiseAtFrame(1, (0, STEPS)), "step 5 is out of range; this run has steps 0 to 4"),
        (NoiseAtFrame(5), "frame 5 is out of range; this run has frames 0 to 4"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_runs(run, words):
    with pytest.raises(InputError) as error:
        Sweep(record(analytic), [NoiseAtStep(0), run], CASE, SEED)
    assert str(error.value) == f"{run.name()}: {words}"


@pytest.mark.parametrize("features", ["latents", "x0_pred"])
def test_compared_a_few_at_a_time_has_the_same_bits(monkeypatch, features):
    baseline, null, runs = record(analytic), record(analytic, seed=2), list(every_run())[:20]
    at_once = sweep(analytic, baseline, runs, CASE, SEED, Similarity(features), null).rows
    monkeypatch.setattr(noise_module, "COMPARED_ELEMENTS", 3 * baseline.latents[0].numel())
    assert sweep(analytic, baseline, runs, CASE, SEED, Similarity(features), null).rows == at_once


def test_the_whole_configuration_expands_into_a_sweep():
    section = {
        "schemes": ["step", "frame"],
        "operators": ["replace", "renoise", "add"],
        "amplitude": 1.0,
        "timing": "after",
        "noise_seed": 1000,
        "steps": "all",
        "frames": "all",
        "noise": "fresh",
    }
    runs = expand(section, STEPS, SHAPE[2])
    result = sweep(analytic, record(analytic), runs, CASE, SEED)
    assert len(result.latents) == 3 * (STEPS + 5)
