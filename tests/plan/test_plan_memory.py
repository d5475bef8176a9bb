"""Memory is reckoned near what the real networks hold on the meta device, and never much below it."""

from pathlib import Path

import peak
import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

from chainofsteps.bench import scoring
from chainofsteps.bench.puzzles import canvas
from chainofsteps.config.read import load_config
from chainofsteps.model.network import embed
from chainofsteps.model.sizes import EMBEDDED_FRAMES, EMBEDDED_SIDE
from chainofsteps.plan.cases import Cases
from chainofsteps.plan.jobs import Job
from chainofsteps.plan.memory import decode, forward, memory_of
from chainofsteps.plan.model import model_of
from chainofsteps.plan.rules import counts
from chainofsteps.probes.count import DECODED_AT_ONCE, UnknownError, VideoSize
from chainofsteps.probes.ensemble.count import most_streams
from chainofsteps.probes.ensemble.merge import Walk
from chainofsteps.probes.ensemble.spec import distinct, expand

ROOT = Path(__file__).parents[2]
LARGE = VideoSize(81, 480, 832)


def configured(name):
    return load_config(ROOT / "config.yaml", model=name)


def sizes(name):
    return model_of(configured(name), name, ROOT)


def memory(name="embedded", rule="trajectory", config=None, root=ROOT):
    """Memory of a job on the first shard; None for a rule that weighs nothing."""
    config = configured(name) if config is None else config
    task = {"task": config["cases"]["tasks"][0], "shard": "00"}
    shard = Cases(config, root).shard(Job(rule, {"model": name, **task}), model_of(config, name, root))
    return memory_of(counts()[rule], shard)


