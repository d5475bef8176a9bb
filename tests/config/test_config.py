import copy
import json
import math
import subprocess
import sys

import pytest
from configured import ROOT, default, put

from chainofsteps.config.models import sources
from chainofsteps.config.ranges import check_ranges
from chainofsteps.config.read import load_config, validate
from chainofsteps.config.tasks import asked_number, levels, shards_of, tasks_of, untouched_seeds
from chainofsteps.errors import InputError
from chainofsteps.names import BENCHMARK


@pytest.fixture
def config():
    return default()


def remove(config, place):
    *sections, key = place.split(".")
    for section in sections:
        config = config[section]
    del config[key]


def refused(config):
    with pytest.raises(InputError) as error:
        validate(config)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_the_default_configuration_is_valid():
    config = load_config(ROOT / "config.yaml")
    assert config["model"] in config["models"]
    check_ranges(config, steps=20, latent_frames=5, layers=8)


def test_unknown_key_is_named_with_its_place_and_the_nearest_known_one(config):
    put(config, "noise.operater", ["replace"])
    assert refused(config) == "config.yaml: unknown key 'noise.operater'; did you mean 'operators'?"


def test_unknown_key_comes_before_the_missing_one_it_stands_for(config):
    remove(config, "noise.operators")
    put(config, "noise.operater", ["replace"])
    assert "unknown key 'noise.operater'" in refused(config)


def test_unknown_key_at_the_top_and_in_a_model(config):
    wrong = copy.deepcopy(config)
    wrong["nosie"] = wrong.pop("noise")
    assert refused(wrong) == "config.yaml: unknown key 'nosie'; did you mean 'noise'?"
    put(config, "models.embedded.guidence", 5.0)
    assert "unknown key 'models.embedded.guidence'; did you mean 'guidance_scale'?" in refused(config)


def test_known_key_in_the_wrong_section_is_sent_to_its_own(config):
    put(config, "noise.kernel", "rbf")
    assert refused(config) == "config.yaml: unknown key 'noise.kernel'; did you mean 'similarity.kernel'?"


def test_batch_size_must_be_given(config):
    remove(config, "models.embedded-experts")  # which is like it
    remove(config, "models.embedded.batch_size")
    assert "key 'models.embedded.batch_size' is missing; give a whole number of at least 1" in refused(config)


def test_an_own_checkpoint_is_one_line(config):
    config["models"]["mine"] = {"like": "vbvr-wan2.2", "folder": "/models/mine"}
    mine = validate({**config, "model": "mine"})["models"]["mine"]
    assert (mine["folder"], mine["steps"], mine["boundary"], "source" in mine) == ("/models/mine", 50, 0.875, False)


def test_every_source_says_its_revision_size_and_licence(config):
    found = sources(validate(config)["models"]).values()
    assert len(found) > 5 and all({"revision", "size_gb", "licence"} <= set(source) for source in found)


def test_a_model_that_cannot_run_yet_says_why(config):
    put(config, "model", "ltx-2.3")
    assert refused(config).startswith("config.yaml: model 'ltx-2.3' cannot run yet: diffusers has its classes")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"like": "vbvr-wan2.1"}, "'models.mine.like' is 'vbvr-wan2.1', which is not in 'models'"),
        ({"like": 5}, "'models.mine.like' is 5, but must be a name of letters, digits, _ . and -; put it in quotes"),
        ({"folder": "/x"}, "key 'models.mine.steps' is missing; give a whole number of at least 1"),
        ({"like": "embedded", "source": {"repo": "tiny", "revision": None}}, "'models.mine.source.repo' is \"tiny\""),
        ({"like": "embedded", "source": {"repo": "a/b"}}, "key 'models.mine.source.revision' is missing; give null or"),
        ({"like": "embedded", "source": {"repo": "a/b", "revison": None}}, "did you mean 'revision'?"),
        ({"like": "embedded", "source": {"repo": "a/b", "revision": "x", "sha256": {"f": "0"}}}, 'sha256.f\' is "0"'),
        (
            {"like": "embedded", "lora": {"folder": "/x", "high": "x.pt", "alpha": 1}},
            "'models.mine.lora.high' is \"x.pt\", but must be the path of a .safetensors file",
        ),
    ],
)
def test_entry_that_is_wrong(config, entry, message):
    config["models"]["mine"] = entry
    assert message in refused(config)


def test_compiled_and_offloaded_layer_by_layer_is_refused_before_a_job_begins(config):
    config["models"]["mine"] = {"like": "embedded", "compile": "inductor", "group_offload": True}
    assert "'models.mine' has both `group_offload` and `compile`" in refused(config)
    config["models"]["mine"] = {"like": "embedded", "compile": None, "group_offload": True}
    validate(config)


