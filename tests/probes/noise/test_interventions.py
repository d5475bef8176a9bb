import string

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.probes.indices import indices
from chainofsteps.probes.noise.inject import apply
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep, expand, from_row, parse

OPERATORS = st.sampled_from(["replace", "renoise", "add"])
TIMINGS = st.sampled_from(["before", "after"])
AMPLITUDES = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
INDEX = st.integers(0, 2000)
SEEDS = st.integers(0, 2**63 - 1)
AT_STEP = st.builds(NoiseAtStep, INDEX, OPERATORS, AMPLITUDES, TIMINGS, SEEDS)
AT_FRAME = st.builds(
    NoiseAtFrame,
    INDEX,
    st.one_of(st.just("all"), st.lists(INDEX, min_size=1, max_size=8).map(tuple)),
    OPERATORS,
    AMPLITUDES,
    TIMINGS,
    SEEDS,
    st.sampled_from(["fixed", "fresh"]),
)
ANY = st.one_of(AT_STEP, AT_FRAME)

CONFIG = {
    "schemes": ["step", "frame"],
    "operators": ["replace", "renoise"],
    "amplitude": 1.0,
    "timing": "before",
    "noise_seed": 1000,
    "steps": "all",
    "frames": "all",
    "noise": "fixed",
    "restore_first_frame": True,
}


@settings(deadline=None)  # the first call of a busy machine is slow
@given(ANY)
def test_name_parses_back_and_is_a_file_name(intervention):
    name = intervention.name()
    assert parse(name) == intervention
    assert set(name) <= set(string.ascii_lowercase + string.digits + "_.+-")


@settings(deadline=None)
@given(ANY, ANY)
def test_names_tell_interventions_apart(a, b):
    assert (a.name() == b.name()) == (a == b)


@settings(deadline=None)
@given(ANY)
def test_row_turns_back_even_after_a_csv_file(intervention):
    row = intervention.row()
    assert from_row(row) == intervention
    assert from_row({key: str(value) for key, value in row.items()}) == intervention


def test_names_and_rows_as_they_stand_in_files():
    at_step = NoiseAtStep(7, "renoise", 1, "before", 1000)
    assert at_step.name() == "noise_at_step_s7_renoise_a1.0_before_n1000"
    assert at_step.row() == {
        "run": "noise_at_step",
        "scheme": "step",
        "step": 7,
        "frame": None,
        "operator": "renoise",
        "amplitude": 1.0,
        "timing": "before",
        "noise_seed": 1000,
        "noise": "fixed",
    }
    at_frame = NoiseAtFrame(3, (12, 7, 7), "add", 0.5, "after", 2, "fresh")
    assert at_frame.name() == "noise_at_frame_f3_s7.12_add_a0.5_after_n2_fresh"
    assert (at_frame.row()["step"], at_frame.row()["frame"]) == ("7 12", 3)
    assert NoiseAtFrame(0).row()["step"] == "all"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "baseline",
        "noise_at_step_s7_renoise_a1.0_before",
        "noise_at_step_s07_renoise_a1.0_before_n1000",
        "noise_at_step_s7_renoise_a1_before_n1000",
        "noise_at_step_s7_renoise_a1.0.0_before_n1000",
        "noise_at_step_s7_swap_a1.0_before_n1000",
        "noise_at_frame_f3_s7.12_add_a0.5_after_n2_stale",
        "noise_at_frame_f3_s12.7_add_a0.5_after_n2_fresh",
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(InputError) as error:
        parse(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": -1},
        {"step": 1.5},
        {"step": True},
        {"operator": "swap"},
        {"timing": "during"},
        {"amplitude": 0},
        {"amplitude": float("nan")},
        {"noise_seed": -1},
    ],
)
def test_noise_at_step_refuses(wrong):
    with pytest.raises(InputError, match=f"noise: {next(iter(wrong))} must be"):
        NoiseAtStep(**{"step": 0, **wrong})


@pytest.mark.parametrize(
    "wrong", [{"frame": -1}, {"steps": ()}, {"steps": "some"}, {"steps": (1, -2)}, {"noise": "new"}]
)
def test_noise_at_frame_refuses(wrong):
    with pytest.raises(InputError, match="noise: .* must be"):
        NoiseAtFrame(**{"frame": 0, **wrong})


@pytest.mark.parametrize(
    ("intervention", "start", "acts"),
    [
        (NoiseAtStep(2, timing="before"), 2, [2]),
        (NoiseAtStep(2, timing="after"), 3, [2]),
        (NoiseAtFrame(0), 0, [0, 1, 2, 3, 4]),
        (NoiseAtFrame(0, timing="after"), 1, [0, 1, 2, 3, 4]),
        (NoiseAtFrame(0, (4, 1)), 1, [1, 4]),
        (NoiseAtFrame(0, (4, 1), timing="after"), 2, [1, 4]),
    ],
)
def test_where_it_acts_and_where_a_run_starts(intervention, start, acts):
    assert intervention.start == start
    assert [step for step in range(5) if intervention.acts_at(step)] == acts


