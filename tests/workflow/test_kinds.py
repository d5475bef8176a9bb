"""The DAG of Figure 3, up to its scores, for every kind of model: one puzzle, one case, two steps.

Each stage finds the weights of the parts that its rules are to use and no others, so that none loads what it does not
use. Where a kind is as others are (a VAE, a sweep) it does not run again, since every job imports for seconds.
"""

from contextlib import contextmanager

import pytest
import tiny
import torch
import yaml

from chainofsteps.bench.cases import read_cases
from chainofsteps.config.read import load_config
from chainofsteps.files import fingerprint, read_json
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.lora import adapters_in
from chainofsteps.model.sampling import Sampling
from chainofsteps.plan.target import plan_of
from chainofsteps.run.denoise import initial_latents
from chainofsteps.store.reader import read_shard
from tests.workflow.running import ROOT, snakemake

pytestmark = pytest.mark.xdist_group("kinds")
STEPS = 2
LORA = {"two": ("diffsynth", ["high", "low"]), "clip": ("wan", ["high"])}  # style of the keys, experts
LAST = {"two": "noise", "clip": "trajectory", "ti2v": "score"}
STAGES = [  # rules, the parts whose weights there are
    (["model"], ["transformer", "transformer_2", "vae", "text_encoder", "image_encoder"]),
    (["conditioning"], ["vae", "text_encoder", "image_encoder"]),
    (["trajectory", "noise"], ["transformer", "transformer_2"]),
    (["score"], ["vae"]),
]


