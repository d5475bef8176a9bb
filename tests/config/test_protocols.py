import pytest

from chainofsteps.config.protocol import MODEL
from chainofsteps.config.read import validate
from chainofsteps.errors import InputError
from chainofsteps.probes.few_steps.nouns import other_steps, steps_of
from chainofsteps.probes.nouns import nouns
from chainofsteps.probes.settings import LATER
from tests.configured import default

PAPER = {**MODEL, "boundary": None}


def settings_of(config, model):
    return {name: noun.settings(config, model) for name, noun in nouns().items()}


def test_the_exact_protocol_changes_nothing_and_adds_nothing_to_settings():
    config = validate(default())
    assert validate({**default(), "protocol": "exact"}) == config
    sampling = settings_of(config, "embedded")["trajectory"]["sampling"]
    assert not LATER.keys() & sampling.keys() and sampling["steps"] == 20
    assert not settings_of(config, "embedded")["answers"]


def test_the_papers_protocol_is_that_of_its_runs_for_the_configured_model():
    config = validate({**default(), "protocol": "paper"})
    entry, others = config["models"]["embedded"], validate(default())["models"]
    assert {key: entry[key] for key in PAPER} == PAPER
    assert config["trajectory"]["share_noise_over_cases"] and config["evalkit"]["crf"] == 25
    assert config["cases"]["size"] is None  # puzzles made here have sides that fit
    assert {name for name in others if others[name] != config["models"][name]} == {"embedded"}
    assert validate(config) == config
    settings = settings_of(config, "embedded")
    assert {"latents_dtype", "guidance_dtype", *LATER} - {"compile"} <= settings["few_steps"]["sampling"].keys()
    assert settings["answers"] == {"vae_dtype": "bfloat16", "vae_tiling": True}
    assert settings["evalkit"]["kit"]["crf"] == 25


def test_two_experts_part_where_the_papers_do():
    config = validate({**default(), "protocol": "paper", "model": "embedded-experts"})
    assert config["models"]["embedded-experts"]["boundary"] == 0.875


def test_pictures_of_a_folder_are_rounded_up_unless_a_size_is_asked_for():
    config = {**default(), "protocol": "paper"}
    config["cases"] |= {"folder": "given", "tasks": ["mine"]}
    assert validate(config)["cases"]["size"] == "rounded"
    config["cases"]["size"] = "832x480"
    assert validate(config)["cases"]["size"] == "832x480"


@pytest.mark.parametrize(
    ("size", "words"),
    [("rounded", "'cases.size' is rounded, but puzzles are made here"), ("0x480", "take multiples of 16, such as 16")],
)
def test_a_size_that_cannot_be_is_refused(size, words):
    config = default()
    config["cases"]["size"] = size
    with pytest.raises(InputError, match=words):
        validate(config)


def test_a_protocol_that_is_none_is_named():
    with pytest.raises(InputError, match="'protocol' is .*papers"):
        validate({**default(), "protocol": "papers"})


def test_a_distilled_model_runs_in_its_own_number_of_steps_alone_in_every_protocol():
    config = {**default(), "protocol": "paper"}
    config["few_steps"]["distilled"] = "vbvr-wan2.2-4-steps"
    own = validate({**config, "model": "vbvr-wan2.2-4-steps"})
    assert own["models"]["vbvr-wan2.2-4-steps"]["steps"] == 4
    assert own["models"]["vbvr-wan2.2-4-steps"]["guidance_scale"] == 1.0
    assert steps_of(own, "vbvr-wan2.2-4-steps") == [4] and other_steps(own, "vbvr-wan2.2-4-steps") == []
    assert steps_of(own, "vbvr-wan2.2") == own["few_steps"]["steps"]
    config["few_steps"]["distilled"] = "vbvr-wan2.2-4-step"
    with pytest.raises(InputError, match="'few_steps.distilled' is .*4-step', which is not in 'models'; .*4-steps"):
        validate(config)
