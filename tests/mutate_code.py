"""Would the quick tests notice a small fault in the code? `make mutate-code` puts a hundred in, one at a time.

One fault in each of a hundred modules, drawn by a seed (tests/mutants.py), and those written by hand
(tests/mutants_known.py). A copy of the tree gets the fault. The tests that mirror the module run first; if they pass,
those that import it. In the end the tests that noticed run on the copy without a fault, where they must pass. Exit
status 1 if more than 3% survive. `make mutate-code ARGS="probes/swap"` takes a part.
"""

import argparse
import importlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from mutants import PACKAGE, ROOT, drawn, modules
from mutants_known import EQUIVALENT, KNOWN

MOST = 0.03  # share of survivors
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py(?:::.+?)?)(?: - .*)?$", re.MULTILINE)
VENV = f"{os.sep}.venv{os.sep}"
# of modules that nobody imports by name: the plan and the nouns gather them from the folders of the probes
FOUND_BY_NAME = {"count.py": ["tests/plan/test_plan_numbers.py"], "nouns.py": ["tests/probes/test_nouns.py"]}
LIBRARIES = ("torch", "diffusers", "transformers", "pandas", "scipy.stats", "seaborn", "hypothesis", "snakemake.api")
KILLED, SURVIVED, TIMEOUT = "killed", "SURVIVED", "TIMEOUT"


def copied(folder: Path) -> Path:
    """A copy of what git knows or would take, with what was changed and not committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


class Tests:
    """Which tests a module ought to trip, by the names and the imports of the files."""

    def __init__(self) -> None:
        files = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "scripts").glob("*.py")])
        self.texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}
        self.tests = [
            name for name in self.texts if re.match(r"tests/(?!slurm/|house/test_recipes).*test_\w+\.py", name)
        ]

    def mirror(self, module: str) -> list[str]:
        """The tests named as the module in the folder that mirrors its own; else those named as its folder."""
        *folder, stem = module.removesuffix("/__init__.py").removesuffix(".py").split("/")
        while True:
            here = [test for test in self.tests if test.split("/")[1:-1] == folder]
            found = [test for test in here if stem.lower() in test.split("/")[-1].lower()]
            if found or not folder:
                return found
            *folder, stem = folder

    def folder(self, module: str) -> list[str]:
        return [test for test in self.tests if test.split("/")[1:-1] == module.split("/")[:-1]]

    def importers(self, module: str) -> list[str]:
        """The tests that import the module, or a helper beside the tests or a script that imports it."""
        name = module.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        parent, _, last = f"chainofsteps.{name}".rpartition(".")
        asked = rf"chainofsteps\.{re.escape(name)}\b|from {re.escape(parent)} import (?:\(\s*)?(?:[\w, \n]*\b)?{last}\b"
        found = {file for file, text in self.texts.items() if re.search(asked, text)}
        helpers = {Path(file).stem for file in found if not Path(file).name.startswith("test_")} - {"conftest"}
        if any(file.startswith("scripts/") for file in found):
            helpers.add("jobs")  # the helper that runs the scripts
        asked = rf"(?:from|import) (?:tests\.\w+\.)?(?:{'|'.join(helpers)})\b"
        found |= {file for file, text in self.texts.items() if helpers and re.search(asked, text)}
        return [test for test in self.tests if test in found]

    def rounds(self, module: str) -> list[list[str]]:
        """Its mirror: the tests named as it, else those of its folder; then all that import it."""
        importers, known = self.importers(module), FOUND_BY_NAME.get(module.split("/")[-1], [])
        folder = sorted(self.folder(module), key=lambda test: test not in importers)
        return [self.mirror(module) or known or folder, importers]


def in_this_process(folder: Path, said: Path, arguments: Sequence[str]) -> None:
    """pytest in a forked process: in a copy of the tree, with its exit status; what it prints goes to a file."""
    os.setsid()
    os.chdir(folder)
    os.environ |= {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    sys.dont_write_bytecode = True
    sys.path[:] = [str(folder), *(entry for entry in sys.path if not Path(entry).is_relative_to(ROOT) or VENV in entry)]
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--tb=line", *arguments]))


class Copy:
    """A copy of the tree in which tests run, in forks of a process that has the libraries. limit: seconds of a run."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.root, self.said, self.limit = copied(folder / "tree"), folder / "said.txt", limit
        for name in LIBRARIES:
            importlib.import_module(name)

    def pytest(self, *arguments: str, limit: float | None = None) -> tuple[int | None, str]:
        """(exit status, None after the limit; what was printed)."""
        given = (self.root, self.said, arguments)
        process = multiprocessing.get_context("fork").Process(target=in_this_process, args=given)
        process.start()
        process.join(limit or self.limit)
        if process.exitcode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return None, ""
        said = self.said.read_text(errors="replace")
        if process.exitcode not in (0, 1, 2, 5):
            raise RuntimeError(f"pytest {' '.join(arguments)} ended with {process.exitcode}: {said[-2000:]}")
        return process.exitcode, said

    def tried(self, path: str, source: str, rounds: Sequence[Sequence[str]]) -> tuple[str, str]:
        """(what came of a module's other source, the test that noticed)."""
        file = self.root / path
        before, ran, outcome = file.read_text(), set(), SURVIVED
        file.write_text(source)
        try:
            for tests in rounds:
                if not (left := [test for test in tests if test not in ran]):
                    continue
                status, said = self.pytest("-x", *left)
                ran.update(left)
                outcome = TIMEOUT if status is None else outcome
                if status in (1, 2):
                    return KILLED, FAILED.search(said)[1]
        finally:
            file.write_text(before)
        return outcome, ""


