"""A Python that an official scorer can run in: of its own, since nothing else here needs such a version of OpenCV.

Read in that environment too, and in every job by the Snakefile: the standard library alone, but for `made`, which
runs in ours.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...files import read_json
from .kits import EVALKIT, KITS, About

CHILD = Path(__file__).with_name("child.py")
VERSIONS = ("opencv", "packages")  # in the manifest of a kit


def ask(python: str, question: dict[str, Any], timeout: float | None = None) -> dict[str, Any]:
    """The answer of child.py in a Python, on as many threads as the question says.

    InputError with the last line that it wrote if it fails; subprocess.TimeoutExpired after `timeout` seconds, and
    the process is ended.
    """
    threads = str(question.get("threads", 1))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    environment["CUDA_VISIBLE_DEVICES"] = ""  # text is read on the CPU: the same scores on every machine
    # isolated, so that nothing beside the script is imported; and the kit's folder stays as it was downloaded
    command, asked = [python, "-I", "-B", str(CHILD)], json.dumps(question)
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, encoding="utf-8", timeout=timeout, env=environment
        )
    except OSError as error:
        raise InputError(f"cannot run {python}: {error.strerror}; check evalkit.python") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise InputError(said[-1])
    return json.loads(done.stdout)


def versions_of(python: str, about: About = KITS[EVALKIT]) -> dict[str, str]:
    """The versions (opencv, packages) of what a Python has for a scorer. InputError if something is missing, or if the
    scorer cannot be trusted on it."""
    try:
        return ask(python, {"needs": about.needs, "reads_text": about.reads_text})
    except InputError as error:
        wanted = ", ".join(("opencv-python-headless>=4.10,<5", *about.needs))
        raise InputError(
            f"{python} cannot run {about.name} ({error}); give evalkit.python one with {wanted}, or null to have one "
            "made"
        ) from error


def found_or_made(
    given: str | None, environment: str | Path, folder: str | Path, about: About = KITS[EVALKIT]
) -> dict[str, str]:
    """The given Python and its versions; else of this one, if Snakemake runs it in the scorer's own conda environment;
    else of one that is made in `folder`. Keys: python, opencv, packages."""
    if given:
        return {"python": given, **versions_of(given, about)}
    try:
        return {"python": sys.executable, **versions_of(sys.executable, about)}
    except InputError:
        python = made(environment, Path(folder))
        return {"python": python, **versions_of(python, about)}


def made(environment: str | Path, folder: Path) -> str:
    """The Python of a virtual environment in `folder`, made if missing, with the packages of a conda `environment`
    file. InputError if they cannot be had."""
    from huggingface_hub.utils import WeakFileLock

    python, whole = folder / "bin" / "python", folder / ".whole"
    if not whole.is_file():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(folder.with_name(f".{folder.name}.lock")):  # another run may want the same
                if not whole.is_file():
                    _make(environment, folder)
                    whole.touch()
        except OSError as error:
            raise InputError(f"cannot write {folder}: {error.strerror}; set models_folder to a writable one") from error
    return str(python)


def _make(environment: str | Path, folder: Path) -> None:
    import yaml

    packages = yaml.safe_load(Path(environment).read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    python = str(folder / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise InputError(
            f"the environment of the scorer was not made ({said[-1]}); run again with a network, or give evalkit.python"
        )


# ---- what the manifest of a kit says of its Python


def check_python(manifest: str | Path, asked: str | None) -> None:
    """InputError if the Python of a kit's manifest has gone. asked: the configured one; another is looked for anew."""
    if not Path(manifest).is_file():
        return
    python = read_json(manifest)["python"]
    if asked in (None, python) and shutil.which(python) is None:
        raise InputError(
            f"{manifest} names {python}, which is not there any more; put it back, or delete {manifest} and run again"
        )


def with_kit(settings: Mapping[str, Any], key: str, manifest: str | Path | None) -> dict[str, Any]:
    """Settings of scores, with what only the manifest of the kit knows under the key that names the kit: the versions
    of what it runs with, and the hash of its source where config.yaml has none.

    Settings without that key are of scores that no kit gives, and nothing is added to them.
    """
    if key not in settings:
        return dict(settings)
    kit = read_json(manifest)
    asked = {name: kit["source"] if value is None else value for name, value in settings[key].items()}
    return {**settings, key: {**asked, **{name: kit[name] for name in VERSIONS if kit.get(name)}}}
