import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import network

BATCH = 2


@pytest.fixture(scope="module")
def model():
    return tiny.transformer(seed=5, layers=4)


@pytest.fixture(scope="module")
def inputs():
    generator = torch.Generator().manual_seed(0)
    return {
        "latents_in": torch.randn(BATCH, 36, 5, 8, 8, generator=generator),
        "timestep": torch.tensor([937.5, 937.5]),
        "prompt_embeds": torch.randn(BATCH, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=generator),
    }


def stock(model, latents_in, timestep, prompt_embeds, image_embeds=None):
    return model(latents_in, timestep, prompt_embeds, image_embeds, return_dict=False)[0]


def ours(model, inputs, **options):
    stream = network.walk(model, network.embed(model, **inputs), **options)
    return network.head(model, stream)


def test_the_walk_is_the_model(model, inputs):
    assert torch.equal(ours(model, inputs), stock(model, **inputs))


def test_per_token_timesteps(model, inputs):
    per_token = {**inputs, "timestep": torch.linspace(0, 999, BATCH * 80).view(BATCH, 80)}
    assert torch.equal(ours(model, per_token), stock(model, **per_token))
    assert not torch.equal(ours(model, per_token), ours(model, inputs))


def test_image_embeds(inputs):
    model = tiny.transformer(seed=6, image_dim=20, added_kv_proj_dim=24)
    # 512 text tokens: the stock attention tells image tokens by what is over 512.
    text = torch.nn.functional.pad(inputs["prompt_embeds"], (0, 0, 0, 512 - tiny.TEXT_TOKENS))
    given = {**inputs, "prompt_embeds": text, "image_embeds": torch.randn(BATCH, 7, 20)}
    assert torch.equal(ours(model, given), stock(model, **given))


def test_image_embeds_that_are_missing_or_too_many(model, inputs):
    of_image, image_embeds = tiny.transformer(seed=6, image_dim=20, added_kv_proj_dim=24), torch.randn(BATCH, 7, 20)
    with pytest.raises(InputError, match="the model needs image_embeds; encode the case again"):
        network.embed(of_image, **inputs)
    with pytest.raises(InputError, match="the model does not take image_embeds"):
        network.embed(model, **inputs, image_embeds=image_embeds)
    with pytest.raises(InputError, match="takes 512 text tokens, not 24; set max_sequence_length to 512"):
        network.embed(of_image, **inputs, image_embeds=image_embeds)


def test_bfloat16_weights_with_float32_parts(inputs):
    model = tiny.transformer(seed=5).bfloat16()
    model.condition_embedder.time_embedder.float()  # as from_pretrained keeps it
    model.scale_shift_table.data = model.scale_shift_table.data.float()
    given = {name: value if name == "timestep" else value.bfloat16() for name, value in inputs.items()}
    assert torch.equal(ours(model, given), stock(model, **given))


def test_grid_is_the_token_grid(model, inputs):
    stream = network.embed(model, **inputs)
    assert stream.grid == (5, 4, 4) and stream.hidden_states.shape == (BATCH, 80, 24)


@pytest.mark.parametrize("layer", range(5))
def test_the_walk_resumes_from_every_layer(model, inputs, layer):
    halfway = network.walk(model, network.embed(model, **inputs), stop=layer)
    resumed = network.head(model, network.walk(model, halfway, start=layer))
    assert torch.equal(resumed, stock(model, **inputs))


def test_a_tap_sees_what_a_hook_sees_and_changes_nothing(model, inputs):
    hooked, tapped = {}, {}
    handles = [
        block.register_forward_hook(lambda _m, _i, output, layer=layer: hooked.__setitem__(layer, output.clone()))
        for layer, block in enumerate(model.blocks)
    ]
    expected = stock(model, **inputs)
    for handle in handles:
        handle.remove()
    velocity = ours(model, inputs, tap=lambda layer, h: tapped.__setitem__(layer, h.clone()))
    assert torch.equal(velocity, expected)
    assert list(tapped) == list(hooked) == [0, 1, 2, 3]
    assert all(torch.equal(tapped[layer], hooked[layer]) for layer in hooked)


def test_an_edit_replaces_what_goes_on(model, inputs):
    stream = network.embed(model, **inputs)
    seen = []
    edited = network.walk(
        model,
        stream,
        edit=lambda layer, h: h.roll(1, dims=0) if layer == 1 else h,
        tap=lambda layer, h: seen.append(h),
    )
    halfway = network.walk(model, stream, stop=2).hidden_states.roll(1, dims=0)
    by_hand = model.blocks[3](
        model.blocks[2](halfway, stream.encoder_hidden_states, stream.timestep_proj, stream.rotary_emb),
        stream.encoder_hidden_states,
        stream.timestep_proj,
        stream.rotary_emb,
    )
    assert torch.equal(seen[1], halfway)  # the tap reads after the edit
    assert torch.equal(edited.hidden_states, by_hand)


def test_forwards_are_samples_times_blocks_over_layers(model, inputs):
    counter = network.Forwards()
    stream = network.embed(model, **inputs)
    halfway = network.walk(model, stream, stop=1, counter=counter)
    assert counter.total == BATCH / 4
    network.walk(model, halfway, start=1, counter=counter)
    network.walk(model, stream, counter=counter)
    assert counter.total == 2 * BATCH
    thirds = network.Forwards()
    for _ in range(3000):
        thirds.add(1, 1, 3)
    assert thirds.total == 1000  # no drift


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (-1, 2), (3, 2), (5, None)])
def test_layers_out_of_range(model, inputs, start, stop):
    stream = network.embed(model, **inputs)
    with pytest.raises(InputError, match="out of range: the model has 4 layers, 0 to 3"):
        network.walk(model, stream, start=start, stop=stop)


@pytest.fixture(scope="module")
def compiler():
    """Skips where torch.compile cannot work at all, such as without a C++ compiler or without Python's headers."""
    try:
        torch.compile(lambda x: x * 2 + 1, fullgraph=True)(torch.ones(3))
    except Exception as error:  # of many kinds, from the compiler's own to the backend's
        pytest.skip(f"torch.compile does not work on this machine: {str(error).strip().splitlines()[0]}")
    finally:
        torch._dynamo.reset()


@pytest.mark.usefixtures("compiler")
def test_compiled_blocks_stay_one_graph(inputs):
    """Regional compile under recompile_limit=1: a second graph would raise, with fullgraph=True."""
    torch._dynamo.reset()
    model = tiny.transformer(seed=5, layers=4)
    with torch._dynamo.config.patch(recompile_limit=1), torch.no_grad():
        torch._dynamo.utils.counters.clear()
        model.compile_repeated_blocks(fullgraph=True)
        expected = stock(model, **inputs)
        seen = []
        assert torch.equal(ours(model, inputs, tap=lambda layer, h: seen.append(layer)), expected)
        assert torch.equal(ours(model, inputs, edit=lambda layer, h: h), expected)
        for layer in range(1, 4):
            halfway = network.walk(model, network.embed(model, **inputs), stop=layer)
            assert torch.equal(network.head(model, network.walk(model, halfway, layer)), expected)
        later = {**inputs, "timestep": inputs["timestep"] / 2}
        assert torch.equal(ours(model, later), stock(model, **later))
        assert seen == [0, 1, 2, 3]
        assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    torch._dynamo.reset()