def known() -> list[tuple[str, str, str, list[list[str]]]]:
    """(path, change, source, tests) of the faults written by hand; each old text must be there exactly once."""
    found = []
    for module, old, new, tests in KNOWN:
        text = (PACKAGE / module).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"tests/mutants_known.py: {module} has {old!r} {text.count(old)} times and not once")
        found.append((module, f"{module}: {old}  ->  {new}", text.replace(old, new), [tests]))
    return found


def chosen(options: argparse.Namespace) -> list[tuple[str, str, str, list[list[str]]]]:
    """(path, change, source, tests) of the faults that the seed draws."""
    tests, found = Tests(), []
    for module in modules(options.seed, options.parts):
        faults = drawn(module, (PACKAGE / module).read_text(), options.seed)
        faults = [fault for fault in faults if fault.change not in EQUIVALENT.get(module, {})][: options.each]
        rounds = tests.rounds(module)
        found += [(module, f"{module}:{fault.line}: {fault.change}", fault.source, rounds) for fault in faults]
    return found[options.skip : options.number]


def stale() -> list[str]:
    """Faults that are listed as equivalent and that no seed can draw any more."""
    found = []
    for module, changes in EQUIVALENT.items():
        there = {fault.change for fault in drawn(module, (PACKAGE / module).read_text(), 0)}
        found += [f"{module}: {change}" for change in changes if change not in there]
    return found


def void(copy: Copy, noticed: Iterable[str]) -> list[str]:
    """The tests that fail without any fault: what they noticed counts for nothing."""
    found = []
    for within, options in (True, ()), (False, ("--collect-only",)):  # what cannot even be collected is a whole file
        if tests := sorted({test for test in noticed if ("::" in test) == within}):
            status, said = copy.pytest(*options, *tests, limit=3600)
            if status is None:
                raise RuntimeError("the tests that noticed take over an hour without any fault")
            found += FAILED.findall(said)
    return found


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="modules or folders below src/chainofsteps; none: all, and the known")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0, help="so many of them, which were tried before")
    parser.add_argument("--each", type=int, default=1, help="faults of a module")
    parser.add_argument("--limit", type=float, default=120, help="seconds of one run of tests")
    parser.add_argument("--known", action="store_true", help="those written by hand alone")
    parser.add_argument("--list", action="store_true", help="the faults, without any test")
    options = parser.parse_args(arguments)
    if rotten := stale():
        raise SystemExit("tests/mutants_known.py: no longer there: " + "; ".join(rotten))
    faults = ([] if options.known else chosen(options)) + ([] if options.parts else known())
    if not faults:
        raise SystemExit(f"src/chainofsteps has no code that begins with {' or '.join(options.parts)}")
    if options.list:
        print(*(change for _, change, _, _ in faults), sep="\n")
        return False
    with tempfile.TemporaryDirectory() as folder:
        copy, survivors, noticed = Copy(Path(folder), options.limit), [], {}
        for module, change, source, rounds in faults:
            began = time.monotonic()
            outcome, test = copy.tried(f"src/chainofsteps/{module}", source, rounds)
            seconds = time.monotonic() - began
            print(f"{outcome} {seconds:.0f} s {textwrap.shorten(change, 300)}  [{test}]", flush=True)
            if outcome == KILLED:
                noticed[change] = test
            else:
                survivors.append(f"{outcome} {change}")
        failing = void(copy, noticed.values())
    survivors += [f"VOID {change}: {test} fails without it" for change, test in noticed.items() if test in failing]
    share = len(survivors) / max(1, len(faults))
    print(*survivors, f"{len(faults)} faults, {len(survivors)} survive: {share:.1%}", sep="\n")
    return share > MOST


if __name__ == "__main__":
    sys.exit(main())
