"""Names of runs and items, spelt in one place."""

import re

import pytest

from chainofsteps.names import RunId, case_label, case_of, is_name, runs_of
from tests.workflow.running import ROOT


def test_a_run_names_its_item_and_its_case():
    run = RunId("loop_maze", "00003", 2)
    assert (run.name, run.label) == ("00003-seed2", "loop_maze/00003")
    assert run.at("steps", 4) == "00003-seed2-steps4" and run.label == case_label(run.task, run.case)
    assert is_name(run.name) and is_name(run.at("frames", 5))


@pytest.mark.parametrize("case", ["00003", "a-seed7", "x.y-z"])
def test_the_case_of_an_item_is_told_from_its_name(case):
    run = RunId("task", case, 1)
    assert {case_of(run.name), case_of(run.at("steps", 4))} == {case}
    assert case_of("00003") == "00003"


def test_runs_come_by_case_and_then_by_seed():
    runs = runs_of("task", ["b", "a"], iter([2, 1]))
    assert list(runs) == ["b-seed2", "b-seed1", "a-seed2", "a-seed1"]
    assert runs["a-seed2"] == RunId("task", "a", 2)


def test_no_other_place_spells_the_name_of_a_run():
    code = [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").glob("*.py"), *(ROOT / "workflow").rglob("*.smk")]
    spelt = [path.name for path in code if re.search(r"-seed\{", path.read_text())]
    assert spelt == ["names.py"]
