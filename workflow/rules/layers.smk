"""What the rules of Figures 6 and A13 share: activations, swap and the figures themselves."""

from chainofsteps.bench.sizes import fitted_to
from chainofsteps.config.ranges import check_activations, check_shown, check_swap
from chainofsteps.probes.swap.spec import read_at_the_ends

BY_SCORES = CASES["scorer"] == "evalkit"  # so that swaps are read in the scores of their videos


def activations_trajectory(wildcards):
    """The runs whose token norms are taken, once the section activations is known to fit the configured model and every
    case to have a true clip, which says where its objects are."""
    if not CLIPS:
        sys.exit(
            "error: Figure A13 and tables/activations.csv need the true clip of each case; add ground_truth.mp4 to all and "
            "set cases.frames to null"
        )
    try:
        check_activations(config, frames_and_layers(config["models"][config["model"]])[1])
    except InputError as error:
        sys.exit(f"error: {error}")
    return formatted(untouched_runs(), wildcards)


def shown_activations(cases=False):
    """The shard that holds the run of Figure 6a, or the manifest of its cases."""
    if not SWAPPED:
        not_swapped("fig6")
    shown = config["activations"]["shown"]
    try:
        check_shown(config, CASE_NAMES)
    except InputError as error:
        sys.exit(f"error: {error}")
    folder = "results/cases" if cases else f"results/{config['model']}/activations"
    return f"{folder}/{shown['task']}/{shard_of(shown['task'], shown['case'])}.json"


@stopping
def swap_trajectory(wildcards):
    """The clean runs of the pairs, once the section swap is known to fit the configured model and the cases, as far as
    they are there. The null is read in mode full alone."""
    check_swap(config, *frames_and_layers(config["models"][config["model"]]))
    check_scored_pairs(wildcards)
    null = [config["trajectory"]["null_seed"]] if not BY_SCORES or "full" in config["swap"]["modes"] else []
    return formatted(untouched_runs(*null, steps=swap_steps()), wildcards)


def swap_steps():
    """The latents of the clean runs that swaps and their scores read: of all steps, or the ends."""
    return "ends" if BY_SCORES and read_at_the_ends(config["swap"]) else "all"


def check_scored_pairs(wildcards):
    """InputError if no two neighbours can be scored as each other. Of cases that are there: else the job says so."""
    source = CASES["source"]
    if not BY_SCORES or (source and not Path(f"results/download/{place(source)}.json").is_file()):
        return
    from chainofsteps.bench.cases import read_cases  # with numpy, which no other rule needs to pay for
    from chainofsteps.probes.swap.pairs import check_pairs

    fitted = {"frames": CASES["frames"], "fitted": fitted_to(CASES)}
    check_pairs(
        read_cases(beside_snakefile(CASES["folder"]), wildcards.task, shard_cases(wildcards), **fitted)
    )


def swap_shards():
    """The scored shards of the task whose runs are swapped; none where cases come from a folder without it."""
    tasks = [task for task in [config["swap"]["task"]] if task in CASE_NAMES]
    noun = "swap_video_score" if BY_SCORES else "swap_score"
    return shard_files(f"results/{{model}}/{noun}/{{task}}/{{shard}}.csv", config["model"], tasks, "swap")


def swap_tables(wildcards):
    """The same; a figure of swaps without them is not begun."""
    if not SWAPPED:
        not_swapped("swap")
    if not swap_shards():
        task, there = config["swap"]["task"], ", ".join(CASES["tasks"])
        sys.exit(
            f"error: swap.task {task!r} is not among cases.tasks ({there}); name one whose first frames are equal"
        )
    return swap_shards()


def not_swapped(what):
    """What is of swaps is not begun where they cannot be read."""
    if not SCORED:
        listed(what, [])(None)
    sys.exit(
        f"error: {what} needs puzzles made here, or a task of these cases, two of which are swapped: swap.task is "
        f"{config['swap']['task']!r}; give it one of cases.tasks, such as {CASES['tasks'][0]}"
    )


def matrix_cases(wildcards):
    """The targets of the layer x step matrix: the first of the task."""
    asked = config["swap"]
    return CASE_NAMES[wildcards.task][: asked["matrix_pairs"]] if asked["matrix"] else []
