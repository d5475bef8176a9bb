import numpy as np
import pandas as pd
import pytest

from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble import table as ensemble_table

SEEDS, LAYERS = [4, 2, 3], 8
ENSEMBLES = windows.expand(
    {"windows": ["0-9", "0-39", "20-29"], "of_layers": 40, "modes": ["mean", "blend"]}
    | {"weight": 0.5, "carry": "first", "steps": [0]},
    LAYERS,
)
SAMPLING = Sampling(steps=20, shift=3.0, device="cpu")
STATISTICS = {"resamples": 400, "level": 0.95, "seed": 0}


def rows(gain=0.2, cases=30, tasks=("loop_maze", "shelf", "half_turn"), seed=0):
    """Scores of cases that differ much, and of an ensemble in layers 4-5 that adds `gain` to the carried seed."""
    generator, found = np.random.default_rng(seed), []
    for task in tasks:
        for case in range(cases):
            level = generator.uniform(0.2, 0.6)
            values = {f"seed{s}": level + generator.normal(0, 0.02) for s in SEEDS}
            for one in ENSEMBLES:
                values[one.name()] = values["seed4"] + gain * (one.first == 4) + generator.normal(0, 0.02)
            values |= dict.fromkeys((*windows.OF_LATENTS, windows.OF_FINALS, "floor_static", "floor_noise"), 0.1)
            values["ground_truth"] = 1.0
            of_case = ensemble_table.rows_of(values, ENSEMBLES, SEEDS, SAMPLING, LAYERS)
            found += [{"model": "m", "task": task, "kind": "multi", "case": f"{case:05d}", **row} for row in of_case]
    return pd.DataFrame(found)[ensemble_table.COLUMNS]


@pytest.fixture(scope="module")
def table():
    return ensemble_table.summary(rows(), STATISTICS, SEEDS)


def test_each_row_has_the_scorer_check_of_its_tasks():
    runs = rows(cases=2)
    runs.loc[(runs.task == "shelf") & (runs.variant == "ground_truth"), "score"] = 0.5
    found = ensemble_table.summary(runs, STATISTICS, SEEDS)
    failed = "shelf (true clip 0.5)"
    assert set(found[found.scope == "all"].scorer_check) == {failed}
    by_task = found[found.scope == "task"].groupby("task").scorer_check.unique()
    assert {task: list(checks) for task, checks in by_task.items()} == {
        "loop_maze": ["passed"],
        "shelf": [failed],
        "half_turn": ["passed"],
    }
    assert set(ensemble_table.table_a1(found, 40).scorer_check) == {failed}


def test_a_planted_gain_is_found_in_its_window_alone(table):
    over_all = table[(table.scope == "all") & (table.variant == "ensemble")]
    for row in over_all.itertuples():
        assert (row.n, row.seeds) == (90, "4 2 3")
        planted = 0.2 * (row.layers == "4-5")
        assert row.difference == pytest.approx(planted, abs=0.01)
        assert row.difference_low <= planted <= row.difference_high
        assert row.difference_high - row.difference_low < 0.03 < row.high - row.low  # paired: cases differ more


def test_variants_are_of_the_seeds_they_say(table):
    of = table[table.scope == "task"].set_index(["task", "variant"]).loc["shelf"]
    given = rows()
    scores = given[(given.task == "shelf") & (given.variant == "single")].pivot(
        index="case", columns="seed", values="score"
    )
    assert of.loc["single"].score == pytest.approx(scores[4].mean(), abs=1e-4)
    assert of.loc["another_seed"].score == pytest.approx(scores[[2, 3]].to_numpy().mean(), abs=1e-4)
    assert of.loc["best_of_k_oracle"].score == pytest.approx(scores.max(axis=1).mean(), abs=1e-4)
    assert of.loc["best_of_k_oracle"].difference_low > 0  # always: it is picked with the answer at hand
    assert (of.loc["single"].seeds, of.loc["another_seed"].seeds) == ("4", "2 3")
    assert pd.isna(of.loc["single"].difference) and set(table.floor) == {0.1}
    assert (of.loc["floor_static"].score, of.loc["ground_truth"].score, of.loc["ground_truth"].seeds) == (0.1, 1, "")


def test_what_each_variant_costs_alone(table):
    cost = table[table.scope == "all"].set_index("variant").forwards
    assert cost["single"] == cost["mean_of_latents"] == 20 and cost["mean_of_finals"] == cost["best_of_k_oracle"] == 60
    one = table[(table.scope == "all") & (table.layers == "4-5")].set_index("mode").forwards
    assert one["mean"] == 19 + (3 * 5 + 3) / 8 and one["blend"] == 19 + (3 * 6 + 2) / 8
    assert set(table[table.variant == "ground_truth"].forwards) == {0}


def test_scopes_hold_their_cases(table):
    single = table[table.variant == "single"].set_index("scope")
    assert single.n.groupby("scope").sum().to_dict() == {"all": 90, "split": 90, "category": 90, "task": 90}
    assert set(single.loc["split"].split) == {"In-Domain_50", "Out-of-Domain_50"}
    assert single.loc["category"][["split", "category", "n"]].to_numpy().tolist() == [
        ["In-Domain_50", "Spatiality", 60],
        ["Out-of-Domain_50", "Transformation", 30],
    ]


def test_table_a1_has_each_window_beside_the_published_score(table):
    a1 = ensemble_table.table_a1(table, 40)
    assert a1.window.tolist() == ["none", "none, another seed", "0-9", "0-9", "0-39", "0-39", "20-29", "20-29"]
    assert a1.published.dropna().tolist() == [0.685, 0.688, 0.688, 0.690, 0.690, 0.716, 0.716]
    assert a1.published_is.str.startswith("quoted").tolist() == [True, False, *[True] * 6] and (a1.n == 90).all()
    means = a1[(a1["mode"] == "mean") & a1.window.str.startswith("0-")]
    assert means.score.nunique() == 1 and means.layers.tolist() == [
        "0-1",
        "0-7",
    ]  # one run: see probes/ensemble/spec.py
    assert ensemble_table.table_a1(table, 8).published.notna().tolist() == [True] + [False] * 7
