from dataclasses import replace

import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import network
from chainofsteps.probes.swap.layers import MODES, Swap, swap, token_mask

LAYERS = 4
GRID = (5, 4, 4)


@pytest.fixture(scope="module")
def model():
    return tiny.transformer(seed=5, layers=LAYERS)


def stream_of(model, seed, text_seed):
    generator = torch.Generator().manual_seed(seed)
    latents_in = torch.randn(1, 36, 5, 8, 8, generator=generator)
    text = torch.randn(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=torch.Generator().manual_seed(text_seed))
    return network.embed(model, latents_in, torch.tensor([900.0]), text)


def velocity(model, stream):
    return network.head(model, network.walk(model, stream))


def swapped(model, source, target, mode, mask=None, layers=range(LAYERS), counter=None, width=1):
    masks = {"part": token_mask(GRID) if mask is None else mask}
    part = "part" if mode == "tokens" else ""
    swaps = [Swap(layer, mode, width=width, part=part) for layer in layers if layer + width <= LAYERS]
    return {one.layer: v for one, v in swap(model, source, target, swaps, masks, counter)}


def test_full_is_degenerate_where_the_text_is_the_same(model):
    """Everything after the swap is the source's, bit for bit, at every layer: there is no curve to draw."""
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 7)
    expected = velocity(model, source)
    assert all(torch.equal(v, expected) for v in swapped(model, source, target, "full").values())


def test_full_is_not_degenerate_where_the_text_differs(model):
    source, target = stream_of(model, 0, 7), stream_of(model, 0, 8)
    found = swapped(model, source, target, "full")
    assert not torch.equal(found[0], velocity(model, source))  # the target's text still comes in after the swap
    assert torch.equal(found[LAYERS - 1], velocity(model, source))  # but not after the last layer
    assert len({v.sum().item() for v in found.values()}) == LAYERS


def test_swapping_a_run_with_itself_changes_nothing(model):
    one = stream_of(model, 0, 7)
    for mode in MODES:
        for v in swapped(model, one, one, mode).values():
            assert torch.allclose(v, velocity(model, one), atol=1e-5)


def states_of(model, **streams):
    """By name the hidden states of a stream before the first layer and after each."""
    states = {name: [stream.hidden_states] for name, stream in streams.items()}
    for name, stream in streams.items():
        network.walk(model, stream, tap=lambda _, hidden, kept=states[name]: kept.append(hidden.clone()))
    return states


def test_residual_is_the_blocks_own_update(model):
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    states = states_of(model, source=source, target=target)
    for layer, v in swapped(model, source, target, "residual").items():
        hidden = states["target"][layer] + states["source"][layer + 1] - states["source"][layer]
        rest = network.walk(model, replace(target, hidden_states=hidden), layer + 1)
        assert torch.allclose(v, network.head(model, rest), atol=1e-5)


def test_tokens_outside_the_part_keep_the_targets_states(model):
    """After the last layer nothing mixes tokens any more: the part shows the source, the rest the target."""
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    mask = token_mask(GRID, frames=[1, 2])
    v = swapped(model, source, target, "tokens", mask)[LAYERS - 1]
    assert torch.equal(v[:, :, 1:3], velocity(model, source)[:, :, 1:3])
    assert torch.equal(v[:, :, [0, 3, 4]], velocity(model, target)[:, :, [0, 3, 4]])


def test_a_planted_layer_is_found(model):
    """Source and target differ only in what layer 2 adds: the residual swap there gives the source's velocity."""
    planted, target = 2, stream_of(model, 1, 8)

    class Planted(torch.nn.Module):
        """A block that adds what the stream's text says: +1 where its mean is positive."""

        def forward(self, hidden, text, *_):
            return hidden + (text.mean() > 0).float() * torch.linspace(0, 1, hidden.shape[-1])

    class Still(torch.nn.Module):
        def forward(self, hidden, *_):
            return hidden

    toy = tiny.transformer(seed=5, layers=LAYERS)
    toy.blocks = torch.nn.ModuleList([Planted() if layer == planted else Still() for layer in range(LAYERS)])
    on = replace(target, encoder_hidden_states=torch.ones_like(target.encoder_hidden_states))
    off = replace(target, encoder_hidden_states=-torch.ones_like(target.encoder_hidden_states))
    source_velocity, target_velocity = velocity(toy, on), velocity(toy, off)
    assert not torch.equal(source_velocity, target_velocity)
    for layer, v in swapped(toy, on, off, "residual").items():
        assert torch.equal(v, source_velocity) == (layer == planted)
        assert torch.equal(v, target_velocity) == (layer != planted)


