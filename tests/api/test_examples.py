"""The examples in the docstrings of the API, and those of docs/api.md, run as they are written."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import chainofsteps as cos
from chainofsteps import api

ROOT = Path(__file__).parents[2]
MODULES = [f"chainofsteps.api.{module.name}" for module in pkgutil.iter_modules(api.__path__)]


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert failed == 0


def test_every_function_and_public_method_has_an_example():
    functions = {name: getattr(cos, name) for name in cos.__all__ if inspect.isfunction(getattr(cos, name))}
    own = vars(cos.Model).items()
    functions |= {name: value for name, value in own if inspect.isfunction(value) and not name.startswith("_")}
    assert len(functions) > 10
    assert [name for name, function in functions.items() if ">>> " not in (function.__doc__ or "")] == []


def test_the_page_names_everything_and_its_examples_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "api.md").read_text()
    assert [name for name in cos.__all__ if f"`{name}" not in page] == []
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert len(blocks) > 5 and names["table"].score.notna().any()


def test_the_lists_of_names_are_one():
    assert sorted([*api.__all__, "InputError"]) == sorted(cos.__all__) and set(cos.__all__) <= set(dir(cos))
    with pytest.raises(AttributeError, match="module 'chainofsteps' has no attribute 'swep'"):
        cos.swep  # noqa: B018
