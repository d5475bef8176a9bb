"""Arrows go down: no room imports from a room above it, no two modules import each other, and the root is light."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import chainofsteps

PACKAGE = Path(chainofsteps.__file__).parent
# From the ground up: a room may import from itself and from the rooms before it. figures and claims know nothing of
# each other, and no probe knows the configuration or the plan.
ROOMS = (
    "ground",
    "model",
    "run",
    "store",
    "bench",
    "probes",
    "claims",
    "config",
    "plan",
    "figures",
    "explorer",
    "training",
    "api",
    "__main__",
)
APART = {("figures", "claims"), ("claims", "figures")}


def modules() -> dict[str, Path]:
    """Paths of the package's modules, by their dotted names below the package."""
    named = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def room_of(module: str) -> str:
    first = module.partition(".")[0]
    return first if first in ROOMS else "ground"


def imports_of(module: str, path: Path, known) -> set[str]:
    """The package's modules that a module imports, at any depth of its code and for types too."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = package.split(".") if package else []
            base = base[: len(base) - node.level + 1]
        elif node.module and node.module.partition(".")[0] == "chainofsteps":
            base = []
        else:
            continue
        named = node.module.removeprefix("chainofsteps").lstrip(".") if node.module else ""
        target = ".".join([*base, *([named] if named else [])])
        for alias in node.names:
            below = f"{target}.{alias.name}" if target else alias.name
            found.add(below if below in known else target)
    return found - {module, ""}


KNOWN = modules()
ARROWS = {module: imports_of(module, path, KNOWN) for module, path in KNOWN.items() if module}


@pytest.mark.parametrize("module", sorted(ARROWS))
def test_a_room_imports_from_the_rooms_below_it_alone(module):
    above = [
        target
        for target in ARROWS[module]
        if ROOMS.index(room_of(target)) > ROOMS.index(room_of(module)) or (room_of(module), room_of(target)) in APART
    ]
    assert not above, f"{module} imports {', '.join(above)}, which lies above it"


def test_no_two_modules_import_each_other():
    tuple(TopologicalSorter(ARROWS).static_order())  # CycleError names the circle


@pytest.mark.parametrize("module", ["chainofsteps", "chainofsteps.config.read", "chainofsteps.model.checkpoint"])
def test_what_the_snakefile_reads_costs_no_torch(module):
    code = f"import sys, {module}; print([name for name in ('torch', 'pandas', 'numpy') if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]", f"{module} imports {printed}"
