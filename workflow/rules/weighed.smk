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