@contextmanager
def weights_of(parts, folder):
    """Only the weights of these parts of all checkpoints below a folder are in their place."""
    hidden = [path for path in folder.glob("*/*/*.safetensors") if path.parent.name not in parts]
    for path in hidden:
        path.rename(path.with_suffix(".hidden"))
    yield hidden
    for path in hidden:
        path.with_suffix(".hidden").rename(path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A working folder in which the scores of a model of each kind were made, and its configuration."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "models").mkdir()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    entry = {**config["models"]["embedded"], "steps": STEPS, "guidance_scale": 2.0, "negative_prompt": "blue ring"}
    models = {
        "two": {"folder": tiny.build(folder / "models/two", experts=2), "boundary": tiny.BOUNDARY},
        "clip": {"folder": tiny.build(folder / "models/clip", kind="wan2.1-i2v"), "max_sequence_length": 512},
        "ti2v": {"folder": tiny.build(folder / "models/ti2v", kind="wan2.2-ti2v")},
    }
    made = {"two": [tiny.transformer(3), tiny.transformer(4)], "clip": [tiny.transformer(3, **tiny.OF_IMAGE)]}
    for name, (style, experts) in LORA.items():
        lora = {"folder": str(folder / "lora"), "alpha": 0.5}
        for expert, model in zip(experts, made[name], strict=True):
            lora[expert] = tiny.adapter(folder / "lora" / f"{name}-{expert}.safetensors", model, style).name
        models[name]["lora"] = lora
    config["models"] = {name: {**entry, **model, "folder": str(model["folder"])} for name, model in models.items()}
    config["model"] = "two"
    config["cases"] |= {"tasks": ["loop_maze"], "number": 1, "shard_size": 1}
    config["x0_pred"]["tasks"] = ["loop_maze"]
    config["ensemble"] |= {"tasks": ["loop_maze"], "seeds": [1, 2]}
    config["noise"] |= {"operators": ["replace"], "frames": [0, 2]}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    for rules, parts in STAGES:
        with weights_of(parts, folder / "models") as hidden:
            assert bool(hidden) == (rules != ["model"])
            # what is hidden was an input of the rule `model`, but is no reason to run it again
            run = snakemake(folder, "--rerun-triggers", "mtime", "--", *targets(rules))
        assert run.returncode == 0, run.stdout
    return folder, config


def targets(rules):
    """What each kind makes last of some rules."""
    if rules == ["model"]:
        return [f"results/model/{kind}.json" for kind in LAST]
    order = ["conditioning", "trajectory", "noise", "score"]
    upto = {kind: [rule for rule in rules if order.index(rule) <= order.index(last)] for kind, last in LAST.items()}
    return [f"results/{kind}/{made[-1]}/loop_maze/00.json" for kind, made in upto.items() if made]


def test_every_kind_runs_what_the_plan_says(finished, tmp_path):
    folder, _ = finished
    for kind, rules in (("two", ["trajectory", "noise"]), ("clip", ["trajectory"]), ("ti2v", ["trajectory", "noise"])):
        made = [f"results/{kind}/{rule}/loop_maze/00.json" for rule in rules]
        costs = plan_of(load_config(folder / "run.yaml", model=kind), made, tmp_path).counted
        counted = {cost.job.rule: cost.forwards.planned for cost in costs}
        ran = {rule: read_shard(folder / path).manifest["forwards"] for rule, path in zip(rules, made, strict=True)}
        assert ran == pytest.approx(counted, abs=1e-9)
    assert (folder / "results/ti2v/score/loop_maze/00.csv").read_text().count("\n") == 1 + 2 + STEPS + 2 + 3


def test_noise_in_a_first_frame_that_stays_disturbs_nothing(finished):
    """The model never sees it: what differs is that frame alone, and it is led back."""
    folder, _ = finished
    given = read_shard(folder / "results/ti2v/conditioning/loop_maze/00.json").load("00000")[0]["condition"][0]
    clean = read_shard(folder / "results/ti2v/trajectory/loop_maze/00.json").load("00000-seed1")[0]["latents"][-1]
    noised = read_shard(folder / "results/ti2v/noise/loop_maze/00.json").load("00000-seed1")[0]
    (in_first,) = (latents for name, latents in noised.items() if name.startswith("noise_at_frame_f0_"))
    (in_third,) = (latents for name, latents in noised.items() if name.startswith("noise_at_frame_f2_"))
    assert torch.equal(clean[:, :1], given) and torch.allclose(in_first[:, :1], given, atol=1e-5)
    assert torch.allclose(in_first[:, 1:], clean[:, 1:], atol=1e-5)  # in a batch sums may come in another order
    assert (in_third[:, 1] - clean[:, 1]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["two", "clip", "ti2v"])
def test_its_untouched_run_is_the_stock_pipelines(kind, finished):
    folder, config = finished
    model = read_json(folder / f"results/model/{kind}.json")
    (case,) = read_cases(folder / "results/cases/embedded", "loop_maze", ["00000"])
    given = read_shard(folder / f"results/{kind}/conditioning/loop_maze/00.json").load("00000")[0]
    shape = Conditioning.from_tensors(given).latents_shape
    ours = read_shard(folder / f"results/{kind}/trajectory/loop_maze/00.json").load("00000-seed1")[0]["latents"]
    settings = {key: value for key, value in config["models"][kind].items() if key != "lora"}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the job has them: more sum in another order
    final, _ = tiny.stock(
        model["folder"],
        Sampling.from_config({**settings, "device": "cpu"}),
        case,
        "latent",
        adapters_in(model),
        latents=initial_latents(shape, "loop_maze/00000", 1),
    )
    torch.set_num_threads(threads)
    assert torch.equal(ours[-1:], final)


def test_text_tokens_beside_those_of_an_image_are_said_at_once(finished):
    change = {"model": "clip", "models": {"clip": {"max_sequence_length": 24}}}
    run = snakemake(finished[0], "-n", "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert "other number: set max_sequence_length to 512" in run.stdout


def test_another_adapter_is_another_model(finished):
    folder, _ = finished
    of = {kind: read_json(folder / f"results/model/{kind}.json") for kind in ("two", "clip", "ti2v")}
    assert list(adapters_in(of["two"])) == ["high", "low"] and list(adapters_in(of["clip"])) == ["high"]
    without = {
        kind: fingerprint({path: entry["sha256"] for path, entry in model["files"].items()})
        for kind, model in of.items()
    }
    assert [without[kind] == of[kind]["identity"] for kind in of] == [False, False, True]
    dry = snakemake(
        folder,
        *("-n", "--", "results/two/noise/loop_maze/00.json"),
        change={"models": {"two": {"lora": {"alpha": 1.0}}}},
    )
    assert dry.returncode == 0 and {"model", "conditioning", "trajectory", "noise"} <= set(dry.stdout.split())
