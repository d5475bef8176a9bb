import pytest
from configured import default, put

from chainofsteps.config.ranges import check_activations, check_ranges, check_shown, check_swap
from chainofsteps.config.read import validate
from chainofsteps.config.tasks import levels_of_folder, paired_cases, shards_of, tasks_of
from chainofsteps.errors import InputError
from chainofsteps.probes.noise.spec import block_layer

CASE_NAMES = {"find_then_move": ["00000", "00001"]}


@pytest.fixture
def config():
    return default()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("noise.steps", [0, 20], "step 20 is out of range; this model has steps 0 to 19"),
        ("noise.frames", [5], "frame 5 is out of range; this model has frames 0 to 4"),
        ("ensemble.steps", [20], "step 20 is out of range; this model has steps 0 to 19"),
        ("similarity.features", ["x0_pred", "block:8"], "layer 8 is out of range; this model has layers 0 to 7"),
    ],
)
def test_out_of_range(config, place, value, message):
    put(config, place, value)
    validate(config)
    with pytest.raises(InputError) as error:
        check_ranges(config, steps=20, latent_frames=5, layers=8)
    assert str(error.value) == f"{place}: {message}"


def test_what_is_not_known_yet_is_not_checked(config):
    put(config, "noise.frames", [99])
    put(config, "similarity.features", ["block:99"])
    check_ranges(config, steps=20)


@pytest.mark.parametrize(
    ("features", "layer"), [("latents", None), ("x0_pred", None), ("block:12", 12), ("block:", None)]
)
def test_block_layer(features, layer):
    assert block_layer(features) == layer


def test_the_default_probes_fit_the_default_model(config):
    check_activations(config, layers=8)
    check_shown(config, CASE_NAMES)
    check_swap(config, latent_frames=5, layers=8)
    config["cases"] |= {"folder": "mine", "tasks": ["mine"]}
    assert tasks_of(config, "activations") == ["mine"]


def test_a_pair_of_scored_cases_needs_two_of_them(config):
    config["cases"] |= {"folder": "mine", "scorer": "evalkit", "shard_size": 1, "number": 2}
    check_swap(config, latent_frames=None, layers=8)  # the pairs are a shard of their own
    for section in ("cases", "swap"):
        other = {**config, section: {**config[section], "number": 1}}
        with pytest.raises(InputError, match="set swap.number and cases.number to 2 or more"):
            check_swap(other, latent_frames=None, layers=8)


def test_scored_cases_that_are_swapped_are_a_shard_of_their_own(config):
    names, task = ["a", "b", "c", "d", "e"], "O-39_maze_data-generator"
    config["cases"] |= {"folder": "mine", "scorer": "evalkit", "shard_size": 1}
    config["swap"] |= {"task": task, "number": 2}

    def shards(task, **change):
        of_cases = {**config, "cases": {**config["cases"], **change}}
        return list(map(len, shards_of(names, levels_of_folder(of_cases, task, len(names)))))

    assert shards(task) == [2, 1, 1, 1] and paired_cases(config, task, len(names)) == 2
    assert shards("another") == [1] * 5 and paired_cases(config, "another", len(names)) is None
    assert shards(task, shard_size=2) == [2, 2, 1] and shards(task, shard_size=9) == [2, 3]
    assert shards(task, scorer="rule") == [1] * 5  # puzzles are paired within the shards that they have
    config["swap"]["number"] = 32
    assert shards(task) == [5] and paired_cases(config, task, len(names)) == 5


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("activations.steps", [0, 20], "activations.steps: step 20 is out of range; this model has steps 0 to 19"),
        ("activations.layers", [8], "activations.layers: layer 8 is out of range"),
        ("activations.branch", "both", "embedded runs no uncond branch, its guidance_scale is 1; take cond"),
        ("activations.shown.task", "shelf", "activations.shown: task 'shelf' is not there; there are loop_maze"),
        ("activations.shown.case", "00002", "activations.shown: case '00002' is not there; there are 00000, 00001"),
        ("activations.shown.seed", 2, "activations.shown: seed 2 is not there; there are 1"),
        ("activations.shown.step", 3, "activations.shown: step 3 is not there; there are 0, 10, 19"),
        ("swap.steps", [[0], [20]], "swap.steps: step 20 is out of range"),
        ("swap.layers", [8], "swap.layers: layer 8 is out of range"),
        ("swap.parts.first_frame.frames", [5], "swap.parts.first_frame.frames: frame 5 is out of range"),
        ("swap.widths", [9], "swap.widths: this model has 8 layers"),
        (
            "cases.shard_size",
            1,
            "swap: a pair is two cases of one shard; set swap.number and cases.shard_size",
        ),
    ],
)
def test_what_a_probe_names_must_be_there(config, place, value, words):
    put(config, place, value)
    with pytest.raises(InputError, match=words):
        check_activations(config, layers=8)
        check_shown(config, CASE_NAMES)
        check_swap(config, latent_frames=5, layers=8)
    check_ranges(config, steps=20, latent_frames=5, layers=8)  # other figures are drawn all the same
