"""What the rules share. No torch, pandas or numpy here: every job of a cluster reads this file anew."""

import os
import re
import time
from dataclasses import asdict

from chainofsteps.checkpoint import INDEX, adapters_of, check_boundary, check_text_tokens, layers_of
from chainofsteps.config import check_ranges, validate, x0_pred_tasks
from chainofsteps.entries import place, sources
from chainofsteps.errors import InputError
from chainofsteps.layout import PUZZLES, case_files, case_names, task_folder
from chainofsteps.panels import panels_of
from chainofsteps.plan import EMBEDDED_FRAMES, latent_frames_of

STARTED = time.time()
CASES = config.get("cases", {})


def beside_snakefile(path):
    """A path of config.yaml, which is relative to the Snakefile, as seen from the working directory."""
    return path if os.path.isabs(path) else os.path.relpath(Path(workflow.basedir, path))


def cases_of(task):
    """Names of the configured cases of a task."""
    if CASES["folder"] is None:
        return [f"{index:05d}" for index in range(CASES["number"])]
    return case_names(beside_snakefile(CASES["folder"]), task)[: CASES["number"]]


def check_writable(name):
    """Hours of work for a folder that cannot be written are not begun."""
    place = Path(name) if os.path.lexists(name) else Path()
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise InputError(
            f"cannot write {Path(name).absolute()}; make it a writable folder, or give another --directory"
        )


def check_paths():
    """Snakemake writes these into command lines in quotes that are Python's and not a shell's."""
    for path in (Path(), workflow.basedir, *workflow.overwrite_configfiles):
        special = re.search(r"""['"\\$`{}\n]""", os.path.abspath(path))
        if special:
            raise InputError(
                f"{os.path.abspath(path)!r}: a shell might take {special[0]!r} for a command of its own; rename it"
            )


def check_shared():
    """A mistyped folder would cost what it was to save."""
    config["shared"] = [str(Path(workflow.basedir, folder)) for folder in config["shared"]]
    for folder in config["shared"]:
        if not any(Path(folder).glob("*/*/*/*.json")):
            raise InputError(f"shared: {folder} holds no results; give the results folder of another run")


def check_model(model):
    """What the small files of a checkpoint tell, if it is there: whether its experts and layers fit the settings."""
    folder = Path(beside_snakefile(model["folder"]))
    if (folder / INDEX).is_file():
        check_boundary(folder, model["boundary"])
    layers = None
    if (folder / "transformer" / "config.json").is_file():
        check_text_tokens(folder, model["max_sequence_length"])
        layers = layers_of(folder)
    latent_frames = latent_frames_of(EMBEDDED_FRAMES) if CASES["folder"] is None else None  # else: rule cases
    check_ranges(config, model["steps"], latent_frames, layers)


def check_configuration():
    """Stop at once, in one line, if the run cannot be: nothing has been written yet."""
    try:
        config["models"] = validate(config)["models"]
        check_paths()
        check_writable("results")
        check_writable("figures")
        check_shared()
        check_model(config["models"][config["model"]])
        return {
            task: cases_of(task)
            for task in {**dict.fromkeys(CASES["tasks"]), **dict.fromkeys(x0_pred_tasks(config))}
        }
    except InputError as error:
        sys.exit(f"error: {error}")


CASE_NAMES = check_configuration()


wildcard_constraints:
    model="|".join(map(re.escape, config["models"])),
    task="|".join(map(re.escape, CASE_NAMES)),
    shard=r"\d+",
    figure=r"figA?\d+",
    panel="[a-z]",


