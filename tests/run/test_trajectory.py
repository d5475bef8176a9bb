import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.model import schedule
from chainofsteps.run.denoise import denoise, initial_latents
from chainofsteps.run.probe import advance, check_finite
from chainofsteps.run.trajectory import Prefix, Recording, Trajectory, record

STEPS = 5


@pytest.fixture(scope="module")
def velocity(checkpoint):
    return tiny.guided_velocity(checkpoint, tiny.sampling(steps=STEPS, guidance_scale=2.0))


@pytest.fixture(scope="module")
def trajectory(velocity):
    return record(velocity, initial_latents(tiny.LATENTS_SHAPE, "00000", 1), schedule.sigmas(STEPS, 3.0), "00000")


def test_it_holds_the_latents_of_all_steps(velocity, trajectory):
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    states = []
    final = denoise(velocity, noise, trajectory.sigmas, on_step=states.append)
    assert trajectory.latents.shape == (STEPS + 1, *tiny.LATENTS_SHAPE[1:]) and trajectory.steps == STEPS
    assert torch.equal(trajectory.at(0), noise) and torch.equal(trajectory.at(STEPS), final)
    for state in states:
        assert torch.equal(trajectory.at(state.step), state.latents)
        assert torch.allclose(trajectory.x0_pred(state.step), state.x0_pred, atol=1e-4)


def saved(trajectory, path):
    """Through a file, as the rules hand it on."""
    save_tensors(path, trajectory.to_tensors(), {})
    return Trajectory.from_tensors(load_tensors(path)[0], path)


def test_it_resumes_from_disk_at_every_step(velocity, trajectory, tmp_path):
    loaded = saved(trajectory, tmp_path / "t.safetensors")
    assert torch.equal(loaded.latents, trajectory.latents) and torch.equal(loaded.sigmas, trajectory.sigmas)
    for step in range(STEPS + 1):
        assert torch.equal(denoise(velocity, loaded.at(step), loaded.sigmas, start=step), trajectory.at(STEPS))
        recording, seen = Recording(loaded.at(0), loaded.sigmas, "00000"), []
        prefix = recording.resume({"latents": loaded.latents[: step + 1], "sigmas": loaded.sigmas})
        assert isinstance(prefix, Prefix) and prefix.step == step
        whole = recording.result(advance(recording, velocity, prefix, on_step=seen.append))
        assert torch.equal(whole.latents, trajectory.latents) and len(seen) == STEPS - step


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("broken", [0, 2, STEPS - 1])
def test_nan_stops_the_run_and_names_case_and_the_step_that_made_it(bad, broken):
    ran = []

    def velocity(latents, step):
        ran.append(step)
        return latents * (bad if step == broken else 0.1)

    words = f"latents are not finite: case 00007, step {broken}, intervention baseline"
    with pytest.raises(InputError, match=words) as caught:
        record(velocity, torch.ones(tiny.LATENTS_SHAPE), schedule.sigmas(STEPS, 3.0), "00007")
    assert "\n" not in str(caught.value) and ran == list(range(broken + 1))


def test_check_finite_names_the_intervention():
    latents = torch.zeros(2, 16, 5, 8, 8)
    check_finite(latents, "00001", 4, "noise_at_step-replace")
    latents[1, 3, 2, 1, 0] = float("nan")
    with pytest.raises(InputError, match="case 00001, step 4, intervention noise_at_step-replace; check"):
        check_finite(latents, "00001", 4, "noise_at_step-replace")


def test_steps_out_of_range(trajectory):
    for step in (-1, STEPS + 1):
        with pytest.raises(InputError, match=f"step {step} is out of range: the trajectory has steps 0 to 4"):
            trajectory.at(step)
    with pytest.raises(InputError, match="step 6 is out of range"):
        trajectory.x0_pred(STEPS)


def test_what_is_no_trajectory_is_named(trajectory):
    short = {**trajectory.to_tensors(), "latents": trajectory.latents[1:]}
    for tensors in (short, {"latents": trajectory.latents}):
        with pytest.raises(InputError, match="t.safetensors is not a trajectory; delete it"):
            Trajectory.from_tensors(tensors, "t.safetensors")


def test_float32_bits_survive_the_file(tmp_path):
    latents = torch.tensor([1e-45, -0.0, 3.4e38, 1 / 3]).view(1, 1, 1, 2, 2).repeat(2, 1, 1, 1, 1)
    loaded = saved(Trajectory(latents, torch.tensor([1.0, 0.0])), tmp_path / "t.safetensors")
    assert torch.equal(loaded.latents.view(torch.int32), latents.view(torch.int32))
