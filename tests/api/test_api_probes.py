"""Probes through the API against the engine's own classes, as the workflow's jobs drive them."""

import inspect

import pytest
import torch

import chainofsteps as cos
from chainofsteps.bench.scoring import scores
from chainofsteps.model.load import Experts
from chainofsteps.probes.noise.rows import finals
from chainofsteps.probes.noise.run import block_tap
from chainofsteps.probes.noise.run import sweep as engine_sweep
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.taps import Tap, full

RUNS = [
    cos.NoiseAtStep(3, "renoise"),
    cos.NoiseAtStep(0, noise_seed=5),
    cos.NoiseAtStep(2, "add", amplitude=0.5),
    cos.NoiseAtFrame(2),
    cos.NoiseAtFrame(0, (1, 3), "renoise", noise="fresh"),
]


def velocity_of(run, tap=None):
    """As a job makes it, from files and settings alone."""
    sampling = run.model.sampling
    (conditioning,) = run.model.encode(run.case)
    return GuidedVelocity(Experts(run.model.folder, sampling), conditioning, run.sigmas, sampling, tap=tap)


@pytest.mark.parametrize("name", ["swap", "sweep", "ensemble", "activations", "hidden_states"])
def test_progress_is_not_shown_by_itself(name):
    assert inspect.signature(getattr(cos, name)).parameters["progress"].default is False


@pytest.mark.parametrize("features", ["latents", "x0_pred", "block:1"])
def test_a_sweep_is_the_engines(model, run, maze, features):
    null, similarity = model.run(maze, seed=2), Similarity(features)
    tap = block_tap(similarity, run.steps)
    expected = engine_sweep(velocity_of(run, tap), run, RUNS, "loop_maze/00000", 1, similarity, null, tap)
    table = cos.sweep(run, RUNS, similarity=features, null=null)
    assert set(table.tensors) == set(expected.latents)
    assert all(torch.equal(table.tensors[name], latents) for name, latents in expected.latents.items())
    for column in ("run", "later_step", "dissimilarity", "features"):
        assert table[column].tolist() == [row[column] for row in expected.rows], column
    described = table.drop_duplicates("name").set_index("name")
    assert list(described.index) == [*(one.name() for one in RUNS), "reseed"]
    assert described.amplitude.tolist()[:3] == [1.0, 1.0, 0.5] and described.noise.tolist()[4] == "fresh"
    ready = finals(expected.latents, RUNS, *model.encode(maze), restore=True)
    assert described.score.tolist() == scores(maze, model.vae, torch.cat([*ready, null.final]))


def test_a_sweep_that_scores_nothing_decodes_nothing(run, monkeypatch):
    monkeypatch.setattr("chainofsteps.api.readings.scores", None)
    table = cos.sweep(run, RUNS[:1], scored=False)
    assert table.score.isna().all() and not table.exact.any() and table.later_step.tolist() == [3, 4]


def test_a_table_gives_plain_tables_and_keeps_its_tensors(run):
    table = cos.sweep(run, RUNS[:2], scored=False)
    early = table[table.later_step < 2]
    assert type(table) is cos.Table and type(early).__name__ == "DataFrame" and "tensors" not in table.columns
    assert set(table.name) == set(table.tensors) and table.tensors[table.name[0]].shape == (16, 5, 8, 8)
    assert not hasattr(early, "tensors")


def test_masses_are_those_of_the_steps(embedded):
    case = cos.puzzle("unique_maze")
    run = embedded.run(case)
    table = cos.masses(run)
    assert table.step.unique().tolist() == [0, 1, 2, 3] and table.sigma.unique().tolist() == run.sigmas[:-1].tolist()
    assert table.groupby("step").right.sum().tolist() == [1, 1, 1, 1]
    assert table.groupby("step").score.first().tolist() == [cos.score(case, run.video(step)) for step in range(4)]


def test_activations_are_norms_of_the_hidden_states(run):
    states = cos.hidden_states(run, "all", [0, 3])
    tap = Tap([0, 1], [0, 3], reducer=full)
    for step in (0, 3):
        velocity_of(run, tap)(run.at(step), step)
    expected = {name: kept[0] for name, kept in tap.take().items()}
    assert set(states) == {"step000-cond", "step003-cond"}
    table = cos.activations(run, steps=[0, 3])
    for name, kept in states.items():
        assert kept.shape == (2, 5, 4, 4, expected[name].shape[-1])
        assert torch.equal(kept.flatten(1, 3), expected[name])
        assert torch.equal(table.tensors[name].flatten(1), torch.linalg.vector_norm(expected[name], dim=-1))
    assert len(table) == 2 * 2 * 2 and set(table.part) == {"given", "generated"}
    generated = table[(table.step == 3) & (table.layer == 1) & (table.part == "generated")]
    assert 0 <= generated.auc.item() <= 1 and 0 <= generated.hoyer.item() <= 1
    one = cos.activations(run, layers=1, steps=3)
    assert torch.equal(one.tensors["step003-cond"][0], table.tensors["step003-cond"][1])


