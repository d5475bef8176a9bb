"""The settings of every noun, spelt out: a changed spelling would make all finished results anew."""

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.files import fingerprint
from chainofsteps.names import RunId, case_of
from chainofsteps.probes.nouns import nouns
from chainofsteps.store.noun import Noun
from tests.workflow.running import ROOT

NOUNS = nouns()


@pytest.fixture(scope="module")
def config():
    return load_config(ROOT / "config.yaml")


# By noun: the keys of its settings, and what of its inputs stands in them as a hash. As in the manifests of results
# that were made before the settings had one place.
KEYS = {
    "conditioning": {"encoding", "model"},
    "trajectory": {"sampling", "share_noise_over_cases", "model", "conditioning"},
    "other_seeds": {"sampling", "share_noise_over_cases", "model", "conditioning"},
    "noise": {"noise", "similarity", "null_seed", "batch_size", "trajectory"},
    "score": {"restore_first_frame", "seeds", "null_seed", "noise"},
    "x0_pred": {"trajectory"},
    "few_steps": {"sampling", "share_noise_over_cases", "model", "conditioning"},
    "few_steps_score": {"few_steps", "trajectory", "steps", "seeds"},
    "ensemble": {"ensemble", "batch_size", "trajectory"},
    "ensemble_score": {"ensemble", "trajectory"},
    "frames": {"sampling", "share_noise_over_cases", "model", "conditioning"},
    "frames_score": {"frames", "trajectory", "counts", "seeds"},
    "activations": {"activations", "trajectory"},
    "swap": {"swap", "null_seed", "batch_size", "trajectory"},  # and pairs, which the job adds
    "swap_score": {"answers", "swap"},
    "swap_video_score": {"swap", "trajectory"},
    "evalkit": {"trajectory", "kit", "seeds"},
    "linear_readout": {"linear_readout", "trajectory"},
    "ladder": {"model", "sampling", "share_noise_over_cases", "numbers", "residual", "seed"},
    "skill": {"model", "sampling"},
    "answers": {"model"},
    "candidates": {"answers", "trajectory"},
    "calibration": {"sampling", "batch_size", "model", "conditioning", "answers"},
}
RECIPES = {
    "score": 2,
    "x0_pred": 2,
    "few_steps_score": 2,
    "skill": 2,
    "noise": 2,
    "swap": 2,
    "swap_score": 2,
}  # the others have 1
SECTIONS = {
    "noise": ("noise", {"restore_first_frame"}),
    "ensemble": ("ensemble", {"tasks", "headroom", "number", "controls"}),
    "activations": ("activations", {"tasks", "scale", "shown"}),
    "swap": ("swap", {"task", "number"}),
}


def settings(config, noun, model="embedded"):
    return {**NOUNS[noun].settings(config, model), **dict.fromkeys(NOUNS[noun].made_from, "hash")}


@pytest.mark.parametrize("noun", KEYS)
def test_settings_have_the_keys_and_recipes_of_finished_results(config, noun):
    assert set(settings(config, noun)) == KEYS[noun]
    assert NOUNS[noun].recipe == RECIPES.get(noun, 1)
    assert set(NOUNS) == set(KEYS)


@pytest.mark.parametrize("noun", SECTIONS)
def test_a_section_stands_in_the_settings_without_what_moves_no_number(config, noun):
    section, apart = SECTIONS[noun]
    assert settings(config, noun)[section] == {k: v for k, v in config[section].items() if k not in apart}


def test_what_is_in_no_entry_is_in_no_settings(config):
    entry = {"folder": "x", "steps": 5, "shift": 3.0, "compile": None, "device": "cpu"}
    config = {**config, "models": {"small": entry}}
    assert settings(config, "trajectory", "small")["sampling"] == {"steps": 5, "shift": 3.0}
    assert settings(config, "conditioning", "small")["encoding"] == {}
    assert settings(config, "noise", "small")["batch_size"] == 64  # Sampling's own


def test_the_hash_of_a_trajectory_is_that_of_finished_results(config):
    """Of the shard of results that were made with commit d70acda."""
    made_from = {
        "model": "431ca7af85b0aa82e9596be5bb7726988ff3fb702285568feba4e8035d4b406b",
        "conditioning": "05c25819a2fcb6298579ac1ca00f9a6bad564c7ffb6a888a609844a231e8ff80",
    }
    noun = NOUNS["trajectory"]
    content = {"noun": noun.name, "recipe": noun.recipe, "settings": {**settings(config, "trajectory"), **made_from}}
    assert fingerprint(content) == "3963e8f9ef545dd2c2e4e826416070a446cd4e6dfe66801e6f7af3fb6ac40afa"


def test_evalkit_stands_in_the_settings_of_scores_that_it_gives(config):
    config = {**config, "cases": {**config["cases"], "scorer": "evalkit"}}
    for noun in ("score", "x0_pred", "few_steps_score", "swap_video_score"):
        kit = {key: config["evalkit"][key] for key in ("commit", "sha256", "mode")}
        assert settings(config, noun)["scorer"] == kit and NOUNS[noun].kit == "scorer"

    pro = {**config, "evalkit": {**config["evalkit"], "repo": "Video-Reason/VBVR-Pro-Bench", "sha256": None}}
    named = {"repo": "Video-Reason/VBVR-Pro-Bench", "commit": kit["commit"]}
    assert settings(pro, "score")["scorer"] == {**named, "sha256": None, "mode": kit["mode"]}
    assert settings(pro, "evalkit")["kit"] == {**named, "source": None}


def test_items_are_named_as_the_jobs_name_them(config):
    steps = config["models"]["embedded"]["steps"]
    config = {**config, "trajectory": {**config["trajectory"], "seeds": [1, 2], "null_seed": 9}}
    config["few_steps"] = {"steps": [4, steps], "distilled": None}
    run = RunId("loop_maze", "00003", 2)
    endings = {name: noun.endings(config, "embedded") for name, noun in NOUNS.items()}
    assert run.name == "00003" + endings["noise"][1] and endings["x0_pred"] == ["-seed1", "-seed2", "-seed9"]
    assert endings["few_steps"] == ["-seed1-steps4", "-seed2-steps4"] and run.at("steps", 4) == "00003-seed2-steps4"
    assert endings["score"] == [""] and endings["frames"] is None
    assert {case_of(name) for name in ("00003", run.name, run.at("frames", 5))} == {"00003"}
    assert NOUNS["skill"].names({"skill": {"number": 2}}) == ["00000", "00001"]
    assert all(isinstance(noun, Noun) for noun in NOUNS.values())
