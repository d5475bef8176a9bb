"""A GPU of its own for every job of a machine that has several, without SLURM. No torch here.

A job locks the number of a GPU and shows itself that one alone. The lock is the kernel's (flock), so it dies with the
job, however that ends. `snakemake --resources gpu=8` starts no more jobs than there are GPUs, so a job finds one free
and never waits.
"""

import fcntl
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError

DRIVER = Path("/proc/driver/nvidia/gpus")  # a folder for each GPU
VISIBLE = "CUDA_VISIBLE_DEVICES"


def gpus_here(environment: Mapping[str, str], driver: Path = DRIVER) -> list[str]:
    """The numbers or names of the GPUs that a job may choose among.

    None in a job of SLURM, which has given it its own; else those of CUDA_VISIBLE_DEVICES, or all that the driver has.
    """
    if "SLURM_JOB_ID" in environment:
        return []
    if VISIBLE in environment:
        return [name.strip() for name in environment[VISIBLE].split(",") if name.strip()]
    return [str(index) for index in range(len(list(driver.iterdir())))] if driver.is_dir() else []


def lock_folder() -> Path:
    """Where the locks of this user's jobs lie, on this machine."""
    return Path(tempfile.gettempdir(), f"chainofsteps-gpus-{os.getuid()}")


def claim(gpus: Sequence[str], folder: Path) -> tuple[str, int]:
    """(the first GPU that no other job holds, its lock: a file descriptor, which holds it until it is closed or the
    process ends).

    Raises InputError if all of them are held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for gpu in gpus:
        lock = os.open(folder / f"{gpu.replace('/', '_')}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return gpu, lock
        except BlockingIOError:
            os.close(lock)
    raise InputError(
        f"all GPUs of this machine are held by other jobs ({', '.join(gpus)}); start Snakemake with "
        f"--resources gpu={len(gpus)}, or less where other runs share the machine"
    )


def take_one(environment: dict[str, str], folder: Path | None = None, driver: Path = DRIVER) -> int | None:
    """Show this process one GPU alone, before anything of CUDA is loaded, and hold it until the process ends.

    Its lock, a file descriptor; None where there is nothing to choose.
    """
    gpus = gpus_here(environment, driver)
    if len(gpus) < 2:
        return None
    gpu, lock = claim(gpus, folder or lock_folder())
    environment[VISIBLE] = gpu
    return lock
