# Which shards and tables of candidate answers a rule takes.


def weighed(pattern, model, among=None):
    """`pattern` for every shard of the tasks of `candidates`, those of the cases that only this probe takes too.

    among: tasks outside of these are left out.
    """
    tasks = [task for task in tasks_of(config, "candidates") if among is None or task in among]
    return shard_files(pattern, model, tasks, "candidates")


def candidate_tables(table):
    """The tables of that name of all runs of puzzles."""
    return weighed(f"results/{{model}}/candidates/{{task}}/{{shard}}_{table}.csv", config["model"], PUZZLES)


def several(tasks):
    """Those of the tasks whose ideal denoiser has several answers to choose from."""
    return [task for task in tasks if task in SEVERAL_ANSWERS]


def read_shards(pattern):
    """`pattern` for every shard of the puzzles of the linear readout."""
    tasks = [task for task in tasks_of(config, "linear_readout") if task in PUZZLES]
    return shard_files(pattern, config["model"], tasks, "linear_readout")


LADDER = config["ladder"]["models"] if CASES["folder"] is None else []  # its puzzles are made here


def ladder_shards(pattern):
    """`pattern` for every shard of the puzzles of the ladder, of the configured model."""
    return shard_files(pattern, config["model"], config["ladder"]["tasks"], "ladder") if LADDER else []


def no_ladder(wildcards):
    """A figure of no model is not begun."""
    sys.exit(
        "error: Figure B3 is of puzzles made here (cases.folder: null) and of the models that ladder.models names: "
        "entries of `models` that share the configured model's VAE and encoders"
    )


ladder_models = [f"results/{model}/ladder/all/00.csv" for model in LADDER] or no_ladder
