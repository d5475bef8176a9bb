"""A number that is far too large is refused at once, with its key; so is a name that a slip of the hand made."""

import copy
from pathlib import Path

import pytest

from chainofsteps.config.read import load_config, validate
from chainofsteps.config.schema import keys, options, schema
from chainofsteps.config.text import read
from chainofsteps.errors import InputError

CONFIG = read(Path(__file__).parents[2] / "config.yaml")
# Numbers that cost nothing, however large: a seed, an index that is held against the model, a published time or size.
FREE = ("seed", "size_gb", "alpha", "residual", "parameters", "seconds", "step")


def refused(**changes):
    with pytest.raises(InputError) as error:
        load_config(Path(__file__).parents[2] / "config.yaml", **changes)
    assert "\n" not in str(error.value)
    return str(error.value).partition(": ")[2]


def places_of_numbers():
    """The keys of config.yaml that are numbers, as the file has them."""
    for place, key in keys(schema()):
        kinds = {kind.get("type") for kind in options(key)}
        if kinds & {"integer", "number"} and not place.startswith("models.<name>.published"):
            yield place.replace("<name>", "embedded")


@pytest.mark.parametrize("place", sorted(place for place in places_of_numbers() if "lora" not in place))
def test_a_billion_of_anything_is_answered_at_once(place):
    config, names = copy.deepcopy(CONFIG), place.split(".")
    section = config
    for name in names[:-1]:
        section = section.setdefault(name, {}) if isinstance(section, dict) else section[0]
    section = section[0] if isinstance(section, list) else section
    section[names[-1]] = 10**9
    message = ""
    try:
        validate(config)
    except InputError as error:
        message = str(error)
    assert f"'{place}' is 1000000000, but must be" in message or any(word in names[-1] for word in FREE), message


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("few_steps", "steps", [10**9]),
        ("ladder", "steps", [10**9]),
        ("frames", "counts", [10**9 + 1]),
        ("ensemble", "windows", ["0-9999999999"]),
        ("similarity", "features", ["block:9999999999"]),
        ("swap", "widths", [10**9]),
        ("noise", "steps", {"every": 10**9}),
        ("cases", "size", "9999999999x16"),
        ("cases", "size", "9984x9984"),
    ],
)
def test_so_is_one_in_a_list_or_a_word(section, key, value):
    assert f"'{section}.{key}" in refused(**{section: {key: value}})


def test_the_last_case_has_a_seed_too():
    assert "'cases.first_seed' is 9223372036854775807, but must" in refused(cases={"first_seed": 2**63 - 1})


def test_a_number_in_place_of_a_text_goes_into_quotes():
    row = {"figure": "fig1", "panel": "a", "puzzle": "loop_maze", "case": 1, "seed": 1, "steps": [0], "frames": [0]}
    message = refused(panels=[row])
    assert (
        message.startswith("'panels[0].case' is 1, but must be a name")
        and "; put it in quotes, as it stands" in message
    )
    assert "; put it in quotes" in refused(model=True) and "zeros" not in refused(model=True)
    assert "quotes" not in refused(model=["embedded"])


def test_the_item_that_is_wrong_is_named_where_a_word_may_stand_too():
    tasks = ["loop_maze", "unique_maze", "next_size", "tic_tac_toe_single", 5]
    assert refused(ensemble={"tasks": tasks}).startswith("'ensemble.tasks[4]' is 5, but must be a name")
    assert refused(swap={"steps": [[0], [0, "a"]]}).startswith("'swap.steps[1][1]' is \"a\", but")


def test_a_key_that_others_take_is_missing_from_the_one_that_lacks_it():
    config = copy.deepcopy(CONFIG)
    config["models"] = {"heir": {"like": "embedded"}, **config["models"]}
    del config["models"]["embedded"]["shift"]
    with pytest.raises(InputError, match="key 'models.embedded.shift' is missing"):
        validate(config)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "EMBEDDED"}, "'EMBEDDED', which is not in 'models'; did you mean 'embedded'?"),
        ({"models": {"embeded": {"steps": 4}}}, "give `folder`, or `source` for a download; did you mean 'embedded'?"),
        ({"models": {"mine": {"like": "Embeded"}}}, "which is not in 'models'; did you mean 'embedded'?"),
        ({"models": {"mine": {"like": "embedded", "FOLDER": "x"}}}, "'models.mine.FOLDER'; did you mean 'folder'?"),
        ({"ensemble": {"WEIGHT": 0.5}}, "unknown key 'ensemble.WEIGHT'; did you mean 'weight'?"),
        ({"Noise": {}}, "unknown key 'Noise'; did you mean 'noise'?"),
        ({"cases": {"tasks": ["Loop_Maze"]}}, "did you mean 'loop_maze'?"),
    ],
)
def test_large_letters_are_no_other_name(changes, words):
    assert words in refused(**changes)
