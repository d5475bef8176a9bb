"""What the rules share. No torch, pandas or numpy here: every job of a cluster reads this file anew."""

import os
import time
from dataclasses import asdict

from chainofsteps.checkpoint import INDEX, check_boundary, layers_of
from chainofsteps.config import check_ranges, validate, x0_pred_tasks
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


def check_model(model):
    """What the small files of a checkpoint tell, if it is there: whether its experts and layers fit the settings."""
    folder = Path(beside_snakefile(model["folder"]))
    if (folder / INDEX).is_file():
        check_boundary(folder, model["boundary"])
    layers = layers_of(folder) if (folder / "transformer" / "config.json").is_file() else None
    latent_frames = latent_frames_of(EMBEDDED_FRAMES) if CASES["folder"] is None else None  # else: rule cases
    check_ranges(config, model["steps"], latent_frames, layers)


def check_configuration():
    """Stop at once, in one line, if the run cannot be: nothing has been written yet."""
    try:
        validate(config)
        check_writable("results")
        check_writable("figures")
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


def checkpoint_files(wildcards):
    """What there is of the checkpoint's index and parts; the job says what is missing."""
    folder = Path(beside_snakefile(config["models"][wildcards.model]["folder"]))
    files = [path for path in folder.glob("*/**/*") if path.is_file()]
    shown = [
        path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted(map(str, [*folder.glob(INDEX), *shown]))


# The device is in no rule's params: where a job runs is no reason to run it again.
ENCODING = ("guidance_scale", "dtype", "max_sequence_length", "negative_prompt")
DENOISING = ("steps", "shift", "boundary", "timestep_dtype", *ENCODING)


def sampling_of(model, *keys):
    """The named sampling settings of a model, as far as they are given."""
    settings = config["models"][model]
    return {key: settings[key] for key in keys if key in settings}


def part_of(section, *left_out):
    """A section of config.yaml without the keys that a rule does not depend on."""
    return {key: value for key, value in config[section].items() if key not in left_out}


def print_results():
    """The paths that this run wrote to figures/, and what each figure shows: the first line of its summary."""
    for summary in sorted(Path("figures").glob("*.txt")):
        if summary.stat().st_mtime >= STARTED:
            files = sorted(str(path) for path in summary.parent.glob(f"{summary.stem}[._]*"))
            print("", *files, summary.read_text().partition("\n")[0], sep="\n", file=sys.stderr)
