"""Whoever changes a probe's code says whether its numbers move: by a higher recipe, or by `make recipes` alone."""

from pathlib import Path

import pytest
import recipes
from written_rules import written_rules

from chainofsteps.probes.nouns import nouns
from chainofsteps.probes.nouns import recipes as recipes_of_rules

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def rewritten(request):
    if request.config.getoption("--recipes"):
        recipes.write()


@pytest.mark.parametrize("probe", recipes.now())
def test_code_that_changed_has_its_recipe_looked_at(probe):
    now, before = recipes.now()[probe], recipes.written().get(probe, {"code": {}, "recipes": {}})
    changed = sorted(
        name for name in {*now["code"], *before["code"]} if now["code"].get(name) != before["code"].get(name)
    )
    same = now["recipes"] == before["recipes"]
    assert not (changed and same), (
        f"the code of probes/{probe} changed ({', '.join(changed)}), and no recipe in its nouns.py: raise the recipe "
        "of every rule whose numbers move, and run `make recipes`; if none moves, run `make recipes` alone"
    )
    assert same, f"the recipes of probes/{probe} changed: run `make recipes`"
    assert not changed


def test_comments_docstrings_and_layout_are_no_change_and_code_is():
    source = 'def f(x):\n    """It doubles."""\n    return 2 * x\n'
    same = "# it triples\ndef f(\n    x,\n):\n    return (2\n            * x)  # or so\n"
    assert recipes.fingerprint(source) == recipes.fingerprint(same)
    for other in (source.replace("2", "3"), source.replace("x", "y"), source.replace("return", "yield")):
        assert recipes.fingerprint(source) != recipes.fingerprint(other)


def test_a_probe_without_a_line_in_the_table_fails(monkeypatch):
    monkeypatch.setattr(recipes, "written", dict)
    with pytest.raises(AssertionError, match="run `make recipes`"):
        test_code_that_changed_has_its_recipe_looked_at("noise")


def test_rules_of_probes_have_their_recipe_from_the_probe():
    bodies = written_rules()
    for rule in recipes_of_rules():
        assert f'recipe=RECIPES["{rule}"],' in bodies[rule], rule
    for noun in nouns():
        assert f'settings=settings_of("{noun}"),' in bodies[noun], noun
