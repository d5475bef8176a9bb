"""The jobs that a target still needs: those of a dry run of Snakemake, which makes nothing. No torch here.

So only the workflow knows the graph of jobs, and finished jobs are not counted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError

ROOT = Path(__file__).parents[3]  # the Snakefile's folder: what paths of the configuration are relative to
BLOCK = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)*)", re.M)
LISTED = re.compile(r"^job +count\n[- ]+\n(?:\w+ +\d+\n)*total +(\d+)$", re.M)


@dataclass(frozen=True)
class Job:
    """One job: its rule, and the values of the rule's wildcards by their names."""

    rule: str
    wildcards: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join([self.rule, "/".join(self.wildcards.values())]).strip()


def jobs_of(config: Mapping[str, Any], targets: Sequence[str], directory: str | Path = ".") -> list[Job]:
    """The jobs that Snakemake would run for the targets in a working folder, less those that only name other files.

    config: as `load_config` gives it. InputError, with Snakemake's own words, if it knows no such target or refuses
    the configuration.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "config.yaml")
        unlimited = {**config, "gpu_memory_gb": None}  # else it would stop before the plan can show the jobs
        file.write_text(yaml.safe_dump(_plain(unlimited)), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", directory, "-n"]
        command += ["--nocolor", "--cores", "1", "--quiet", "host", "--configfile", file, "--", *targets]
        environment = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "env": environment}
        run = subprocess.run([*map(str, command)], **streams)
    if run.returncode:
        raise InputError(_reason(run.stdout, targets))
    return read_jobs(run.stdout)


def read_jobs(printed: str) -> list[Job]:
    """The jobs that a dry run printed. InputError if some of them cannot be read: too few jobs would be no plan."""
    blocks = BLOCK.findall(printed)
    listed = LISTED.search(printed)
    if len(blocks) != (int(listed[1]) if listed else 0):
        raise InputError(
            f"of the {listed[1] if listed else 0} jobs that Snakemake's dry run lists, {len(blocks)} could be read; "
            "is this the version of Snakemake that requirements.lock names?"
        )
    return [Job(rule, _wildcards(body)) for rule, body in blocks if re.search(r"^    (output|log):", body, re.M)]


def _wildcards(body: str) -> dict[str, str]:
    listed = re.search(r"^    wildcards: (.*)$", body, re.M)
    pairs = listed[1].split(", ") if listed else []  # no name has a comma or a blank in it
    return dict(pair.split("=", 1) for pair in pairs)


def _reason(printed: str, targets: Sequence[str]) -> str:
    """Snakemake's reason in one line."""
    ours = re.search(r"^error: (.*)$", printed, re.M)
    if ours:
        return ours[1]
    if re.search(r"^(MissingRuleException|MissingInputException)", printed, re.M):
        return f"Snakemake knows no way to make {', '.join(targets)}; figures/README.md lists the paths that it makes"
    lines = [text.strip() for text in printed.splitlines() if text.strip()]
    return f"snakemake -n {' '.join(targets)} failed: {' '.join(lines[-3:])}"


def _plain(content: Any) -> Any:
    """Without the classes that Snakemake's own configuration may have, which YAML would not write."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    return content
