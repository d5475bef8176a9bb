# Which shards and tables of candidate answers a rule takes.


def weighed(pattern):
    """`pattern` for every shard of the tasks of `candidates`, as an input function of {model}."""
    tasks = tasks_of(config, "candidates")
    return lambda wildcards: [
        pattern.format(model=wildcards.model, task=task, shard=shard)
        for task in tasks
        for shard in all_shards_of(task)
    ]


def candidate_tables(table):
    """The tables of that name of all shards, those of the cases that only this probe takes among them."""
    pattern = f"results/{config['model']}/candidates/{{task}}/{{shard}}_{table}.csv"
    tasks = [task for task in tasks_of(config, "candidates") if task in PUZZLES]
    return [pattern.format(task=task, shard=shard) for task in tasks for shard in all_shards_of(task)]


def calibrated():
    """The calibration of the cases of every probe, of the puzzles with several right answers."""
    tasks = [task for task in tasks_of(config, "candidates") if task in SEVERAL_ANSWERS]
    return shard_files("results/{model}/calibration/{task}/{shard}.csv", config["model"], tasks)


def answer_tables():
    """What the reader of pixels finds in blends, of the puzzles with several right answers."""
    tasks = [task for task in tasks_of(config, "candidates") if task in SEVERAL_ANSWERS]
    pattern = f"results/{config['model']}/answers/{{task}}/{{shard}}_blends.csv"
    return [pattern.format(task=task, shard=shard) for task in tasks for shard in all_shards_of(task)]


def ideal_tasks():
    """The tasks of Figure 3 whose ideal denoiser has several answers to choose from."""
    return [task for task in CASES["tasks"] if task in SEVERAL_ANSWERS]