def test_neighbouring_layers_are_swapped_at_once(model):
    """The updates of all of them on the target's input of the first; of all layers, all of the source's updates."""
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    states = states_of(model, source=source, target=target)
    found = swapped(model, source, target, "residual", width=2)
    assert list(found) == [0, 1, 2]
    for layer, v in found.items():
        hidden = states["target"][layer] + states["source"][layer + 2] - states["source"][layer]
        rest = network.walk(model, replace(target, hidden_states=hidden), layer + 2)
        assert torch.allclose(v, network.head(model, rest), atol=1e-5)
    whole = swapped(model, source, target, "tokens", width=LAYERS)
    assert torch.equal(whole[0], velocity(model, source))  # every token after every layer: the source's run


def test_tokens_of_neighbouring_layers_are_put_back_after_each(model):
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    mask, kept = token_mask(GRID, rows=[1]), []
    network.walk(model, source, tap=lambda _, hidden: kept.append(hidden.clone()))
    edited = network.walk(
        model,
        target,
        edit=lambda layer, hidden: torch.where(mask[None, :, None], kept[layer], hidden) if layer < 3 else hidden,
    )
    found = swapped(model, source, target, "tokens", mask, layers=[0], width=3)
    assert torch.allclose(found[0], network.head(model, edited), atol=1e-5)


def test_forwards_of_neighbouring_layers_are_the_floor(model):
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    for mode, own in (("residual", 0), ("full", 0), ("tokens", 1)):
        counter = network.Forwards()
        swapped(model, source, target, mode, layers=[1], counter=counter, width=2)
        # the source to layer 2, the target to layer 1, then layer 3; mode tokens its own layer 2
        assert counter.total == pytest.approx((3 + 2 + 1 + own) / LAYERS), mode


def test_forwards_are_the_floor(model):
    source, target, counter = stream_of(model, 0, 7), stream_of(model, 1, 8), network.Forwards()
    swapped(model, source, target, "residual", counter=counter)
    assert counter.total == pytest.approx(2 + (LAYERS - 1) / 2)
    counter = network.Forwards()
    swapped(model, source, target, "residual", layers=[1], counter=counter)  # neither walks on after the last swap
    assert counter.total == pytest.approx((2 * 2 + 2) / LAYERS)


def test_the_part_is_of_the_grid():
    assert token_mask(GRID).all()
    assert token_mask(GRID, frames=[0]).sum() == 16
    assert torch.equal(token_mask(GRID, rows={"above": 0.25, "below": 0.75}), token_mask(GRID, rows=[1, 2]))
    assert torch.equal(token_mask(GRID, frames=["last"]), token_mask(GRID, frames=[4]))
    upper = token_mask(GRID, rows=[0, 1]).view(GRID)
    assert upper[:, :2].all() and not upper[:, 2:].any()
    for bad in ({"frames": [5]}, {"frames": []}, {"rows": [4]}):
        with pytest.raises(InputError, match="swap: "):
            token_mask(GRID, **bad)


def test_what_cannot_be_is_refused(model):
    one = stream_of(model, 0, 7)
    with pytest.raises(InputError, match="layer 4 is out of range.*0 to 3"):
        list(swap(model, one, one, [Swap(3, width=2)], {}))


def test_the_source_is_shown_layer_by_layer(model):
    source, target = stream_of(model, 0, 7), stream_of(model, 1, 8)
    seen = {}
    swaps = [Swap(layer) for layer in range(LAYERS)]
    list(swap(model, source, target, swaps, {}, on_walked=lambda layer, stream: seen.update({layer: stream})))
    assert list(seen) == list(range(LAYERS))
    assert torch.equal(network.head(model, seen[LAYERS - 1]), velocity(model, source))
