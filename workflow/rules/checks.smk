"""What must hold around a run before it begins: folders, paths, results of other runs, the profile."""

import os
import re

from chainofsteps.errors import InputError
from chainofsteps.store.network import check_patience


def check_writable(name):
    """Hours of work for a folder that cannot be written are not begun."""
    place = Path(name) if os.path.lexists(name) else Path()
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise InputError(
            f"cannot write {Path(name).absolute()}; make it a writable folder, or give another --directory"
        )


def check_paths():
    """Snakemake writes these into command lines in quotes that are Python's and not a shell's."""
    for path in (Path(), ROOT, *workflow.overwrite_configfiles):
        special = re.search(r"""['"\\$`{}\n]""", os.path.abspath(path))
        if special:
            raise InputError(
                f"{os.path.abspath(path)!r}: a shell might take {special[0]!r} for a command of its own; rename it"
            )
    special = re.search(r"""['"\\$`{}\s;&|<>()*?[]""", sys.executable)
    if special:  # scripts are run by it, and it stands in no quotes at all
        raise InputError(
            f"{sys.executable!r}: Snakemake hands this path to a shell without quotes, which {special[0]!r} would "
            "break; move this Python"
        )


def check_shared():
    """A mistyped folder would cost what it was to save."""
    config["shared"] = [str(ROOT / folder) for folder in config["shared"]]
    for folder in config["shared"]:
        if not any(Path(folder).glob("*/*/*/*.json")):
            raise InputError(f"shared: {folder} holds no results; give the results folder of another run")


def check_gpu_types():
    """Snakemake's SLURM executor takes a gpu_model without dashes alone, and says so in the first GPU job."""
    for rule, resources in workflow.resource_settings.overwrite_resources.items():
        kind = resources.get("gpu_model")
        kind = str(getattr(kind, "raw", kind) or "").strip("'\"")
        if kind and not re.fullmatch(r"[\w.]+", kind):
            raise InputError(
                f"gpu_model of {rule} is {kind!r}, of which Snakemake's SLURM executor takes letters, digits, _ and . "
                f"alone; in the profile write `gpu: 0` and `slurm_extra: \"'--gpus-per-node={kind}:1'\"` in its place"
            )
