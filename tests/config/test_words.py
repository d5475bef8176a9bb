"""Steps, layers and frames as words follow the model, and are today's whole numbers for 20 steps."""

import json

import pytest
from configured import ROOT
from hypothesis import given
from hypothesis import strategies as st

from chainofsteps.config.panels import panels_of
from chainofsteps.config.ranges import check_activations, check_ranges, check_shown, check_swap
from chainofsteps.config.read import load_config, validate
from chainofsteps.errors import InputError
from chainofsteps.probes.indices import indices, resolve


@pytest.mark.parametrize(
    ("value", "count", "numbers"),
    [
        ("all", 3, [0, 1, 2]),
        (["first", "middle", "last"], 20, [0, 10, 19]),
        (["first", "middle", "last"], 50, [0, 25, 49]),
        (["first", "middle", "last"], 1, [0]),
        ([0.5], 20, [10]),
        ([0.5], 7, [3]),  # rounded down
        ([0.0, 0.15, 0.29, 0.57], 100, [0, 15, 29, 57]),  # as the decimals say: 0.29 * 100 is below 29 in binary
        ([3, "last", 0.05, 1, 3], 20, [3, 19, 1]),  # in their order, each once
        ({"every": 4}, 10, [0, 4, 8]),
        ({"below": 0.25}, 20, [0, 1, 2, 3, 4]),
        ({"below": 0.25}, 3, [0]),
        ([7], 4, [7]),
    ],
)
def test_what_words_stand_for(value, count, numbers):
    assert resolve(value, count) == numbers


@given(
    st.lists(st.sampled_from(["first", "middle", "last"]) | st.floats(0, 1, exclude_max=True), min_size=1),
    st.integers(1, 100),
)
def test_a_word_is_never_out_of_range(value, count):
    assert set(indices("noise.steps", value, count)) <= set(range(count))


def test_a_whole_number_out_of_range_is_refused_beside_words():
    with pytest.raises(InputError, match="noise.steps: step 7 is out of range; this model has steps 0 to 3"):
        indices("noise.steps", ["first", 7], 4)


def of_steps(steps, **change):
    return load_config(ROOT / "config.yaml", models={"embedded": {"steps": steps}}, **change)


@pytest.mark.parametrize("steps", [1, 4, 8, 20, 50])
def test_another_number_of_steps_breaks_nothing(steps):
    config = of_steps(steps)
    check_ranges(config, steps, latent_frames=5, layers=8)
    check_activations(config, layers=8)
    check_shown(config, {"find_then_move": ["00000"]})
    check_swap(config, latent_frames=5, layers=8)
    for figure in dict.fromkeys(row["figure"] for row in config["panels"]):
        for panel in panels_of(config, figure):
            assert panel.steps[0] == 0 and panel.steps[-1] == steps - 1
            panel.check({panel.puzzle: [panel.case]}, [1, 2], steps, 17)


def test_steps_are_those_of_the_model_that_is_chosen():
    config = of_steps(20, model="vbvr-wan2.2", cases={"folder": "mine"})
    assert config["activations"]["steps"] == [0, 25, 49] and config["activations"]["shown"]["step"] == 25
    assert config["swap"]["steps"] == [[0], list(range(12))] and config["noise"]["steps"] == "all"


def test_layers_and_latent_frames_keep_their_words_until_their_numbers_are_known():
    config = of_steps(20, swap={"layers": {"every": 4}}, noise={"frames": ["middle"], "steps": {"every": 5}})
    assert config["swap"]["layers"] == {"every": 4} and config["noise"]["frames"] == ["middle"]
    assert config["noise"]["steps"] == [0, 5, 10, 15]
    assert indices("swap.layers", config["swap"]["layers"], 8) == [0, 4]


def test_frames_of_videos_whose_length_is_not_known_are_numbers_once_it_is():
    row = {"figure": "fig1", "panel": "a", "puzzle": "mine", "case": "c", "seed": 1, "steps": ["last"]}
    of_folder = {"cases": {"folder": "mine", "tasks": ["mine"]}}
    config = of_steps(20, **of_folder, panels=[{**row, "frames": ["middle"]}])
    (panel,) = panels_of(config, "fig1")
    panel.check({"mine": ["c"]}, [1], 20, None)
    assert panel.of_video(81).frames == (40,) and panel.of_video(22).frames == (11,)
    every = {**row, "frames": {"every": 8}}
    (panel,) = panels_of(of_steps(20, **of_folder, panels=[every]), "fig1")
    assert panel.of_video(17).frames == (0, 8, 16)
    (panel,) = panels_of(of_steps(20, **of_folder, panels=[{**row, "frames": [0, 80]}]), "fig1")
    panel.check({"mine": ["c"]}, [1], 20, None)
    assert panel.of_video(81).frames == (0, 80)
    with pytest.raises(InputError, match="panels: fig1 a shows frame 80.*there are frames 0 to 21"):
        panel.of_video(22)


INDEX = "must be a whole number of at least 0 or one of first, middle, last or a number of at least 0 and below 1"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["second"], f"'activations.steps[0]' is \"second\", but {INDEX}"),
        ([0, 1.0], f"'activations.steps[1]' is 1.0, but {INDEX}"),
        ([1.5], f"'activations.steps[0]' is 1.5, but {INDEX}"),
        ([-0.5], f"'activations.steps[0]' is -0.5, but {INDEX}"),
        ({"every": 0}, "'activations.steps.every' is 0, but must be a whole number of at least 1 and up to 1000"),
        ({"evry": 2}, "unknown key 'activations.steps.evry'; did you mean 'every'?"),
        ({"below": 1}, "'activations.steps.below' is 1, but must be a number above 0 and below 1"),
        ([0, 1, 0], "'activations.steps' is [0, 1, 0], which has an item twice; keep one of them"),
        *(
            (
                of_no_kind,
                f"'activations.steps' is {json.dumps(of_no_kind)}, but must be 'all' or a list without repeats, ",
            )
            for of_no_kind in ([], "some", {"every": 2, "below": 0.5})
        ),
    ],
)
def test_other_words_are_refused_with_those_that_are_known(value, words):
    """Of a list that may also be a word, the item that is wrong."""
    config = of_steps(20)
    config["activations"]["steps"] = value
    with pytest.raises(InputError) as refused:
        validate(config)
    message = str(refused.value)
    assert message.startswith(f"config.yaml: {words}") and "\n" not in message
    if "'all'" in words:
        assert "one of first, middle, last" in message and "{every: 4}" in message and "{below: 0.25}" in message