def test_expand_makes_one_run_for_each_place_and_operator():
    runs = expand(CONFIG, steps=4, latent_frames=2)
    assert runs[:4] == [NoiseAtStep(step, "replace", noise_seed=1000) for step in range(4)]
    assert len(runs) == 2 * (4 + 2)
    assert {run.steps for run in runs if isinstance(run, NoiseAtFrame)} == {"all"}


def test_expand_puts_the_steps_asked_for_into_noise_at_frame():
    runs = expand({**CONFIG, "operators": ["add"], "steps": [3, 1], "frames": [1], "noise": "fresh"}, 4, 2)
    assert runs == [
        NoiseAtStep(1, "add", noise_seed=1000),
        NoiseAtStep(3, "add", noise_seed=1000),
        NoiseAtFrame(1, (1, 3), "add", noise_seed=1000, noise="fresh"),
    ]


def test_all_steps_by_name_or_one_by_one_are_the_same_runs():
    assert expand({**CONFIG, "steps": [0, 1, 2, 3]}, 4, 2) == expand(CONFIG, 4, 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": [4]}, "noise.steps: step 4 is out of range; this model has steps 0 to 3"),
        ({"frames": [0, 2]}, "noise.frames: frame 2 is out of range; this model has frames 0 to 1"),
        ({"frames": [-1]}, "noise.frames: frame -1 is out of range; this model has frames 0 to 1"),
        ({"operators": ["add", "add"]}, "noise: a scheme or an operator is listed twice; list each once"),
        ({"schemes": ["layer"]}, "noise: schemes must be one of step, frame; not 'layer'"),
    ],
)
def test_expand_refuses(wrong, message):
    with pytest.raises(InputError) as error:
        expand({**CONFIG, **wrong}, steps=4, latent_frames=2)
    assert str(error.value) == message


def test_indices_are_sorted_and_counted_once():
    assert indices("noise.steps", [3, 1, 3], 4) == [1, 3]
    assert indices("noise.steps", "all", 3) == [0, 1, 2]


def tensors(batch=2):
    generator = torch.Generator().manual_seed(0)
    latents, x0_pred = torch.randn(2, batch, 16, 5, 8, 8, generator=generator)
    return latents, x0_pred, torch.randn(16, 5, 8, 8, generator=generator)


def test_operators_at_a_step_are_their_formulas():
    x, x0_pred, eps = tensors()
    sigma = torch.tensor(0.7)
    arguments = (3, x, sigma, x0_pred, eps)
    assert torch.equal(apply(NoiseAtStep(3, "replace", 2.0), *arguments), (2 * eps).expand_as(x))
    assert torch.equal(apply(NoiseAtStep(3, "add", 2.0), *arguments), x + 2 * eps)
    torch.testing.assert_close(apply(NoiseAtStep(3, "renoise", 2.0), *arguments), 0.3 * x0_pred + 0.7 * 2 * eps)


def test_renoise_without_an_estimate_is_replace_at_sigma_one_and_refused_elsewhere():
    x, _, eps = tensors()
    one = torch.tensor(1.0)
    replaced = apply(NoiseAtStep(0, "replace"), 0, x, one, None, eps)
    assert torch.equal(apply(NoiseAtStep(0, "renoise"), 0, x, one, None, eps), replaced)
    with pytest.raises(ValueError, match="needs x0_pred"):
        apply(NoiseAtStep(1, "renoise"), 1, x, torch.tensor(0.9), None, eps)


@settings(deadline=None)
@given(OPERATORS)
def test_noise_at_frame_is_noise_at_step_on_one_frame_only(operator):
    x, x0_pred, eps = tensors()
    before = x.clone()
    sigma = torch.tensor(0.4)
    edited = apply(NoiseAtFrame(2, "all", operator), 1, x, sigma, x0_pred, eps)
    whole = apply(NoiseAtStep(1, operator), 1, x, sigma, x0_pred, eps)
    others = [0, 1, 3, 4]
    assert torch.equal(edited[:, :, 2], whole[:, :, 2])
    assert torch.equal(edited[:, :, others], x[:, :, others])
    assert torch.equal(x, before)  # the latents given are left as they are


@settings(deadline=None)
@given(st.one_of(AT_STEP, AT_FRAME.filter(lambda run: run.steps != "all")))
def test_nothing_is_done_at_other_steps(intervention):
    x, x0_pred, eps = tensors(batch=1)
    other = next(step for step in range(3000) if not intervention.acts_at(step))
    assert torch.equal(apply(intervention, other, x, torch.tensor(0.5), x0_pred, eps), x)


def test_renoise_at_the_first_step_whatever_the_rounding_of_its_sigma():
    sigma = schedule.sigmas(4, 2.07)[0]  # 1 less a rounding
    eps = torch.ones(1, 4, 2, 2, 2)
    assert float(sigma) != 1 and apply(NoiseAtStep(0, "renoise"), 0, 0 * eps, sigma, None, eps).equal(eps)
    with pytest.raises(ValueError, match="needs x0_pred"):
        apply(NoiseAtStep(0, "renoise"), 0, 0 * eps, 0.999, None, eps)
