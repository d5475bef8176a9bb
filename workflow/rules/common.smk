"""What the rules share. No torch, pandas or numpy here: every job of a cluster reads this file anew."""

import os
import time

from chainofsteps.config import check_ranges, validate
from chainofsteps.errors import InputError
from chainofsteps.plan import EMBEDDED_FRAMES, VAE_STRIDE

STARTED = time.time()
CASES = config.get("cases", {})
TASK_FOLDERS = ("In-Domain_50", "Out-of-Domain_50")


def beside_snakefile(path):
    """A path of config.yaml, which is relative to the Snakefile, as seen from the working directory."""
    return path if os.path.isabs(path) else os.path.relpath(Path(workflow.basedir, path))


def cases_of(task):
    """Names of the configured cases of a task."""
    if CASES["folder"] is None:
        return [f"{index:05d}" for index in range(CASES["number"])]
    folders = [Path(beside_snakefile(CASES["folder"]), split, task) for split in TASK_FOLDERS]
    names = sorted(
        entry.name for folder in folders if folder.is_dir() for entry in os.scandir(folder) if entry.is_dir()
    )
    if not names:
        raise InputError(
            f"cases.folder: {CASES['folder']} has no cases of task {task!r}; it must hold {folders[0]}"
        )
    return names[: CASES["number"]]


def check_configuration():
    """Stop at once, in one line, if the run cannot be: nothing has been written yet."""
    try:
        validate(config)
        latent_frames = (EMBEDDED_FRAMES - 1) // VAE_STRIDE + 1 if CASES["folder"] is None else None
        check_ranges(config, config["models"][config["model"]]["steps"], latent_frames)
        return {task: cases_of(task) for task in CASES["tasks"]}
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


def all_shards(pattern):
    """`pattern` for every shard of every task, as an input function of {model}."""
    return lambda wildcards: [
        pattern.format(model=wildcards.model, task=task, shard=shard)
        for task in CASE_NAMES
        for shard in shards(task)
    ]


def shard_cases(wildcards):
    """Names of the cases of one shard."""
    first = int(wildcards.shard) * CASES["shard_size"]
    return CASE_NAMES[wildcards.task][first : first + CASES["shard_size"]]


def scored_cases(wildcards):
    """The manifest of a shard, if its task has a scorer: hours of work for videos without a score are not begun."""
    if not Path(workflow.basedir, "src", "chainofsteps", "puzzles", f"{wildcards.task}.py").is_file():
        sys.exit(
            f"error: task {wildcards.task!r} has no scorer, only the embedded benchmark's puzzles have; "
            "ask for results/<model>/noise/<task>/<shard>.json instead of scores and figures"
        )
    return f"results/cases/{wildcards.task}/{wildcards.shard}.json"


def case_files(wildcards):
    """What there is of the shard's cases in a folder of the user's; the job says what is missing."""
    if CASES["folder"] is None:
        return []
    root = Path(beside_snakefile(CASES["folder"]))
    folders = (
        root / split / wildcards.task / name for split in TASK_FOLDERS for name in shard_cases(wildcards)
    )
    return sorted(str(path) for folder in folders for path in folder.glob("*.*"))


def checkpoint_files(wildcards):
    """What there is of the checkpoint; the job says what is missing."""
    folder = Path(beside_snakefile(config["models"][wildcards.model]["folder"]))
    return sorted(str(path) for path in [*folder.glob("*/*.safetensors"), *folder.glob("*/*.json")])


def sampling_of(model, *keys):
    """The sampling settings of a model: all, or those named."""
    settings = config["models"][model]
    return {key: settings[key] for key in keys or settings if key in settings and key != "folder"}


def part_of(section, *left_out):
    """A section of config.yaml without the keys that a rule does not depend on."""
    return {key: value for key, value in config[section].items() if key not in left_out}


def print_results():
    """The paths that this run wrote to figures/, and what each figure shows: the first line of its summary."""
    for summary in sorted(Path("figures").glob("*.txt")):
        if summary.stat().st_mtime >= STARTED:
            files = sorted(str(path) for path in summary.parent.glob(f"{summary.stem}[._]*"))
            print("", *files, summary.read_text().partition("\n")[0], sep="\n", file=sys.stderr)