def test_a_whole_number_where_any_may_stand_is_the_same_setting(config):
    put(config, "noise.amplitude", 1)
    put(config, "models.embedded.guidance_scale", 5)
    found = validate(config)
    assert json.dumps(found["noise"]) == json.dumps(default()["noise"])
    numbers = [found["models"]["embedded"][key] for key in ("guidance_scale", "shift", "boundary", "steps")]
    assert json.dumps(numbers) == "[5.0, 3.0, null, 20]"
    shown = ("cases", "activations", "swap", "panels", "statistics")
    assert json.dumps([found[key] for key in shown]) == json.dumps([default()[key] for key in shown])


def test_any_task_of_a_folder_of_ones_own(config):
    config["cases"] |= {"folder": "mine", "tasks": ["G-1_unknown"]}
    validate(config)


def test_key_that_is_like_none_lists_the_known_ones(config):
    put(config, "statistics.zzz", 1)
    assert refused(config).endswith("unknown key 'statistics.zzz'; known are resamples, level, seed")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("noise.amplitude", "big", 'is "big", but must be a number above 0'),
        ("noise.amplitude", 0, "is 0, but must be a number above 0"),
        ("noise.timing", "befor", "but must be one of before, after; did you mean 'before'?"),
        ("noise.operators", ["replace", "ad"], '[1]\' is "ad", but must be one of replace, renoise, add'),
        ("noise.operators", "replace", 'is "replace", but must be a list without repeats'),
        ("noise.operators", ["add", "add"], "has an item twice; keep one of them"),
        ("noise.steps", "al", "is \"al\", but must be 'all' or a list without repeats, each a whole number"),
        ("noise.steps", [3, -1], "[1]' is -1, but must be a whole number of at least 0 or one of first, middle, last"),
        ("noise.restore_first_frame", 1, "must be true or false"),
        ("noise.amplitude", math.nan, "is NaN, but must be a number above 0"),
        ("noise.amplitude", math.inf, "is Infinity, but must be a number above 0"),
        ("cases.number", 24.0, "is 24.0, but must be null or a whole number of at least 1"),
        ("models.embedded.steps", 20.0, "is 20.0, but must be a whole number of at least 1"),
        ("cases.tasks", ["loop_mase"], "has 'loop_mase', which is no puzzle made here; did you mean 'loop_maze'?"),
        ("cases.tasks", ["canvas"], "has 'canvas', which is no puzzle made here; known are loop_maze, unique_maze"),
        ("cases.tasks", ["maze"], "has 'maze', which is no puzzle made here; did you mean"),
        ("trajectory.seeds", [], "is [], but must be"),
        ("models.embedded.steps", 0, "is 0, but must be a whole number of at least 1"),
        ("models.embedded.boundary", 1.5, "must be null or a number above 0 and below 1"),
        ("similarity.features", ["block:x"], '[0]\' is "block:x", but must be latents, x0_pred or block:<number>'),
        ("cases.tasks", None, "is null, but must be a list"),
        ("statistics", 5, "is 5, but must be a section of keys"),
        ("model", "embeded", "is 'embeded', which is not in 'models'; did you mean 'embedded'?"),
        ("trajectory.null_seed", 1, "is 1, which is one of 'trajectory.seeds'; take another"),
        ("cases.number", None, "is null, but puzzles are made here"),
        ("cases.size", "480x100", "is 480x100; take multiples of 16, such as 96"),
        ("cases.size", "64x64", "is 64x64, but the board of loop_maze_5, which 'x0_pred.tasks' has, is 80x80"),
        ("cases.size", "480", 'is "480", but must be'),
        ("cases.frames", 20, "is 20; the VAE needs 4k + 1, such as 21"),
        ("skill.tasks", ["shelv"], "has 'shelv', which is no puzzle made here; did you mean 'shelf'?"),
        ("ensemble.tasks", ["shelv"], "has 'shelv', which is no puzzle made here; did you mean 'shelf'?"),
        ("ensemble.seeds", [1], "is [1], but must be a list"),
        ("ensemble.modes", ["median"], '[0]\' is "median", but must be one of mean, blend'),
        ("ensemble.windows", [20], "[0]' is 20, but must be <first>-<last>, such as 0-9"),
        ("ensemble.weight", 1.5, "is 1.5, but must be a number above 0 and up to 1"),
        ("frames.tasks", ["bounse"], "has 'bounse', which is no puzzle made here; did you mean 'bounce'?"),
        ("frames.counts", [5, 8], "has 8; the VAE needs 4k + 1, such as 9"),
        ("frames.counts", [1], "[0]' is 1, but must be a whole number of at least 5"),
    ],
)
def test_wrong_value_is_named_with_what_it_must_be(config, place, value, message):
    put(config, place, value)
    refusal = refused(config)
    assert refusal.startswith(f"config.yaml: '{place}") and message in refusal