def shards(task):
    """Names of the shards of a task: 00, 01, ..."""
    return [f"{index:02d}" for index in range(-(-len(CASE_NAMES[task]) // CASES["shard_size"]))]


def shard_files(pattern, model, tasks):
    """`pattern` for every shard of the tasks."""
    return [pattern.format(model=model, task=task, shard=shard) for task in tasks for shard in shards(task)]


def all_shards(pattern):
    """`pattern` for every shard of the tasks of `cases`, as an input function of {model}."""
    return lambda wildcards: shard_files(pattern, wildcards.model, CASES["tasks"])


def shard_cases(wildcards):
    """Names of the cases of one shard."""
    first = int(wildcards.shard) * CASES["shard_size"]
    return CASE_NAMES[wildcards.task][first : first + CASES["shard_size"]]


def scored_cases(wildcards):
    """The manifest of a shard, if its task has a scorer: hours of work for videos without a score are not begun."""
    if wildcards.task not in PUZZLES:
        sys.exit(
            f"error: task {wildcards.task!r} has no scorer, only the embedded benchmark's puzzles have; "
            f"ask for its CKA, results/{wildcards.model}/tables/fig3_cka.csv, instead of scores and figures"
        )
    return f"results/cases/{wildcards.task}/{wildcards.shard}.json"


def given_files(wildcards):
    """What there is of the shard's cases in a folder of the user's; the job says what is missing."""
    if CASES["folder"] is None:
        return []
    folder = task_folder(beside_snakefile(CASES["folder"]), wildcards.task)
    return [str(path) for name in shard_cases(wildcards) for path in case_files(folder / name)]


def downloads(wildcards):
    """The manifests of what a model takes from a hub."""
    entry = config["models"][wildcards.model]
    parts = [part for part in (entry, entry.get("lora")) if part and "source" in part]
    return [f"results/download/{place(part['source'])}.json" for part in parts]


def source_of(wildcards, *keys):
    """What config.yaml says of a download; the named keys alone, if any are named."""
    source = sources(config["models"])[f"{wildcards.owner}/{wildcards.name}/{wildcards.revision}"]
    return {key: source[key] for key in keys if key in source} if keys else source


def checkpoint_files(wildcards):
    """What there is of a given checkpoint's index, parts and adapters; the job says what is missing."""
    entry = config["models"][wildcards.model]
    lora = entry.get("lora")
    adapters = adapters_of(lora_of(wildcards)).values() if lora and "source" not in lora else []
    given = [str(path) for path in adapters if path.is_file()]
    if "source" in entry:
        return given
    folder = Path(beside_snakefile(entry["folder"]))
    files = [path for path in folder.glob("*/**/*") if path.is_file()]
    shown = [
        path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return given + sorted(map(str, [*folder.glob(INDEX), *shown]))


def lora_of(wildcards):
    """A model's adapters and what they are multiplied by; None if it has none."""
    lora = config["models"][wildcards.model].get("lora")
    if not lora:
        return None
    named = {key: lora[key] for key in ("high", "low", "alpha") if key in lora}
    return {"folder": beside_snakefile(lora["folder"]), **named}


# The device is in no rule's params: where a job runs is no reason to run it again.
ENCODING = ("guidance_scale", "dtype", "max_sequence_length", "negative_prompt")
DENOISING = ("steps", "shift", "boundary", "timestep_dtype", *ENCODING)


def sampling_of(model, *keys):
    """The named sampling settings of a model, as far as they are given."""
    settings = config["models"][model]
    return {key: settings[key] for key in keys if key in settings}


def other_steps(model):
    """The numbers of steps that are run here: the model's own number has been run by the rule trajectory."""
    return [steps for steps in config["few_steps"]["steps"] if steps != config["models"][model]["steps"]]


def panels_shown(figure):
    """The panels of a figure, checked against what the configured run has: nothing is begun for one that is not there."""
    model, seeds = config["models"][config["model"]], config["trajectory"]
    try:
        shown = panels_of(config, figure)
        for panel in shown:
            panel.check(
                CASE_NAMES,
                [*seeds["seeds"], seeds["null_seed"]],
                model["steps"],
                EMBEDDED_FRAMES if CASES["folder"] is None else None,
            )
    except InputError as error:
        sys.exit(f"error: {error}")
    return shown


def panel_named(wildcards):
    """The panel of a picture file."""
    return next(panel for panel in panels_shown(wildcards.figure) if panel.panel == wildcards.panel)


def panel_trajectory(wildcards):
    """The trajectory shard that holds the run of a panel."""
    panel = panel_named(wildcards)
    shard = CASE_NAMES[panel.puzzle].index(panel.case) // CASES["shard_size"]
    return f"results/{wildcards.model}/trajectory/{panel.puzzle}/{shard:02d}.json"


def part_of(section, *left_out):
    """A section of config.yaml without the keys that a rule does not depend on."""
    return {key: value for key, value in config[section].items() if key not in left_out}


def print_results():
    """The paths that this run wrote to figures/, and what each figure shows: the first line of its summary.

    Of a verification, what it found.
    """
    found = Path(rules.verify.log[0])
    if found.exists() and found.stat().st_mtime >= STARTED:
        print(found.read_text(), end="", file=sys.stderr)
    for summary in sorted(Path("figures").glob("*.txt")):
        if summary.stat().st_mtime >= STARTED:
            files = sorted(str(path) for path in summary.parent.glob(f"{summary.stem}[._]*"))
            print("", *files, summary.read_text().partition("\n")[0], sep="\n", file=sys.stderr)
