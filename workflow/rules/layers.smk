"""What the rules of Figures 6 and A13 share: activations, swap and the figures themselves."""

from chainofsteps.config.ranges import check_activations, check_shown, check_swap


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
    if not LISTED:
        listed("fig6", [])(None)
    shown = config["activations"]["shown"]
    try:
        check_shown(config, CASE_NAMES)
    except InputError as error:
        sys.exit(f"error: {error}")
    shard = CASE_NAMES[shown["task"]].index(shown["case"]) // CASES["shard_size"]
    folder = "results/cases" if cases else f"results/{config['model']}/activations"
    return f"{folder}/{shown['task']}/{shard:02d}.json"


def swap_trajectory(wildcards):
    """The clean runs of the pairs, once the section swap is known to fit the configured model."""
    try:
        check_swap(config, *frames_and_layers(config["models"][config["model"]]))
    except InputError as error:
        sys.exit(f"error: {error}")
    return formatted(untouched_runs(config["trajectory"]["null_seed"]), wildcards)


def swap_shards():
    """The scored shards of the task whose runs are swapped; none where cases come from a folder without it."""
    tasks = [task for task in [config["swap"]["task"]] if task in CASE_NAMES]
    return shard_files("results/{model}/swap_score/{task}/{shard}.csv", config["model"], tasks, "swap")


def swap_tables(wildcards):
    """The same; a figure of swaps without them is not begun."""
    if not LISTED:
        listed("swap", [])(wildcards)
    if not swap_shards():
        task, there = config["swap"]["task"], ", ".join(CASES["tasks"])
        sys.exit(
            f"error: swap.task {task!r} is not among cases.tasks ({there}); name one whose first frames are equal"
        )
    return swap_shards()


def matrix_cases(wildcards):
    """The targets of the layer x step matrix: the first of the task."""
    asked = config["swap"]
    return CASE_NAMES[wildcards.task][: asked["matrix_pairs"]] if asked["matrix"] else []
