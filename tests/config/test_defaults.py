"""One home for each default: a key has its default in the models, or its value in config.yaml; the schema follows."""

import json

import pytest
import yaml
from configured import ROOT
from jsonschema import Draft202012Validator

from chainofsteps.config.__main__ import PAGE, SCHEMA, page, schema_text
from chainofsteps.config.read import load_config, validate
from chainofsteps.config.schema import keys, schema, sections

SETTLED = json.loads((ROOT / "tests" / "config" / "settled.json").read_text())
WRITTEN = yaml.safe_load((ROOT / "config.yaml").read_text())


@pytest.fixture(scope="module")
def settled():
    return load_config(ROOT / "config.yaml")


def values(section, place=""):
    """Every value of the file below a section, with its place."""
    for key, value in section.items():
        if isinstance(value, dict) and key not in ("models", "shown", "parts"):
            yield from values(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value


@pytest.mark.parametrize("section", SETTLED)
def test_the_settings_of_the_default_run_are_those_of_the_first_release(settled, section):
    """Hashes of finished results are of these: with another value, order or type every result is made anew."""
    value = settled[section] if section != "models" else {"embedded": settled["models"]["embedded"]}
    assert json.dumps(value) == json.dumps(SETTLED[section])


def test_nothing_else_is_settled_and_in_the_same_order(settled):
    assert list(settled) == list(SETTLED)


def test_no_key_of_the_file_repeats_a_default():
    known = dict(keys(schema()))
    repeated = [
        place for place, value in values(WRITTEN) if "default" in known[place] and known[place]["default"] == value
    ]
    assert len(known) > 100 and repeated == []


def test_a_choice_has_no_default_and_stands_in_the_file():
    """A key is in one of two places: without a default, it is in config.yaml."""
    written = dict(values(WRITTEN)) | {f"activations.shown.{key}": 0 for key in WRITTEN["activations"]["shown"]}
    choices = {
        place
        for place, key in keys(schema())
        if not place.startswith(("models.", "panels.", "cases.source.")) and "default" not in key and not sections(key)
    }
    assert choices - {*written} == set() and len(choices) > 25


def test_the_schema_and_the_page_are_those_of_the_models():
    assert SCHEMA.read_text() == schema_text(), "run python -m chainofsteps.config"
    assert PAGE.read_text() == page(), "run python -m chainofsteps.config"


def test_an_editor_accepts_the_file_and_marks_a_mistake(settled):
    validator = Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))
    validator.check_schema(validator.schema)
    complete = {**WRITTEN, "models": settled["models"]}
    assert list(validator.iter_errors(complete)) == []
    (error,) = validator.iter_errors({**complete, "noise": {**complete["noise"], "timing": "befor"}})
    assert list(error.absolute_path) == ["noise", "timing"]


def test_a_key_that_is_left_out_takes_its_default(settled):
    sparse = {key: value for key, value in settled.items() if key not in ("similarity", "statistics", "shared")}
    sparse["noise"] = {key: settled["noise"][key] for key in ("operators", "steps", "frames")}
    assert json.dumps(validate(sparse)) == json.dumps(settled)


def test_a_settled_configuration_settles_to_itself(settled):
    assert json.dumps(validate(settled)) == json.dumps(settled)
