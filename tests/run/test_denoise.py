import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import network, schedule
from chainofsteps.model.checkpoint import experts_of, keeps_first_frame, takes_image_embeds
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import load_transformer, load_vae
from chainofsteps.model.lora import Adapter
from chainofsteps.model.vae import decode
from chainofsteps.run.denoise import GuidedVelocity, denoise, generator, initial_latents
from chainofsteps.run.trajectory import record

NEGATIVE = "blue goal ."


@pytest.fixture(params=["one expert", "two experts"])
def folder(request, checkpoint, checkpoint_two):
    return checkpoint if request.param == "one expert" else checkpoint_two


def settings_for(folder, **settings):
    boundary = tiny.BOUNDARY if (folder / "transformer_2").exists() else None
    of_image = {"max_sequence_length": 512} if takes_image_embeds(folder) else {}
    return tiny.sampling(boundary=boundary, negative_prompt=NEGATIVE, **of_image, **settings)


@pytest.fixture(scope="session")
def saved_in_bfloat16(tmp_path_factory):
    return tiny.build(tmp_path_factory.mktemp("tiny") / "bfloat16", experts=1, dtype=torch.bfloat16)


@pytest.mark.parametrize("guidance_scale", [1.0, 5.0])
def test_the_baseline_is_the_stock_pipeline(folder, guidance_scale):
    is_the_stock_pipeline(folder, guidance_scale)


@pytest.mark.parametrize("guidance_scale", [1.0, 5.0])
@pytest.mark.parametrize("kind", ["wan2.1-i2v", "wan2.2-ti2v"])
def test_so_it_is_with_every_kind_of_model(kind, guidance_scale, checkpoint_of):
    is_the_stock_pipeline(checkpoint_of(kind), guidance_scale)


def test_so_it_is_with_a_checkpoint_of_bfloat16_files(saved_in_bfloat16):
    is_the_stock_pipeline(saved_in_bfloat16, 5.0)


@pytest.mark.parametrize(("kind", "style"), [("two experts", "diffsynth"), ("wan2.1-i2v", "wan")])
def test_so_it_is_with_adapters(kind, style, checkpoint_two, checkpoint_of, tmp_path):
    """What an adapter makes of the weights is tested beside its module; here, that each expert gets its own."""
    base = checkpoint_two if kind == "two experts" else checkpoint_of(kind)
    adapters = {
        name: Adapter(tiny.adapter(tmp_path / name, load_transformer(base, name), style, seed=len(name)), alpha=0.5)
        for name in experts_of(base)
    }
    is_the_stock_pipeline(base, 5.0, adapters)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    plain, changed = (tiny.guided_velocity(base, settings_for(base), of) for of in (None, adapters))
    assert all((plain(noise, step) - changed(noise, step)).abs().max() > 0.1 for step in (0, 4))


def is_the_stock_pipeline(folder, guidance_scale, adapters=None):
    settings = settings_for(folder, guidance_scale=guidance_scale)
    sigmas = schedule.sigmas(settings.steps, settings.shift)
    velocity = tiny.guided_velocity(folder, settings, adapters)
    shape = velocity.conditioning.latents_shape
    noise = velocity.conditioning.begin(initial_latents(shape, "00000", seed=1, shared=True))
    trajectory = record(velocity, noise, sigmas, "00000")

    def stock(output_type):
        seed = torch.Generator().manual_seed(1)
        return tiny.stock(folder, settings, tiny.TinyCase(), output_type, adapters, generator=seed)

    final, latents = stock("latent")
    first = int(keeps_first_frame(folder))  # between steps the stock pipeline has what was never meant to be seen there
    assert torch.equal(trajectory.latents[:, :, first:], torch.cat([noise, *latents])[:, :, first:])
    assert torch.equal(trajectory.at(settings.steps), final)
    assert latents[0].std() > 0.1 and not torch.equal(latents[-1], latents[-2])

    images, _ = stock("pil")
    video = decode(load_vae(folder), trajectory.at(settings.steps))
    assert (video[0] == images[0]).all() and video.shape == (1, 17, 64, 64, 3)


def test_a_first_frame_that_stays_is_in_every_estimate(checkpoint_of):
    """So that x0_pred decodes to the video that the model means, and noise there is no disturbance of the model."""
    folder = checkpoint_of("wan2.2-ti2v")
    settings = settings_for(folder)
    sigmas, velocity, states = (
        schedule.sigmas(settings.steps, settings.shift),
        tiny.guided_velocity(folder, settings),
        [],
    )
    given = velocity.conditioning
    noise = initial_latents(given.latents_shape, "00000", seed=1)
    final = denoise(velocity, given.begin(noise), sigmas, on_step=states.append)
    for state in states:
        assert torch.equal(state.latents[:, :, :1], given.condition)
        assert torch.equal(state.x0_pred[:, :, :1], given.condition)
    disturbed = denoise(velocity, noise, sigmas)  # its latent frame 0 is noise
    assert torch.equal(disturbed[:, :, 1:], final[:, :, 1:])
    assert torch.allclose(disturbed[:, :, :1], given.condition, atol=1e-5)