def test_a_window_of_layers_that_are_not_there_is_refused(config):
    put(config, "ensemble.windows", ["20-40"])
    assert refused(config).startswith("config.yaml: ensemble.windows: '20-40' is no window of 40 layers; give <first>")


def test_untouched_seeds_are_those_of_all_who_need_one(config):
    put(config, "ensemble.seeds", [1, 7, 2])
    put(config, "ensemble.tasks", "all")
    assert untouched_seeds(config) == [1, 2, 7]
    assert tasks_of(config, "ensemble") == list(BENCHMARK)
    config["cases"] |= {"folder": "mine", "tasks": ["mine"]}  # of which Figure 7 is not drawn
    assert untouched_seeds(config) == [1, 2]


def test_missing_choice_is_named_with_its_values(config):
    remove(config, "cases.shard_size")
    assert (
        refused(config)
        == "config.yaml: key 'cases.shard_size' is missing; give a whole number of at least 1 and up to 10000"
    )
    config = default()
    remove(config, "noise.operators")
    assert refused(config).endswith("give a list without repeats, each one of replace, renoise, add")


def test_model_name_that_is_no_file_name(config):
    config["models"]["my model"] = config["models"]["embedded"]
    assert refused(config).startswith(
        "config.yaml: 'models' has the key \"my model\", but a name must be a name of letters, digits, _ . and -"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: [", "mine.yaml, line 1: a value is missing, or a bracket is not closed; give each"),
        ("just words", "mine.yaml holds a text at its top level, not keys; write keys such as"),
        ("", "mine.yaml is empty; write keys such as `model: embedded`, or leave the file out"),
    ],
)
def test_file_that_is_no_configuration(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_config(path)
    assert "mine.yaml" in str(error.value) and "\n" not in str(error.value)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read .*absent.yaml"):
        load_config(tmp_path / "absent.yaml")


def test_reading_the_configuration_imports_nothing_heavy():
    code = (
        "import sys; import chainofsteps.config.read, chainofsteps.plan.target;"
        "print([name for name in ('torch', 'numpy', 'pandas') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (
            "activations.tasks",
            ["grownding"],
            "'activations.tasks' has 'grownding', which is no puzzle made here; did you",
        ),
        ("swap.task", "objects", "'swap.task' has 'objects', which is no puzzle made here"),
        ("swap.modes", ["half"], "'swap.modes[0]' is \"half\", but must be one of residual, tokens, full"),
        ("swap.steps", [], "'swap.steps' is []"),
        ("swap.steps", [[]], "'swap.steps[0]' is []"),
        ("activations.scale", "column", "'activations.scale' is \"column\", but must be one of row, global, cell"),
    ],
)
def test_a_probe_that_cannot_be_is_refused(config, place, value, words):
    put(config, place, value)
    assert words in refused(config)


def test_more_cases_are_weighed_than_other_probes_take(config):
    config = {
        **config,
        "cases": {**config["cases"], "tasks": ["loop_maze"], "number": 16, "number_elsewhere": 6, "shard_size": 8},
    }
    config["candidates"] = {**config["candidates"], "tasks": ["loop_maze", "bounce"], "number": 20, "shard_size": 3}
    config["swap"] = {**config["swap"], "task": "bounce", "number": 9}
    config["ensemble"] = {**config["ensemble"], "headroom": ["bounce", "shelf"], "number": 12}
    found = {task: levels(config, task) for task in ("loop_maze", "bounce", "shelf", "occlusion")}
    assert found == {
        "loop_maze": {16: 8, 20: 3},
        "bounce": {6: 8, 9: 8, 12: 8, 20: 3},
        "shelf": {6: 8, 12: 8},
        "occlusion": {6: 8},
    }
    assert [asked_number(config, section, "bounce") for section in ("x0_pred", "swap", "ensemble")] == [6, 9, 12]
    config["candidates"]["number"] = 10
    assert levels(config, "bounce") == {6: 8, 9: 8, 10: 3, 12: 8}
    assert list(levels(config, "loop_maze")) == [16]
    names = [f"{index:05d}" for index in range(20)]
    assert [len(shard) for shard in shards_of(names, {16: 8, 20: 3})] == [8, 8, 3, 1]
    assert [len(shard) for shard in shards_of(names, {6: 8, 18: 8, 20: 8})] == [6, 8, 4, 2]
    assert [len(shard) for shard in shards_of(names, {20: 8})] == [8, 8, 4]
    assert sum(shards_of(names, {6: 8, 18: 8, 20: 8}), []) == names