def on_meta(model):
    """A transformer of the model's sizes and two layers, and the parts that stay float32 in that."""
    with torch.device("meta"):
        network = WanTransformer3DModel(
            num_attention_heads=max(1, model.width // 128),
            attention_head_dim=model.width // max(1, model.width // 128),
            in_channels=48 if model.per_token else 36,
            out_channels=model.latent_channels,
            text_dim=model.text_width,
            ffn_dim=model.ffn_width,
            num_layers=2,
        )
    dtype = torch.float32 if model.item == 4 else torch.bfloat16
    network = network.to(dtype).eval()
    for name, module in network.named_modules():
        if {*name.split(".")} & {*network._keep_in_fp32_modules}:
            module.float()
    return network, dtype


@pytest.mark.parametrize(
    ("name", "size", "batch"),
    [
        ("vbvr-wan2.2", LARGE, 1),
        ("vbvr-wan2.2", LARGE, 2),
        ("wan2.2-ti2v-5b", VideoSize(81, 704, 1280), 1),
        ("embedded", VideoSize(17, 64, 64), 12),
    ],
)
def test_a_forward_holds_what_is_reckoned(name, size, batch):
    model = sizes(name)
    network, dtype = on_meta(model)
    tokens, channels = model.tokens_of(size), network.config.in_channels
    grid = (size.latent_frames, size.height // model.stride, size.width // model.stride)
    given = torch.empty(batch, channels, *grid, device="meta", dtype=dtype)
    timestep = torch.empty((batch, tokens) if model.per_token else batch, device="meta")
    text = torch.empty(batch, model.text_tokens, model.text_width, device="meta", dtype=dtype)
    held = peak.of_forward(network, given, timestep, text)
    assert held * 0.95 < forward(model, batch, size) < held * 1.3


@pytest.mark.parametrize("size", [LARGE, VideoSize(97, 1024, 1024)], ids=["480p", "1024"])
@pytest.mark.parametrize("windows", [["20-29"], ["0-9", "0-39", "20-29"]], ids=["one window", "three"])
def test_an_ensemble_holds_what_is_reckoned(size, windows):
    """All streams of three seeds between two layers, of which one is in the forward and none is kept embedded."""
    model = sizes("vbvr-wan2.2")
    network, dtype = on_meta(model)
    asked = {"windows": windows, "of_layers": 40, "modes": ["mean", "blend"], "weight": 0.5, "carry": "first"}
    runs = distinct(expand({**asked, "steps": [0]}, 2))
    grid = (size.latent_frames, size.height // model.stride, size.width // model.stride)
    given = torch.empty(3, network.config.in_channels, *grid, device="meta", dtype=dtype)
    text = torch.empty(3, model.text_tokens, model.text_width, device="meta", dtype=dtype)
    with torch.no_grad(), peak.fused_attention(), peak.Peak() as held:
        stream = embed(network, given, torch.empty(3, device="meta"), text)
        walk = Walk(runs, stream, 1)
        del stream
        walk.to_the_end(network, 1)
    kept = most_streams(runs, 3, 2)
    assert held.peak < forward(model, 1, size, kept - 2) < held.peak * 1.1


@pytest.mark.parametrize(("name", "frames", "batch"), [("embedded", 17, 12), ("vbvr-wan2.2", 17, 1)])
def test_a_decode_holds_what_is_reckoned(name, frames, batch):
    model, size = sizes(name), VideoSize(frames, *((64, 64) if name == "embedded" else (480, 832)))
    config = AutoencoderKLWan.load_config(ROOT / "models" / "embedded" / "vae") if name == "embedded" else {}
    with torch.device("meta"):
        vae = AutoencoderKLWan.from_config(config).eval() if config else AutoencoderKLWan().eval()
    grid = (size.latent_frames, size.height // 8, size.width // 8)
    latents = torch.empty(batch, model.latent_channels, *grid, device="meta")
    with torch.no_grad(), peak.fused_attention(), peak.Peak() as held:
        vae.decode(latents, return_dict=False)
    assert held.peak * 0.95 < decode(model, batch, size) < held.peak * 1.3


def test_a_14b_model_is_one_expert_and_its_activations():
    of_expert = memory("vbvr-wan2.2")
    assert of_expert.weights == pytest.approx(28.6e9) and of_expert.what == "one expert and its forward"
    assert 0 < of_expert.held < 1e9  # of a puzzle of 64 x 64 pixels
    assert memory("vbvr-wan2.2", "skill").weights > 2 * of_expert.weights  # the stock pipeline holds both
    assert memory("vbvr-wan2.2", "conditioning").total == pytest.approx(11.4e9, rel=0.01)
    assert memory("vbvr-wan2.2", "cases") is None and "fig3" not in counts()


def test_an_offloaded_expert_is_its_largest_layer():
    config = configured("vbvr-wan2.2")
    entry = config["models"]["vbvr-wan2.2"] | {"group_offload": True}
    config = {**config, "models": {**config["models"], "vbvr-wan2.2": entry}}
    whole, offloaded = memory("vbvr-wan2.2"), memory("vbvr-wan2.2", config=config)
    network, _ = on_meta(sizes("vbvr-wan2.2"))
    layers = [module for module in network.modules() if not list(module.children())]
    largest = max(sum(weight.nbytes for weight in layer.parameters()) for layer in layers)
    assert offloaded.weights == pytest.approx(largest, rel=0.001)
    assert offloaded.held == whole.held
    assert offloaded.what == "one layer of an expert and its forward"


def test_batches_take_more_and_cases_that_are_not_here_leave_the_weights():
    assert memory("embedded", "noise").held > 2 * memory("embedded", "trajectory").held
    config = load_config(ROOT / "config.yaml", ROOT / "configs" / "vbvr-bench.yaml", model="vbvr-wan2.2")
    away = memory("vbvr-wan2.2", config=config, root=ROOT / "nowhere")
    assert away.held is None and away.total == away.weights > 28e9


def test_a_model_without_published_sizes_is_not_known():
    config = configured("vbvr-wan2.2")
    entry = {key: value for key, value in config["models"]["vbvr-wan2.2"].items() if key != "published"}
    with pytest.raises(UnknownError, match="the size of its expert is not known before model mine is here"):
        memory("mine", config={**config, "models": {"mine": entry}})


def test_numbers_that_stand_elsewhere_too():
    assert DECODED_AT_ONCE == scoring.BATCH_ELEMENTS
    assert (EMBEDDED_FRAMES, EMBEDDED_SIDE) == (canvas.FRAMES, canvas.SIZE)
