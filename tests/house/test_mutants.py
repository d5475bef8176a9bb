"""make mutate-code: the faults that it draws are small, there, and drawn alike by a seed."""

import ast

import mutants
import pytest
from mutants_known import EQUIVALENT, KNOWN

CODE = '''
"""A text: 1 < 2."""
from typing import TYPE_CHECKING
RECIPE = 3
if TYPE_CHECKING:
    import torch
def f(a: int | None, b: int = 2) -> "a < b":
    if a < b and not b:
        raise ValueError(f"{a + 1}" + str(a - b))
    g(a, b)
    return [x - 1 for x in a[b:] if x]
'''


def changes(text: str, module: str = "a.py") -> set[str]:
    return {fault.change for fault in mutants.faults(module, text)}


def test_what_means_something_is_changed_and_nothing_else():
    assert changes(CODE) == {
        *("a < b  ->  a <= b", "a < b  ->  a >= b", "a < b and (not b)  ->  a < b and b"),
        *(
            "a < b and (not b)  ->  a < b or not b",
            "a < b and (not b)  ->  not b",
            "a < b and (not b)  ->  a < b",
            "g(a, b)  ->  g(b, a)",
            "g(a, b)  ->  pass",
        ),
        *("x - 1  ->  x + 1", "x - 1  ->  1 - x", "x - 1  ->  x - 2", "x - 1  ->  x - 0"),
        *("a[b:]  ->  a[:]", "a: int | None, b: int=2  ->  a: int | None, b: int=3"),
        *("a: int | None, b: int=2  ->  a: int | None, b: int=1",),
        *("[x - 1 for x in a[b:] if x]  ->  [x - 1 for x in a[b:]]",),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("axes.text(0.5, 1, number)", set()),
        ("axes.plot(x, linewidth=0.5)", {"axes.plot(x, linewidth=0.5)  ->  pass"}),
        ("x = table[0]", {"table[0]  ->  table[1]"}),
    ],
)
def test_of_figures_the_looks_are_left_alone(text, expected):
    assert changes(text, "figures/a.py") == expected


def test_the_whole_module_has_the_fault_and_no_other():
    for fault in mutants.faults("a.py", CODE):
        assert ast.dump(ast.parse(fault.source)) != ast.dump(ast.parse(CODE))
        compile(fault.source, "a.py", "exec")
    assert ast.unparse(mutants.faults("a.py", CODE)[0].tree) == ast.unparse(ast.parse(CODE))


def test_a_seed_draws_the_same_and_every_fault_once():
    drawn = [fault.change for fault in mutants.drawn("a.py", CODE, 1)]
    assert drawn == [fault.change for fault in mutants.drawn("a.py", CODE, 1)]
    assert drawn != [fault.change for fault in mutants.drawn("a.py", CODE, 2)]
    assert sorted(drawn) == sorted(fault.change for fault in mutants.faults("a.py", CODE))
    assert mutants.modules(1) != mutants.modules(2) and sorted(mutants.modules(1)) == sorted(mutants.modules(2))


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known[0]} {known[1]}")
def test_the_old_text_of_a_known_fault_is_there_once_and_its_tests_are_there(known):
    module, old, new, tests = known
    assert (mutants.PACKAGE / module).read_text().count(old) == 1 and old != new
    assert all((mutants.ROOT / test.partition("::")[0]).is_file() for test in tests)


@pytest.mark.parametrize("module", EQUIVALENT)
def test_a_fault_that_changes_nothing_can_still_be_drawn(module):
    assert set(EQUIVALENT[module]) <= changes((mutants.PACKAGE / module).read_text(), module)
