"""Fingerprints of the probes' code: comments, docstrings and layout do not count.

`pytest --recipes tests/house/test_recipes.py` (make recipes) writes them anew, beside the recipes.
"""

import ast
import hashlib
import json
from pathlib import Path

from chainofsteps import probes
from chainofsteps.probes.nouns import modules
from chainofsteps.store.noun import Noun

PROBES, TABLE = Path(probes.__file__).parent, Path(__file__).with_suffix(".json")
APART = {"__init__.py", "nouns.py", "count.py"}  # recipes and settings, and counts: none of them makes a number


def now():
    """{probe: {"recipes": {rule: recipe}, "code": {module: fingerprint}}}."""
    table = {}
    for module in modules():
        folder = Path(module.__file__).parent
        of_nouns = {noun.name: noun.recipe for noun in vars(module).values() if isinstance(noun, Noun)}
        code = {path.name: fingerprint(path.read_text()) for path in folder.glob("*.py") if path.name not in APART}
        table[folder.name] = {"recipes": {**of_nouns, **module.RECIPES}, "code": code}
    return table


def fingerprint(source):
    """Of the parsed code, so that it is the same for each version of Python."""
    return hashlib.sha256(_spelt(_without_docstrings(ast.parse(source))).encode()).hexdigest()[:16]


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree


def _spelt(node):
    """A node with its fields; those that are empty are left out, since later versions of Python have more of them."""
    if isinstance(node, list):
        return f"[{','.join(map(_spelt, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return f"{type(node).__name__}({','.join(f'{name}={_spelt(value)}' for name, value in fields)})"


def written():
    return json.loads(TABLE.read_text())


def write():
    TABLE.write_text(json.dumps(now(), indent=2, sort_keys=True) + "\n")
