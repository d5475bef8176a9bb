"""Functions that the rules share. No torch, pandas or numpy here: every job of a cluster reads this file anew."""

import os
import re
import time
from dataclasses import asdict
from copy import deepcopy
from functools import cache, wraps
from itertools import chain

from chainofsteps.bench import vbvr
from chainofsteps.bench.sizes import drawn_as, made_frames, made_size
from chainofsteps.config.ranges import check_ranges
from chainofsteps.config.read import validate
from chainofsteps.config.text import read as read_text
from chainofsteps.config.tasks import (
    asked_number,
    levels,
    levels_of_folder,
    merged_seeds,
    paired_cases,
    seeds_by_noun,
    shards_of,
    tasks_by_section,
    tasks_of,
    untouched_seeds,
)
from chainofsteps.errors import InputError
from chainofsteps.model.checkpoint import INDEX, check_boundary, check_size, check_text_tokens, layers_of
from chainofsteps.model.sizes import latent_frames_of
from chainofsteps.names import PUZZLES, SEVERAL_ANSWERS, case_names
from chainofsteps.probes import settings as probe_settings
from chainofsteps.probes.few_steps.nouns import other_steps
from chainofsteps.probes.frames.spec import other_counts
from chainofsteps.probes.nouns import nouns, recipes
from chainofsteps.probes.settings import DENOISING
from chainofsteps.probes.skill.nouns import held_out_names

STARTED = time.time()
NOUNS, RECIPES = nouns(), recipes()
CASES = config.get("cases", {})
WRITTEN = deepcopy(config)  # with its words for steps, which follow the model


def beside_snakefile(path):
    """A path of config.yaml, which is relative to the Snakefile, as seen from the working directory."""
    return path if os.path.isabs(path) else os.path.relpath(ROOT / path)


def stopping(function):
    """A function that stops at once, in one line, if the run cannot be."""

    @wraps(function)
    def stops(*given):
        try:
            return function(*given)
        except InputError as error:
            sys.exit(f"error: {error}")
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else error
            sys.exit(f"error: cannot read {reason}; check the folders in config.yaml")

    return stops


def cases_of(task):
    """Names of all configured cases of a task: those of every probe first."""
    if CASES["folder"] is None:
        return [f"{index:05d}" for index in range(max(levels(config, task)))]
    if CASES["source"]:  # known before it is downloaded
        return list(vbvr.CASES[: CASES["number"]])
    return case_names(beside_snakefile(CASES["folder"]), task, CASES["number"])


def check_model(model):
    """What the small files of a checkpoint tell, if it is there: whether its experts and layers fit the settings."""
    folder = Path(beside_snakefile(model["folder"]))
    if (folder / INDEX).is_file():
        check_boundary(folder, model["boundary"])
    if (folder / "transformer" / "config.json").is_file():
        check_text_tokens(folder, model["max_sequence_length"])
        check_sizes(folder)
    check_ranges(config, model["steps"], *frames_and_layers(model))
    if CASES["folder"] is None:  # else: rule frames
        other_counts(config["frames"]["counts"], made_frames(CASES))


def check_sizes(folder):
    """The puzzles that are made here against the positions that the transformer has; other cases: rule conditioning."""
    if CASES["folder"] is None and (folder / "vae" / "config.json").is_file():
        tasks = set(chain.from_iterable(tasks_by_section(config).values()))
        for height, width in sorted({made_size(CASES, task) for task in tasks}):
            written = CASES["size"] or f"null, and a board {width}x{height}"
            check_size(folder, made_frames(CASES), height, width, f"'cases.size' is {written}")


def frames_and_layers(model):
    """Latent frames of the cases and layers of a model; None for what a job is the first to know."""
    folder = Path(beside_snakefile(model["folder"]))
    there = (folder / "transformer" / "config.json").is_file()
    frames = latent_frames_of(made_frames(CASES)) if CASES["folder"] is None else None  # else: rule cases
    return frames, layers_of(folder) if there else None


@stopping
def check_configuration():
    """Names of the cases of all tasks, once it is known that the run can be: nothing has been written yet."""
    for path in workflow.overwrite_configfiles:
        read_text(path)
    files = [Path(path).name for path in ("config.yaml", *workflow.overwrite_configfiles)]
    validated = validate(config, ", ".join(dict.fromkeys(files)))
    CASES.clear()  # so that its keys stand in the schema's order, whatever the order of the file
    CASES.update(validated["cases"])
    config.update({**validated, "cases": CASES})
    check_paths()
    check_writable("results")
    check_writable("figures")
    check_shared()
    check_gpu_types()
    check_patience()
    check_model(config["models"][config["model"]])
    tasks = dict.fromkeys(chain.from_iterable(tasks_by_section(config).values()))
    return {task: cases_of(task) for task in tasks}


ALL_NAMES = check_configuration()
LEVELS = {
    task: levels(config, task) if CASES["folder"] is None else levels_of_folder(config, task, len(names))
    for task, names in ALL_NAMES.items()
}
CASE_NAMES = {  # of every probe
    task: names if CASES["folder"] else names[: min(LEVELS[task])] for task, names in ALL_NAMES.items()
}
SHARDS = {task: shards_of(names, LEVELS[task]) for task, names in ALL_NAMES.items()}
SEEDS = seeds_by_noun(config)


@cache
def config_of(model):
    """The settled configuration for a model of results that are there: words for steps are the numbers of its own."""
    return config if model == config["model"] else validate({**WRITTEN, "model": model})


