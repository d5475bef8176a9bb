"""What the runs of a work folder were begun with, so that other options are refused and not silently without effect.

The note, `begun.json`, lies beside a run's checkpoint. A run of an older version has none and goes on as it is.
"""

from pathlib import Path

from ..errors import InputError
from ..files import load_tensors, read_json, write_json

NOTE = "begun.json"
FURTHER = {"vae": "--vae-from", "decoder": "--vae-from", "dit": "--dit-from"}  # what trains on what a stage made


def check_source(run: Path, begin_with: Path | None) -> None:
    """InputError if ``begin_with`` is given and a run was begun with something else."""
    if begin_with is None or not (run / NOTE).exists():
        return
    source = read_json(run / NOTE)["from"]
    if source != str(begin_with.resolve()):
        was = f"{run} was begun from {source or 'nothing'}, not from {begin_with}"
        raise InputError(f"{was}; leave that out, or give another --work")


def begin(run: Path, stage: str, steps: int, begin_with: Path | None = None) -> None:
    """Note what a run of a stage is begun with; InputError if it is there and was begun with something else.

    One that has not ended may end sooner or later than was said; one that has ended is not gone on with.
    """
    note, checkpoint = run / NOTE, run / "checkpoint.safetensors"
    if not checkpoint.exists():
        write_json(note, {"steps": steps, "from": str(begin_with.resolve()) if begin_with else None})
    elif note.exists():
        check_source(run, begin_with)
        begun, done = read_json(note), int(load_tensors(checkpoint)[1]["step"])
        end = begun["steps"]
        if steps != end and (done >= end or steps < done):
            further = f"; to train on, give another --work and {FURTHER[stage]}" if stage in FURTHER else ""
            raise InputError(f"{run} is at step {done} of {end}, not of {steps}; give --{stage}-steps {end}{further}")
        write_json(note, begun | {"steps": steps})
