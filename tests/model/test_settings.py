import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import torch

from chainofsteps import probes
from chainofsteps.errors import InputError
from chainofsteps.model.sampling import PLACEMENT, Sampling, device_of, placement, vae_of
from chainofsteps.probes.settings import DENOISING, ENCODING

ENTRY = {"folder": "models/embedded", "steps": 20, "shift": 3.0, "boundary": None, "batch_size": 8}


def test_from_config_and_back():
    sampling = Sampling.from_config(ENTRY)
    assert (sampling.steps, sampling.shift, sampling.batch_size, sampling.guidance_scale) == (20, 3.0, 8, 1.0)
    assert Sampling.from_config(json.loads(json.dumps(asdict(sampling)))) == sampling
    assert sampling.torch_dtype == torch.float32
    assert sampling.torch_device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_rules_are_given_every_setting_that_moves_a_number():
    """Where a job runs and in what batches is none; a setting that is in no list would be left out without a word."""
    settings = {field.name for field in fields(Sampling)}
    assert {*ENCODING, *DENOISING} == settings - {*PLACEMENT, "batch_size"}


def test_guidance_is_decided_as_the_stock_pipeline_does():
    assert not Sampling(4, 3.0, guidance_scale=1.0).guided
    assert Sampling(4, 3.0, guidance_scale=1.01).guided


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"shift": 0}, "shift is 0"),
        ({"boundary": 900}, "boundary is 900"),
        ({"dtype": "fp32"}, "dtype is 'fp32': choose one of float32"),
        ({"timestep_dtype": "float16"}, "timestep_dtype is 'float16'"),
        ({"compile": "eager", "group_offload": True}, "group_offload and compile do not go together"),
        ({"compile": "triton"}, "compile is 'triton': choose one of inductor"),
        ({"guidance": 5}, "unknown sampling setting 'guidance': known are .*guidance_scale"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(InputError, match=message):
        Sampling.from_config({**ENTRY, **change})


def test_every_script_that_runs_the_model_is_told_where():
    config = {"models": {"mine": {**ENTRY, "device": "cpu", "group_offload": True}, "other": ENTRY}}
    assert placement(config, "mine") == {"device": "cpu", "group_offload": True} and placement(config, "other") == {}
    texts = [path.read_text() for path in Path(probes.__file__).parent.rglob("*.py")]
    texts += [path.read_text() for path in (Path(__file__).parents[2] / "scripts").glob("*.py")]
    told = [text for text in texts if "Sampling.from_config(" in text or "Sampling(steps=" in text]
    told = [text for text in told if "EMBEDDED = Sampling(" not in text]  # of the package's own model, without a job
    assert len(told) == 4 and all("placement(job.config, job.wildcards.model)" in text for text in told)
    decoding = [text for text in texts if "load_vae(" in text]
    placed = ("vae_of(job.config, job.wildcards.model)", "**sampling.vae")
    assert len(decoding) == 4 and all(any(words in text for words in placed) for text in decoding)
    told = {"dtype": "bfloat16", "tiling": True, "device": torch.device("cpu")}
    config["models"]["mine"] |= {"vae_dtype": "bfloat16", "vae_tiling": True}
    assert vae_of(config, "mine") == told == Sampling.from_config(config["models"]["mine"]).vae
    assert (
        device_of(config, "mine") == torch.device("cpu")
        and device_of(config, "other") == Sampling.from_config(ENTRY).torch_device
    )


def test_missing_settings_are_named():
    with pytest.raises(InputError, match="'shift' is missing"):
        Sampling.from_config({"steps": 4})