wildcard_constraints:
    model="|".join(map(re.escape, config["models"])),
    task="|".join(map(re.escape, CASE_NAMES)),
    shard=r"\d+",
    figure=r"fig[AB]?\d+",


def shards(task, section="cases"):
    """Names of the shards that a section takes of a task: 00, 01, ...; by default those that every section takes."""
    if CASES["folder"] is None:
        number = asked_number(config, section, task)
    else:
        number = paired_cases(config, task, len(ALL_NAMES[task])) if section == "swap" else None  # None: all
    asked = set(ALL_NAMES[task][:number])
    return [f"{index:02d}" for index, names in enumerate(SHARDS[task]) if asked.issuperset(names)]


def shard_files(pattern, model, tasks, section="cases"):
    """`pattern` for every shard that a section takes of the tasks."""
    return [
        pattern.format(model=model, task=task, shard=shard)
        for task in tasks
        for shard in shards(task, section)
    ]


def all_shards(pattern):
    """`pattern` for every shard of the tasks of `cases`, as an input function of {model}."""
    return lambda wildcards: shard_files(pattern, wildcards.model, CASES["tasks"])


def shard_of(task, case):
    """Name of the shard that holds a case."""
    return next(f"{index:02d}" for index, names in enumerate(SHARDS[task]) if case in names)


def shard_cases(wildcards):
    """Names of the cases of one shard."""
    return SHARDS[wildcards.task][int(wildcards.shard)]


def untouched_runs(*seeds, steps="all"):
    """The shards that hold the untouched runs of some seeds, by default those of `trajectory`: the input of a probe.

    The first is always that of `trajectory`, whose settings stand for all. steps: all, or ends if the probe reads no
    others; a run is not begun whose latents are not kept.
    """
    if steps == "all" and config["trajectory"]["keep"] == "ends":
        return not_kept
    nouns = dict.fromkeys(map(noun_of, [*config["trajectory"]["seeds"], *seeds]))
    files = [f"results/{{model}}/{noun}/{{task}}/{{shard}}.json" for noun in nouns]
    return files if files[1:] else files[0]


def not_kept(_wildcards):
    """An input function of rules that read every step, where only the ends are kept."""
    sys.exit(
        "error: trajectory.keep is ends, but this target reads the latents of every step; set it to all, or ask for "
        "tables/evalkit.csv, few_steps.csv, frames.csv or table1.csv alone"
    )


def whole(runs):
    """The runs as they are given; a run of the workflow stops where only their ends are kept."""
    return not_kept(None) if config["trajectory"]["keep"] == "ends" else runs


def formatted(files, wildcards):
    """What an input function returns of `untouched_runs`."""
    return files(wildcards) if callable(files) else expand(files, **wildcards)


def noun_of(seed):
    """The noun of the untouched runs of a seed."""
    return next(noun for noun, seeds in SEEDS.items() if seed in seeds)


def scored_cases(wildcards):
    """The manifest of a shard, if its task has a scorer: hours of work for videos without a score are not begun."""
    if wildcards.task not in {"rule": PUZZLES, "evalkit": vbvr.TASKS}[CASES["scorer"]]:
        other = wildcards.task in vbvr.TASKS and "set cases.scorer to evalkit, which has one, or "
        sys.exit(
            f"error: task {wildcards.task!r} has no scorer: {CASES['scorer']} knows "
            f"{'the puzzles of the embedded benchmark' if CASES['scorer'] == 'rule' else 'the tasks of VBVR-Bench'}; "
            f"{other or ''}ask for its CKA, results/{wildcards.model}/tables/fig3_cka.csv, instead of scores and figures"
        )
    return f"results/cases/{wildcards.task}/{wildcards.shard}.json"


def puzzle_cases(wildcards):
    """The manifest of a shard of puzzles, for a probe that only their own rules can read."""
    if wildcards.task not in PUZZLES:
        sys.exit(
            f"error: task {wildcards.task!r} is none of the puzzles made here, whose rules alone read this probe"
        )
    return scored_cases(wildcards)


def scorer_files(wildcards):
    """The input of scores beside the cases: EvalKit, where that scores."""
    return evalkit_files(wildcards) if CASES["scorer"] == "evalkit" else []


def scorer_threads():
    """The cores of a job that scores videos: the rules of puzzles take one, EvalKit as many as it scores at once."""
    return config["evalkit"]["at_once"] if CASES["scorer"] == "evalkit" else 1


def scorer_settings():
    """Settings of the scorer."""
    return probe_settings.scorer(config)


def settings_of(noun):
    """The settings of a noun, for the params of its rule."""
    return lambda wildcards: NOUNS[noun].settings(config_of(wildcards.model), wildcards.model)


def sampling_of(model, *keys):
    """Those of the keys that the entry of a model has."""
    return probe_settings.sampling_of(config, model, *keys)


def x0_pred_files(*tables, tasks=None):
    """By name, the tables of that name that rule x0_pred makes of the given tasks, or (None) of all that it is for."""
    tasks = tasks_of(config, "x0_pred") if tasks is None else tasks
    pattern = "results/{model}/x0_pred/{task}/{shard}_%s.csv"
    return {table: shard_files(pattern % table, config["model"], tasks) for table in tables}


def part_of(section, *left_out):
    """A section of config.yaml without the keys that a rule does not depend on."""
    return probe_settings.part_of(config, section, *left_out)


def few_steps_shards(model):
    """The scores of a model in other numbers of steps; none without a model."""
    tasks = CASES["tasks"] if model else []
    return shard_files("results/{model}/few_steps_score/{task}/{shard}.csv", model, tasks)
