"""Runs that are cut off: three cases in one shard of the noise rule, a job that stops as it is about to keep the
second, and the run that nobody disturbed, against which what comes of the others is held.

They end with the table of CKA and the final latents, of which all scores are made: to score them, too, would take as
long again.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import yaml

from chainofsteps.files import read_json
from chainofsteps.store.reader import read_shard

ROOT, HOOKS = Path(__file__).parents[1], Path(__file__).parent / "hooks"
CASES, STEPS = 3, 2
CKA = "results/tiny/tables/fig3_cka.csv"
NOISE, TRAJECTORY = (Path("results/tiny", rule, "loop_maze/00.json") for rule in ("noise", "trajectory"))
FIRST, IN_FLIGHT = "00000-seed1", "00001-seed1"


class Run:
    """A working folder, and the drivers that are started in it with `options`."""

    def __init__(self, folder, scratch, *options):
        self.folder, self.scratch, self.options, self.drivers = folder, scratch, options or ("--cores", "2"), []
        self.counted, self.held = scratch / "counted", scratch / "held"

    def start(self, *arguments, hold=""):
        """A driver. hold: the first job that is about to keep this item waits, see `job`."""
        # a driver whose tests are gone would wait for ever
        command = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        command += [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", self.folder]
        command += ["--nocolor", *self.options, "--configfile", self.folder / "run.yaml", *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
        environment |= {"PYTHONPATH": HOOKS, "COUNTED": self.counted, "HOLD": hold, "HELD": self.held}
        # a file, since a job that outlives its driver would keep a pipe open
        with open(self.scratch / f"driver{len(self.drivers)}", "wb") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            environment = {name: str(value) for name, value in environment.items()}
            driver = subprocess.Popen([*map(str, command)], env=environment, start_new_session=True, **streams)
        driver.said = Path(output.name).read_text
        self.drivers.append(driver)
        return driver

    def ended(self, *arguments, well=True):
        """What a driver said until it ended."""
        driver = self.start(*arguments)
        status = driver.wait()
        assert status == (0 if well else 1), driver.said()
        return driver.said()

    def job(self, driver):
        """The process that is held, once there is one."""
        until(lambda: self.held.exists() and self.held.read_text(), driver)
        return int(self.held.read_text())

    def release(self):
        self.held.write_text("")

    def kept(self):
        """Times of the noise rule's items, by file; half-written ones are none."""
        return {path.name: path.stat().st_mtime_ns for path in self.folder.glob(f"{NOISE.parent}/00.*/*.safetensors")}

    def forwards(self):
        """All that ran in this folder, in whole forwards of one sample; those of a copied run are not counted."""
        return sum(map(float, self.counted.read_text().split())) if self.counted.exists() else 0.0

    def end(self):
        """Of what a failed test has left: drivers with their jobs; under SLURM, jobs that outlive it."""
        for driver in self.drivers:
            with suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # gone meanwhile, or of somebody else
                if f"HELD={self.held}".encode() in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)


def until(holds, driver):
    """Wait until `holds()`, as long as the driver is there."""
    while not holds():
        assert driver.poll() is None, driver.said()
        time.sleep(0.05)


def undisturbed(folder, scratch, checkpoint):
    """A run that nobody disturbs."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": STEPS}
    config["model"] = "tiny"
    config["cases"] |= {"tasks": ["loop_maze"], "number": CASES, "shard_size": CASES}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    run = Run(folder, scratch)
    run.ended("--", CKA)
    return run


def before_noise(whole, folder):
    """A copy, times kept, of a run as it stands before the noise rule."""
    shutil.copytree(whole.folder, folder, dirs_exist_ok=True)
    for rule in ("noise", "tables"):
        shutil.rmtree(folder / "results/tiny" / rule)
    return folder


def forwards_of_a_case(whole):
    """Of the noise rule."""
    return read_json(whole.folder / NOISE)["forwards"] / CASES


def check_as_if_undisturbed(run, whole):
    """The table byte for byte, the latents bit for bit, and nothing that is not whole."""
    assert (run.folder / CKA).read_bytes() == (whole.folder / CKA).read_bytes()
    ours, theirs = read_shard(run.folder / NOISE), read_shard(whole.folder / NOISE)
    assert ours.cases == theirs.cases
    for case in ours.cases:
        one, other = ours.load(case)[0], theirs.load(case)[0]
        assert one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
    assert not [*(run.folder / "results").rglob("*.partial")]
