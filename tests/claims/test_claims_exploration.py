"""The measures of exploration find the candidates, references and revisions that were planted."""

import math

import pandas as pd
import pytest
from claim_runs import CASES, INTERVAL, SETTINGS, STEPS, run

from chainofsteps.claims import UNMEASURED
from chainofsteps.claims.exploration import (
    Undisturbed,
    perception_first,
    pruned,
    reference_kept,
    revision,
    several_paths,
    superposed,
)
from chainofsteps.probes.x0_pred.decided import Thresholds

THRESHOLDS = Thresholds(live=0.1, held=0.5)


def masses_table(paths: dict[str, int]) -> pd.DataFrame:
    """Runs whose last frame holds `paths[task]` equal candidates at the first two steps and one after."""
    rows = []
    for task, number in paths.items():
        kind = "multi" if task == "loop_maze" else "unique"
        for case in range(CASES):
            for step in range(STEPS):
                alive = number if step < 2 else 1
                for candidate in range(3):
                    mass = 1 / alive if candidate < alive else 0.0
                    row = {"task": task, "kind": kind, "case": f"{case:05d}", "seed": 1, "step": step}
                    rows.append({**row, "candidate": f"c{candidate}", "right": candidate == 0, "mass": mass})
    return pd.DataFrame(rows)


def finished(**of_task: float) -> Undisturbed:
    """Score of the last step of each task; of the steps before 0."""
    rows = [
        {"task": task, "step": step, "score": score * (step == STEPS - 1)}
        for task, score in of_task.items()
        for step in range(STEPS)
    ]
    return Undisturbed(pd.DataFrame(rows), INTERVAL)


def test_pruning_counts_live_candidates():
    masses = masses_table({"loop_maze": 3, "unique_maze": 1})
    found = pruned(masses, 0.1, SETTINGS["C4"]["early"], finished(loop_maze=0.75, unique_maze=0.25))
    assert found.clean == 0.75
    assert (found.estimate, found.null, found.n) == (2.0, 0.0, CASES)


def test_superposition_is_the_rivals_highest_mass():
    masses = masses_table({"next_size": 2, "rotation": 1, "unique_maze": 1})
    scores = finished(next_size=0.5, rotation=0.25, unique_maze=1)
    found = superposed(masses, 0.1, **SETTINGS["C5"], of=scores)
    assert (
        found.clean == 0.375
        and superposed(masses[masses.task == "unique_maze"], 0.1, **SETTINGS["C5"], of=scores) is UNMEASURED
    )
    assert found.estimate == pytest.approx(0.25) and found.null == 0.0 and found.n == 2 * CASES


def test_share_of_cases_with_several_paths():
    masses = masses_table({"loop_maze": 2, "grounding": 1, "unique_maze": 1})
    found = several_paths(
        masses, 0.1, SETTINGS["C14"]["live"], "unique_maze", finished(loop_maze=1, grounding=0.5, unique_maze=0)
    )
    assert found.clean == 0.5
    assert found.estimate == pytest.approx(1 / 3) and found.null == 0.0 and found.n == 3 * CASES


def test_a_reference_is_kept_at_a_share_of_the_steps_of_the_runs_that_end_with_it():
    rows = []
    for case in range(CASES):
        for step in range(STEPS):
            there = 0.9 if step >= 4 and case else 0.2  # the first case loses it
            for reading, value in (("given", 0.9), ("away", 0.9), ("back", there)):
                rows.append(run(case, task="occlusion", step=step, reading=reading, value=value))
    found = reference_kept(pd.DataFrame(rows), THRESHOLDS, finished(occlusion=0.9, next_size=0.1))
    assert (found.n, found.estimate, found.clean) == (CASES - 1, pytest.approx(0.6), 0.9)
    marks = pd.DataFrame(rows).assign(reading=lambda table: table.reading.map(str.upper))
    assert reference_kept(marks, THRESHOLDS, finished(occlusion=0.9)) is UNMEASURED


def test_revision_is_net_and_of_puzzles_with_one_answer():
    runs = [run(case, task="bounce", net_revision=1 if case < 3 else -1 if case < 5 else 0) for case in range(CASES)]
    runs += [{**run(case, task="loop_maze", net_revision=1), "kind": "multi"} for case in range(CASES)]
    found = revision(pd.DataFrame(runs), finished(bounce=0.8, loop_maze=0.2))
    assert (found.n, found.estimate, found.clean) == (CASES, pytest.approx(1 / CASES), 0.8)
    assert revision(pd.DataFrame(runs[CASES:]), finished(loop_maze=0.2)) is UNMEASURED


def test_perception_is_first_by_steps_of_the_runs_that_end_with_both():
    runs = pd.DataFrame([run(case, task="find_then_move", later=2.0 if case else math.nan) for case in range(CASES)])
    found = perception_first(runs, finished(find_then_move=0.7, bounce=0.1))
    assert (found.n, found.estimate, found.low, found.clean) == (CASES - 1, 2.0, 2.0, 0.7)
    assert perception_first(runs.assign(later=math.nan), finished(find_then_move=0.7)) is UNMEASURED


def test_a_mass_at_the_threshold_is_not_alive():
    masses = masses_table({"loop_maze": 3, "unique_maze": 1})
    masses.loc[(masses.step < 2) & (masses.candidate == "c2"), "mass"] = 0.1
    of = finished(loop_maze=1, unique_maze=1)
    assert pruned(masses, 0.1, SETTINGS["C4"]["early"], of).estimate == 1.0


def test_early_steps_lie_below_their_part_of_the_steps():
    masses = masses_table({"loop_maze": 3, "unique_maze": 1})  # three candidates at steps 0 and 1 of 10
    of = finished(loop_maze=1, unique_maze=1)
    assert pruned(masses, 0.1, 0.2, of).estimate == 2.0 and pruned(masses, 0.1, 0.3, of).estimate == pytest.approx(
        4 / 3
    )
