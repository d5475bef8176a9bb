"""A job imports what it uses: the libraries that its script imports before it begins, read from the code.

Diffusers and transformers take three seconds, more than most jobs of a small model work: what loads a network imports
them then. Torch takes one.
"""

import ast
from functools import cache
from pathlib import Path

import pytest
from test_house_arrows import KNOWN, PACKAGE

SCRIPTS = sorted((PACKAGE.parents[1] / "scripts").glob("*.py"))
NETWORKS = {"diffusers", "transformers", "accelerate", "torchvision"}
DRAWING = {"matplotlib", "seaborn"}
READ_TENSORS = {  # tables and figures that read latents or hidden states of a shard, or the model's own sigmas
    *["activations_table", "candidates_table", "evalkit_table", "ladder_table", "linear_readout_table"],
    *["claims", "fig3", "fig6", "figB2", "figB3"],
}


@cache
def imported(path: Path, module: str) -> set[str]:
    """What the body of a module imports as it is imported itself: dotted names, the package's own below the package."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])]).strip(".")
            names |= {target, *(f"{target}.{alias.name}" for alias in node.names)}
    return names


def libraries(script: Path) -> set[str]:
    """The first names of the libraries that a script has imported when its first line runs."""
    found, waiting, seen = set(), [(script, "")], set()
    while waiting:
        for name in imported(*waiting.pop()):
            parts = name.removeprefix("chainofsteps").strip(".").split(".")
            own = [".".join(parts[:end]) for end in range(len(parts) + 1)]
            if not name.startswith("chainofsteps") and parts[0] not in KNOWN:
                found.add(parts[0])
                continue
            fresh = {one for one in own if one in KNOWN} - seen
            seen |= fresh
            waiting += [(KNOWN[one], one) for one in fresh]
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_begins_with_what_it_uses(script):
    found, name = libraries(script), script.stem
    assert not found & NETWORKS, "import it in the function that loads the network; types under TYPE_CHECKING"
    if name.startswith(("fig", "table")) or name.endswith("_table") or name in ("claims", "decided", "cases"):
        assert ("torch" in found) == (name in READ_TENSORS)
    assert bool(found & DRAWING) == (name.startswith("fig") and name != "fig3_tables")


def test_what_a_script_imports_is_found_through_other_modules():
    assert "torch" in libraries(PACKAGE.parents[1] / "scripts" / "trajectory.py")
    assert "diffusers" in imported(PACKAGE / "training" / "ladder.py", "training.ladder")
    assert "diffusers" not in imported(PACKAGE / "model" / "load.py", "model.load")
