"""Choice or search: a planted chooser, searcher and knower get the verdicts that they were planted for."""

import numpy as np
import pandas as pd
import pytest
from claim_runs import INTERVAL, SCHEMA

from chainofsteps.claims import FAILS, HOLDS, OPEN, UNMEASURED, choice, decide
from chainofsteps.probes.candidates.table import STRAY

CASES, STEPS = 32, 10
FALLING = np.linspace(0.6, 0.0, STEPS)  # the ideal denoiser's weight on the rivals


def runs(**values) -> pd.DataFrame:
    """Runs of two puzzles with several right answers, two seeds a case."""
    about = {"model": "m", "kind": "multi", "answer_right": True, "answer_residual": 0.1, **values}
    return pd.DataFrame(
        [
            {"task": task, "case": f"{case:05d}", "seed": seed, **about}
            for task in ("loop_maze", "any_shelf")
            for case in range(CASES)
            for seed in (1, 2)
        ]
    )


def steps_of(table: pd.DataFrame, rivals) -> pd.DataFrame:
    """The steps of those runs, with the model's weight on the rivals."""
    rows = table[["model", "task", "kind", "case", "seed"]].merge(pd.DataFrame({"step": range(STEPS)}), how="cross")
    return rows.assign(
        rivals_model=np.asarray(rivals)[rows.step.to_numpy()], rivals_observer=FALLING[rows.step.to_numpy()]
    )


def said(found, claim: str) -> str:
    return decide(found, SCHEMA["claims"][claim], SCHEMA)[0]


def test_a_chooser_has_no_more_rivals_than_the_ideal_denoiser():
    found = choice.rivals_beyond_choice(steps_of(runs(), FALLING), runs(), INTERVAL)
    assert (found.n, found.seeds, found.fewest) == (2 * CASES, 2, CASES)
    assert found.estimate == pytest.approx(0) and found.null == pytest.approx(FALLING.mean())
    assert said(found, "E1") == HOLDS


def test_a_searcher_exceeds_it():
    table = runs()
    rising = FALLING + np.linspace(0, 0.4, STEPS)  # weight comes to right answers that the state does not hold
    found = choice.rivals_beyond_choice(steps_of(table, rising), table, INTERVAL)
    assert found.estimate == pytest.approx(0.2) and said(found, "E1") == FAILS


def test_runs_that_end_wrong_or_off_the_list_are_not_asked():
    table = runs()
    wrong = (table.case == "00000") & (table.task == "loop_maze")
    table.loc[wrong, "answer_right"] = False
    table.loc[(table.case == "00001") & (table.seed == 1), "answer_residual"] = STRAY + 0.1
    found = choice.rivals_beyond_choice(steps_of(table, FALLING), table, INTERVAL)
    assert (found.n, found.fewest) == (2 * CASES - 1, CASES - 1)
    assert decide(found, SCHEMA["claims"]["E1"], SCHEMA) == (OPEN, "n = 31, 32 are needed of each puzzle")


@pytest.mark.parametrize(("first", "expected"), [(1.9, HOLDS), (0.2, FAILS)])
def test_the_first_forward_has_its_share_of_the_bits(first, expected):
    found = choice.first_forward(runs(kind="unique", bits_total=2.0, bits_first=first), INTERVAL)
    assert found.estimate == pytest.approx(first / 2) and said(found, "E2") == expected


def test_where_nothing_was_to_be_found_no_share_is_taken():
    nothing = {"kind": "unique", "bits_first": 0.01}
    for bits in (0.05, choice.MOST_DECIDED):
        assert choice.first_forward(runs(bits_total=bits, **nothing), INTERVAL) is UNMEASURED
    assert choice.first_forward(runs(kind="multi", bits_total=2.0, bits_first=1.0), INTERVAL) is UNMEASURED


@pytest.mark.parametrize(("model", "expected"), [(4, HOLDS), (7, FAILS), (2, FAILS)])
def test_the_lag_is_in_parts_of_the_steps(model, expected):
    table = runs(commitment_model=model, commitment_observer=4, law_step=5)
    found = choice.commitment_lag(table, STEPS, INTERVAL)
    assert (found.estimate, found.null) == (pytest.approx((model - 4) / 10), pytest.approx(0.1))
    assert said(found, "E3") == expected


def test_dependence_on_the_noise_is_a_share_of_sums():
    rows = [{"task": "t", "case": f"{case:05d}", "seeds": 3, "first": 0.1, "final": 1.0} for case in range(CASES)]
    rows[0] |= {"first": 0.0, "final": 0.0}  # one answer, drawn alike: no share of its own
    found = choice.noise_dependence(pd.DataFrame(rows), INTERVAL)
    assert (found.n, found.seeds, found.estimate) == (CASES, 3, pytest.approx(0.1)) and said(found, "E5") == HOLDS
    assert choice.noise_dependence(pd.DataFrame(rows).assign(final=0.0), INTERVAL) is UNMEASURED