def test_what_is_too_large_or_not_there_is_refused(run):
    with pytest.raises(cos.InputError, match="layer 2 is out of range; this model has layers 0 to 1"):
        cos.activations(run, layers=2)
    with pytest.raises(cos.InputError, match="step 5 is out of range"):
        cos.hidden_states(run, 0, [5])
    with pytest.raises(cos.InputError, match="these are 0.0 GB; name fewer layers or steps, or raise limit_gb"):
        cos.hidden_states(run, "all", "all", limit_gb=1e-6)
    with pytest.raises(cos.InputError, match="no layer or no step is named"):
        cos.activations(run, steps=[])
    with pytest.raises(cos.InputError, match="step 9 is out of range"):
        cos.sweep(run, [cos.NoiseAtStep(9)])
    with pytest.raises(cos.InputError, match="no intervention is named; give at least one"):
        cos.sweep(run, [])


def test_an_ensemble_is_the_engines(model, maze, run):
    runs = [run, *(model.run(maze, seed) for seed in (2, 3))]
    windows = [cos.Ensemble(0, 0), cos.Ensemble(0, 1, "blend", weight=0.5)]
    table = cos.ensemble(runs, windows)
    assert table.variant.tolist()[:5] == ["single"] * 3 + ["ensemble"] * 2
    assert table.seed.tolist()[:3] == [1, 2, 3] and set(table.tensors) == set(table.name) - {
        "floor_static",
        "floor_noise",
        "ground_truth",
    }
    final = table.set_index("name")
    assert torch.equal(table.tensors["seed2"], runs[1].final)
    mean = torch.cat([one.final for one in runs]).mean(dim=0, keepdim=True)
    assert torch.equal(table.tensors["mean_of_finals"], mean)
    assert final.loc["seed1"].score == cos.score(maze, run.video())
    assert table.forwards.tolist()[3] == 5 - 1 + (3 * 1 + 2 - 1) / 2
    alone = cos.ensemble(runs, windows[:1])
    name = windows[0].name()
    torch.testing.assert_close(alone.tensors[name], table.tensors[name], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(table.tensors[name], run.final[None], atol=1e-3)


def test_runs_that_do_not_go_together_are_refused(model, maze, run):
    other = model.run(cos.puzzle("unique_maze"))
    with pytest.raises(cos.InputError, match="the runs are of several cases or models"):
        cos.ensemble([run, other], [cos.Ensemble(0, 0)])
    with pytest.raises(cos.InputError, match="give each seed once"):
        cos.ensemble([run, run], [cos.Ensemble(0, 0)])
    with pytest.raises(cos.InputError, match="give at least two runs and one"):
        cos.ensemble([run], [])
    with pytest.raises(cos.InputError, match="1 seed; give at least two"):
        cos.ensemble([run], [cos.Ensemble(0, 0)])


@pytest.fixture(scope="module")
def pair(embedded):
    cases = [cos.puzzle("object_sets", seed=seed) for seed in (900000, 900001)]
    return embedded.run(cases[0]), cases[1]


def test_a_full_swap_at_the_last_layer_is_the_sources_estimate(embedded, pair):
    """All that the last block passes on is the source's, and only the step's latents, equal at step 0, are shared."""
    target, case = pair
    source = embedded.run(case, latents=target.at(0))
    table = cos.swap(target, case, layers=[0, 7], modes="full")
    torch.testing.assert_close(table.tensors["swap_l7_full_s0/x0_pred"], source.x0_pred(0), rtol=1e-4, atol=1e-4)
    assert (table.tensors["swap_l7_full_s0/x0_pred"] - target.x0_pred(0)).abs().max() > 0.1
    assert table.name.tolist()[-2:] == ["target/x0_pred", "target/final"]
    assert set(table[["mass_source", "mass_target"]].notna().all(axis=1)) == {True}


def test_a_sources_run_saves_its_forwards_and_changes_nothing(embedded, pair):
    target, case = pair
    source = embedded.run(case, latents=target.at(0))
    asked = {"layers": 3, "steps": [0, 1], "modes": ["residual", "tokens"], "rows": [1, 2], "frames": "all"}
    along, stored = cos.swap(target, case, **asked), cos.swap(target, source, **asked)
    assert all(torch.equal(stored.tensors[name], latents) for name, latents in along.tensors.items())
    assert set(stored.tensors) - set(along.tensors) == {"source/x0_pred", "source/final"}
    assert torch.equal(stored.tensors["source/final"], source.final)
    other = embedded.run(case, seed=7)
    with pytest.raises(cos.InputError, match="start from different noise; take equal noise"):
        cos.swap(target, other, layers=0)


def test_swaps_of_cases_that_are_no_pair(model, run, embedded, pair):
    with pytest.raises(cos.InputError, match="loop_maze/00000 and grounding/00000 differ in more than their prompts"):
        cos.swap(run, cos.puzzle("grounding"))
    with pytest.raises(cos.InputError, match="readout must be one of x0_pred, final; not 'finals'"):
        cos.swap(run, run.case, readouts="finals")
    same = cos.swap(pair[0], pair[0].case, layers=0, readouts=["x0_pred"])
    assert same.outcome.isna().all()  # both have the same answer: whose it is cannot be read
    assert torch.isfinite(same.tensors["target/x0_pred"]).all()