@pytest.mark.parametrize("kind", ["wan2.1-i2v", "wan2.2-ti2v"])
def test_a_batch_of_every_kind_is_its_items(kind, checkpoint_of):
    folder = checkpoint_of(kind)
    velocity = tiny.guided_velocity(folder, settings_for(folder, guidance_scale=5.0, batch_size=2))
    shape = velocity.conditioning.latents_shape
    latents = torch.cat([initial_latents(shape, "00000", seed) for seed in range(3)])
    one_by_one = torch.cat([velocity(part, 1) for part in latents.split(1)])
    assert torch.allclose(velocity(latents, 1), one_by_one, atol=1e-5)


def test_each_expert_works_on_its_side_of_the_boundary(checkpoint_two):
    settings = tiny.sampling(boundary=tiny.BOUNDARY)
    timesteps = schedule.timesteps(schedule.sigmas(settings.steps, settings.shift))
    names = [schedule.expert(timestep, settings.boundary) for timestep in timesteps]
    assert set(names) == {"high", "low"}  # so that the comparison with the stock pipeline means something
    velocity = tiny.guided_velocity(checkpoint_two, settings)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    moved = tiny.sampling(boundary=0.01)
    all_high = tiny.guided_velocity(checkpoint_two, moved)
    for step, name in enumerate(names):
        assert torch.equal(velocity(noise, step), all_high(noise, step)) == (name == "high")


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_constant_velocity_is_integrated_exactly(steps):
    """dx/dsigma = v is a straight line: x(0) = x(1) - v, whatever the number of steps and the schedule."""
    noise, v = torch.randn(2, 1, 16, 5, 8, 8, dtype=torch.float64)
    sigmas = schedule.sigmas(steps, 5.0).double()
    states = []
    final = denoise(lambda latents, step: v, noise, sigmas, on_step=states.append)
    # euler_step works in float32, as the scheduler does
    assert torch.allclose(final, noise - v, atol=1e-5)
    assert [state.step for state in states] == list(range(steps))
    for state in states:
        assert torch.allclose(state.latents, noise - (1 - state.sigma) * v, atol=1e-5)
        assert torch.allclose(state.x0_pred, noise - v, atol=1e-5)
        assert torch.equal(state.velocity, v)


def test_the_step_is_euler_in_sigma():
    """dx/dsigma = x: every Euler step multiplies by 1 + (sigma_next - sigma)."""
    sigmas = schedule.sigmas(10, 3.0)
    noise = torch.randn(1, 4, 2, 2, 2)
    factor = torch.prod(1 + sigmas.diff())
    assert torch.allclose(denoise(lambda latents, step: latents, noise, sigmas), factor * noise, atol=1e-6)


def test_resume_at_every_step(folder):
    settings = settings_for(folder, guidance_scale=5.0)
    sigmas = schedule.sigmas(settings.steps, settings.shift)
    velocity = tiny.guided_velocity(folder, settings)
    states = []
    final = denoise(velocity, initial_latents(tiny.LATENTS_SHAPE, "a", 1), sigmas, on_step=states.append)
    for state in states:
        assert torch.equal(denoise(velocity, state.latents, sigmas, start=state.step), final)
        head = denoise(velocity, states[0].latents, sigmas, stop=state.step)
        assert torch.equal(head, state.latents)


def test_guidance_mixes_the_branches(checkpoint):
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    cond = tiny.guided_velocity(checkpoint, tiny.sampling())(noise, 2)
    swapped = tiny.sampling(negative_prompt=tiny.TinyCase().prompt, guidance_scale=3.0)
    assert torch.equal(tiny.guided_velocity(checkpoint, swapped)(noise, 2), cond)  # cond = uncond
    settings = tiny.sampling(negative_prompt=NEGATIVE, guidance_scale=3.0)
    given = tiny.conditioning(checkpoint, settings)
    only_uncond = Conditioning(given.negative_prompt_embeds, given.condition)
    velocity = tiny.guided_velocity(checkpoint, tiny.sampling())
    velocity.conditioning = only_uncond
    uncond = velocity(noise, 2)
    guided = tiny.guided_velocity(checkpoint, settings)(noise, 2)
    assert torch.equal(guided, uncond + 3.0 * (cond - uncond)) and not torch.equal(guided, cond)


