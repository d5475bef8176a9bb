import pytest
import tiny
import torch

from chainofsteps import schedule
from chainofsteps.denoise import denoise, initial_latents
from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.trajectory import Trajectory, check_finite, load_trajectory, record, save_trajectory

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


def test_it_resumes_from_disk_at_every_step(velocity, trajectory, tmp_path):
    path = tmp_path / "t.safetensors"
    save_trajectory(path, trajectory, settings_hash="abc", dtype="float32", case="00000", seed=1)
    loaded = load_trajectory(path)
    assert torch.equal(loaded.latents, trajectory.latents) and torch.equal(loaded.sigmas, trajectory.sigmas)
    for step in range(STEPS + 1):
        assert torch.equal(loaded.resume(velocity, step), trajectory.at(STEPS))


def test_metadata_says_how_it_was_made(trajectory, tmp_path):
    path = tmp_path / "t.safetensors"
    save_trajectory(path, trajectory, settings_hash="abc", dtype="float32", case="00000", seed=1)
    metadata = load_trajectory(path).metadata
    assert metadata["settings_hash"] == "abc" and metadata["seed"] == "1" and metadata["case"] == "00000"
    assert metadata["attention_backend"] == "native" and metadata["commit"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_stops_the_run_and_names_case_and_step(bad):
    def velocity(latents, step):
        return latents * (bad if step == 2 else 0.1)

    with pytest.raises(InputError, match="latents are not finite: case 00007, step 3, intervention baseline") as caught:
        record(velocity, torch.ones(tiny.LATENTS_SHAPE), schedule.sigmas(STEPS, 3.0), "00007")
    assert "\n" not in str(caught.value)

    def late(latents, step):
        return latents * (bad if step == STEPS - 1 else 0.1)

    with pytest.raises(InputError, match=f"step {STEPS}, "):
        record(late, torch.ones(tiny.LATENTS_SHAPE), schedule.sigmas(STEPS, 3.0), "00007")


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


def test_bad_files(trajectory, tmp_path):
    path = tmp_path / "t.safetensors"
    with pytest.raises(InputError, match="cannot read"):
        load_trajectory(path)
    save_trajectory(path, trajectory)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_trajectory(path)
    save_tensors(path, {"latents": trajectory.latents[1:], "sigmas": trajectory.sigmas}, {})
    with pytest.raises(InputError, match="is not a trajectory"):
        load_trajectory(path)


def test_output_folder_not_writable(trajectory, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write .*choose a writable folder"):
        save_trajectory(tmp_path / "file" / "t.safetensors", trajectory)


def test_float32_bits_survive_the_file(tmp_path):
    latents = torch.tensor([1e-45, -0.0, 3.4e38, 1 / 3]).view(1, 1, 1, 2, 2).repeat(2, 1, 1, 1, 1)
    save_trajectory(tmp_path / "t.safetensors", Trajectory(latents, torch.tensor([1.0, 0.0])))
    tensors, _ = load_tensors(tmp_path / "t.safetensors")
    assert torch.equal(tensors["latents"].view(torch.int32), latents.view(torch.int32))
