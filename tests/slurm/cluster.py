"""A real SLURM of one node with fake GPUs, as children of this process: no systemd, no cgroups, no database.

Its daemons end with the process that started them, however that ends. Without cgroups nothing holds a job to its
memory or hides the other GPU's file: SLURM counts GPUs, hands them out by CUDA_VISIBLE_DEVICES, and lets jobs wait.
"""

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ETC = Path("/etc/slurm")  # no other place will do: the executor plugin drops SLURM_CONF on its way into a job
MARK = "# Written by tests/slurm/cluster.py, and removed when its tests end\n"
GPU_TYPE, GPUS = "a100", 2
# CPUs and memory are more than the machine has, and not enforced: GPUs alone are scarce, as in the tests' questions.
# MinJobAge: finished jobs stay visible to squeue and scontrol until the last test has asked for them.
SLURM_CONF = """\
ClusterName=tests
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
TaskProlog={folder}/prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
MpiDefault=none
MinJobAge=3600
KillWait=5
AccountingStorageType=accounting_storage/none
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname=localhost CPUs=16 RealMemory=1000000 Gres=gpu:{type}:{gpus}
PartitionName=gpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = "AutoDetect=off\nNodeName=localhost Name=gpu Type={type} Count={gpus} File={folder}/gpu[0-{last}]\n"
# Runs in a task's own environment just before the task.
PROLOG = """\
#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES-none}}" >> {folder}/devices
"""


@contextmanager
def cluster(folder: Path, gpus: int = GPUS) -> Iterator["Cluster"]:
    """A running SLURM that keeps all its files but two in `folder`. Raises RuntimeError if it does not come up."""
    with ExitStack() as stack:
        _claim(stack)
        names = {"folder": folder, "gpus": gpus, "last": gpus - 1, "type": GPU_TYPE}
        for name, content in (("slurm.conf", SLURM_CONF), ("gres.conf", GRES_CONF)):
            stack.callback((ETC / name).unlink, missing_ok=True)
            (ETC / name).write_text(MARK + content.format(**names))
        for name in ("state", "spool"):
            (folder / name).mkdir()
        for index in range(gpus):
            (folder / f"gpu{index}").symlink_to("/dev/null")  # SLURM asks for a device, and does not open it
        (folder / "prolog").write_text(PROLOG.format(**names))
        (folder / "prolog").chmod(0o755)
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o400)
        kept = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "pid", "seed")]
        # --force: the folder is root's alone, which munged takes for a mistake
        _daemon(stack, folder, "munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *kept)
        _until(lambda: (folder / "munge.socket").exists(), "munged does not come up", folder)
        _daemon(stack, folder, "slurmctld", "-D", "-c")
        _daemon(stack, folder, "slurmd", "-D", "-c", "-N", "localhost")
        up = ["sinfo", "--noheader", "--format=%T"]
        _until(lambda: _said(*up, check=False).strip() == "idle", "SLURM does not come up", folder)
        running = Cluster(folder)
        stack.callback(running.end_jobs)
        yield running


class Cluster:
    """What can be asked of a running cluster, of jobs past and present."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def jobs(self) -> list[dict[str, str]]:
        """All jobs since the cluster came up, as scontrol describes them; "Rule": of which rule."""
        found = []
        for line in _said("scontrol", "show", "job", "--details", "--oneliner").splitlines():
            job = dict(field.partition("=")[::2] for field in line.split())
            if "JobId" in job:  # scontrol says a sentence where there are none
                job["Rule"] = job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]
                found.append(job)
        return found

    def devices(self) -> dict[str, list[str]]:
        """CUDA_VISIBLE_DEVICES ("none" if it was not set) in each job: in its script, then in each step of that."""
        seen: dict[str, list[str]] = {}
        for line in (self.folder / "devices").read_text().splitlines():
            job, device = line.split(maxsplit=1)
            seen.setdefault(job, []).append(device)
        return seen

    def end_jobs(self) -> None:
        """Cancel what is left and wait for it: a job outlives slurmd."""
        _said("scancel", "--user=root")
        _until(lambda: not _said("squeue", "--noheader"), "jobs do not end", self.folder)


def _claim(stack: ExitStack) -> None:
    """The machine's one place for a SLURM configuration, unless it has a SLURM of its own or a run like this one."""
    ETC.mkdir(exist_ok=True)
    lock = os.open(ETC, os.O_RDONLY)
    stack.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RuntimeError("these tests already run on this machine: wait for them to end") from None
    for name in ("slurm.conf", "gres.conf"):
        if (ETC / name).exists() and not (ETC / name).read_text().startswith(MARK):
            raise RuntimeError(f"this machine has a SLURM of its own ({ETC / name}): run the tests where there is none")


def _daemon(stack: ExitStack, folder: Path, *command: str) -> None:
    """Start a daemon in the foreground, to be ended with `stack`, or by the kernel should this process be killed."""
    with open(folder / f"{command[0]}.out", "wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then end jobs and daemons in order
        )
    stack.callback(_end, process)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _said(*command: str, check: bool = True) -> str:
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def _until(holds, otherwise: str, folder: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            written = [*folder.glob("*.log"), *folder.glob("*.out")]
            logs = [f"{path.name}:\n{path.read_text()[-2000:]}" for path in written]
            raise RuntimeError("\n".join([otherwise, *logs]))
        time.sleep(0.1)