def test_guidance_without_negative_embeddings_is_bad_input(checkpoint):
    unguided = tiny.conditioning(checkpoint, tiny.sampling())
    settings = tiny.sampling(guidance_scale=5.0)
    with pytest.raises(InputError, match=r"guidance \(5.0\) needs negative_prompt_embeds"):
        GuidedVelocity(None, unguided, schedule.sigmas(5, 3.0), settings)


@pytest.mark.parametrize("guidance_scale", [1.0, 5.0])
def test_a_batch_runs_in_chunks_and_is_counted(checkpoint, guidance_scale):
    counter = network.Forwards()
    settings = tiny.sampling(batch_size=2, guidance_scale=guidance_scale)
    velocity = tiny.guided_velocity(checkpoint, settings, counter=counter)
    latents = torch.cat([initial_latents(tiny.LATENTS_SHAPE, "00000", seed) for seed in range(5)])
    out = velocity(latents, 1)
    branches = 2 if guidance_scale > 1 else 1
    assert counter.total == 5 * branches
    expected = torch.cat([velocity(part, 1) for part in latents.split(2)])
    assert torch.equal(out, expected)
    one_by_one = torch.cat([velocity(part, 1) for part in latents.split(1)])
    assert torch.allclose(out, one_by_one, atol=1e-5)


def test_bfloat16_weights_leave_latents_in_float32(checkpoint):
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    sigmas = schedule.sigmas(5, 3.0)
    exact, rounded = (
        denoise(tiny.guided_velocity(checkpoint, tiny.sampling(dtype=dtype, guidance_scale=2.0)), noise, sigmas)
        for dtype in ("float32", "bfloat16")
    )
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, rounded.bfloat16().float())
    assert 0 < (rounded - exact).abs().mean() < 0.02 * exact.std()


def test_timestep_dtype_rounds_what_the_network_is_told_and_nothing_else(checkpoint, monkeypatch):
    told = []
    embed = network.embed
    monkeypatch.setattr(network, "embed", lambda model, x, t, **rest: told.append(t) or embed(model, x, t, **rest))
    sigmas = schedule.sigmas(50, 5.0)
    exact = schedule.timesteps(sigmas)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    for timestep_dtype in ("float32", "bfloat16"):
        velocity = tiny.guided_velocity(checkpoint, tiny.sampling(steps=50, shift=5.0, timestep_dtype=timestep_dtype))
        assert torch.equal(velocity.timesteps, exact)
        velocity(noise, 7)
    assert told[0].dtype == told[1].dtype == torch.float32 and told[0].shape == (1,)
    assert torch.equal(told[0], exact[7:8])
    assert told[1].item() == 968 == round(exact[7].item() / 4) * 4  # bf16: multiples of 4 above 512
    assert exact[7].item() != 968


def test_compiled_blocks_are_what_runs_and_say_the_same(folder):
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    plain, traced = (tiny.guided_velocity(folder, settings_for(folder, compile=name)) for name in (None, "eager"))
    torch._dynamo.reset()
    before = sum(torch._dynamo.utils.counters["stats"].values())
    for step in (0, 4):  # of either expert
        assert torch.equal(plain(noise, step), traced(noise, step))
    assert sum(torch._dynamo.utils.counters["stats"].values()) > before


def test_noise_depends_on_case_and_seed_alone():
    shape = tiny.LATENTS_SHAPE
    noise = initial_latents(shape, "loop_maze/00000", 1)
    assert noise.shape == shape and noise.dtype == torch.float32 and noise.device.type == "cpu"
    torch.manual_seed(5)  # the global generator plays no part
    assert torch.equal(noise, initial_latents(shape, "loop_maze/00000", 1))
    others = [initial_latents(shape, "loop_maze/00001", 1), initial_latents(shape, "loop_maze/00000", 2)]
    assert all((noise - other).abs().mean() > 1 for other in others)
    shared = initial_latents(shape, "loop_maze/00000", 1, shared=True)
    assert torch.equal(shared, torch.randn(shape, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(shared, initial_latents(shape, "any other", 1, shared=True))


def test_generators_of_other_parts_differ():
    draws = [torch.randn(4, generator=generator(*parts)) for parts in (("a", 1), ("a", 2), ("a", "1", 2))]
    assert not torch.equal(draws[0], draws[1]) and not torch.equal(draws[1], draws[2])


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (0, 6), (3, 2), (6, None)])
def test_steps_out_of_range(start, stop):
    with pytest.raises(InputError, match="out of range: the schedule has 5 steps, 0 to 4"):
        denoise(lambda x, step: x, torch.zeros(1, 1, 1, 1, 1), schedule.sigmas(5, 3.0), start, stop)
