"""Where EvalKit and its Python are, and what it scores: shared by its own rules and by those of other scores."""

from chainofsteps.bench.evalkit.kits import KITS
from chainofsteps.bench.evalkit.python import check_python, with_kit

ABOUT_KIT = KITS[config["evalkit"]["repo"]]


def evalkit_folder(name):
    """Where something of EvalKit lies that every run shares, beside the downloaded models."""
    return beside_snakefile(Path(config["models_folder"], "evalkit", name))


def evalkit_source_folder():
    """Where the kit's source lies, or will lie."""
    given = config["evalkit"]["folder"]
    return beside_snakefile(given) if given else evalkit_folder(config["evalkit"]["commit"])


@stopping
def evalkit_given(_wildcards):
    """No file, once it is known that a configured folder is there: nothing is downloaded to a mistyped place."""
    if config["evalkit"]["folder"] and not Path(evalkit_source_folder()).is_dir():
        raise InputError(
            f"evalkit.folder: {evalkit_source_folder()} is not there; give a checkout of {config['evalkit']['repo']}, or "
            "null for a download"
        )
    return []


def evalkit_command():
    """The configured Python: a path, which is relative to the Snakefile, or a name that PATH knows."""
    python = config["evalkit"]["python"]
    return os.path.join(os.curdir, beside_snakefile(python)) if python and "/" in python else python


@stopping
def evalkit_files(_wildcards):
    """The manifest of EvalKit and of a Python for it, once it is known that neither has gone since."""
    evalkit_given(_wildcards)
    check_there(rules.evalkit_source.output.manifest, evalkit_source_folder())
    check_python(rules.evalkit_python.output.manifest, evalkit_command())
    return rules.evalkit_python.output.manifest


def evalkit_tasks():
    """The tasks of `cases` that the scorer knows."""
    return [task for task in CASES["tasks"] if task in ABOUT_KIT.evaluators]


def evalkit_shards(_wildcards):
    """The scores of all tasks that the scorer knows."""
    if not evalkit_tasks():
        puzzles = [task for task in vbvr.COUNTERPARTS if task in ABOUT_KIT.evaluators]
        sys.exit(
            f"error: {ABOUT_KIT.name} has an evaluator for none of cases.tasks ({', '.join(CASES['tasks'])}); take "
            f"{', or '.join([f'tasks of {ABOUT_KIT.bench}', *puzzles])}"
        )
    return shard_files("results/{model}/evalkit/{task}/{shard}.csv", config["model"], evalkit_tasks())
