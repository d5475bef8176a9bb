"""Memory is reckoned near what the real networks hold on the meta device, and never much below it."""

from dataclasses import replace
from pathlib import Path

import peak
import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

from chainofsteps.bench import scoring
from chainofsteps.bench.puzzles import canvas
from chainofsteps.config.read import load_config
from chainofsteps.plan import cases as plan_cases
from chainofsteps.plan.cases import Cases
from chainofsteps.plan.forwards import UnknownError, Work
from chainofsteps.plan.jobs import Job
from chainofsteps.plan.memory import DECODED_AT_ONCE, decode, forward, memory_of
from chainofsteps.plan.model import model_of

ROOT = Path(__file__).parents[2]
LARGE = (81, 480, 832)
SHARD = {"task": "loop_maze", "shard": "00"}


def work(name="embedded", rule="trajectory", **change):
    config = load_config(ROOT / "config.yaml", model=name) | change
    job = Job(rule, {"model": name, **SHARD})
    return Work(job, config, model_of(config, name, ROOT), Cases(config, ROOT))


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
        ("wan2.2-ti2v-5b", (81, 704, 1280), 1),
        ("embedded", (17, 64, 64), 12),
    ],
)
def test_a_forward_holds_what_is_reckoned(name, size, batch):
    of = work(name)
    model, (network, dtype) = of.model, on_meta(of.model)
    tokens, channels = plan_cases.tokens_of(size, model), network.config.in_channels
    grid = (plan_cases.latent_frames_of(size[0]), size[1] // model.stride, size[2] // model.stride)
    given = torch.empty(batch, channels, *grid, device="meta", dtype=dtype)
    timestep = torch.empty((batch, tokens) if model.per_token else batch, device="meta")
    text = torch.empty(batch, model.text_tokens, model.text_width, device="meta", dtype=dtype)
    held = peak.of_forward(network, given, timestep, text)
    assert held * 0.95 < forward(of, batch, size) < held * 1.3


@pytest.mark.parametrize(("name", "frames", "batch"), [("embedded", 17, 12), ("vbvr-wan2.2", 17, 1)])
def test_a_decode_holds_what_is_reckoned(name, frames, batch):
    of, size = work(name), (frames, 64, 64) if name == "embedded" else (frames, 480, 832)
    config = AutoencoderKLWan.load_config(ROOT / "models" / "embedded" / "vae") if name == "embedded" else {}
    with torch.device("meta"):
        vae = AutoencoderKLWan.from_config(config).eval() if config else AutoencoderKLWan().eval()
    latents = torch.empty(
        batch, of.model.latent_channels, plan_cases.latent_frames_of(frames), size[1] // 8, size[2] // 8, device="meta"
    )
    with torch.no_grad(), peak.fused_attention(), peak.Peak() as held:
        vae.decode(latents, return_dict=False)
    assert held.peak * 0.95 < decode(of, batch, size) < held.peak * 1.3


def test_a_14b_model_is_one_expert_and_its_activations():
    memory = memory_of(work("vbvr-wan2.2"))
    assert memory.weights == pytest.approx(28.6e9) and memory.what == "one expert and its forward"
    assert 0 < memory.held < 1e9  # of a puzzle of 64 x 64 pixels
    assert memory_of(work("vbvr-wan2.2", "skill")).weights > 2 * memory.weights  # the stock pipeline holds both
    assert memory_of(work("vbvr-wan2.2", "conditioning")).total == pytest.approx(11.4e9, rel=0.01)
    assert memory_of(work("vbvr-wan2.2", "fig3")) is None


def test_an_offloaded_expert_is_its_largest_layer():
    config = load_config(ROOT / "config.yaml", model="vbvr-wan2.2")
    entry = config["models"]["vbvr-wan2.2"] | {"group_offload": True}
    config = {**config, "models": {**config["models"], "vbvr-wan2.2": entry}}
    whole = work("vbvr-wan2.2")
    offloaded = replace(whole, config=config, model=model_of(config, "vbvr-wan2.2", ROOT))
    network, _ = on_meta(whole.model)
    layers = [module for module in network.modules() if not list(module.children())]
    largest = max(sum(weight.nbytes for weight in layer.parameters()) for layer in layers)
    assert memory_of(offloaded).weights == pytest.approx(largest, rel=0.001)
    assert memory_of(offloaded).held == memory_of(whole).held
    assert memory_of(offloaded).what == "one layer of an expert and its forward"


def test_batches_take_more_and_cases_that_are_not_here_leave_the_weights():
    assert memory_of(work("embedded", "noise")).held > 2 * memory_of(work("embedded", "trajectory")).held
    config = load_config(ROOT / "config.yaml", ROOT / "configs" / "vbvr-bench.yaml", model="vbvr-wan2.2")
    shard = {"task": config["cases"]["tasks"][0], "shard": "00"}
    model, cases = model_of(config, "vbvr-wan2.2", ROOT / "nowhere"), Cases(config, ROOT / "nowhere")
    memory = memory_of(Work(Job("trajectory", shard), config, model, cases))
    assert memory.held is None and memory.total == memory.weights > 28e9


def test_a_model_without_published_sizes_is_not_known():
    of = work("vbvr-wan2.2")
    entry = {key: value for key, value in of.config["models"]["vbvr-wan2.2"].items() if key != "published"}
    config = {**of.config, "models": {"mine": entry}}
    unknown = Work(of.job, config, model_of(config, "mine", "nowhere"), of.cases)
    with pytest.raises(UnknownError, match="the size of its expert is not known before model mine is here"):
        memory_of(unknown)


def test_numbers_that_stand_elsewhere_too():
    assert DECODED_AT_ONCE == scoring.BATCH_ELEMENTS
    assert plan_cases.EMBEDDED_SIDE == canvas.SIZE
