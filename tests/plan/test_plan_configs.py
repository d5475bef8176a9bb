"""The plans of the configurations beside config.yaml: all of it is known, in hours that somebody can spend."""

from collections import Counter
from pathlib import Path

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.plan.target import plan_of

ROOT = Path(__file__).parents[2]


def test_the_whole_paper_on_its_model_is_planned_with_nothing_unknown(tmp_path):
    config = load_config(ROOT / "config.yaml", ROOT / "configs" / "paper.yaml")
    plan = plan_of(config, ["all"], tmp_path)
    assert plan.model.name == "vbvr-wan2.2" and plan.unknown == []
    assert {"noise", "swap", "ensemble", "candidates"} <= {cost.job.rule for cost in plan.costs}
    (seconds,) = plan.seconds
    hours, longest, of_longest = plan.hours(seconds)
    assert "an estimate, scaled from 32,760 to 18,900 tokens" in seconds.source
    assert 100 < hours < 160 and of_longest < 10, longest  # of an H100; eight of them take a day


@pytest.mark.parametrize("target", ["tables/table1.csv", "figures/fig1.pdf", "claims/claims.json"])
def test_a_sample_of_the_benchmark_has_every_category_and_its_floor_of_forwards(target, tmp_path):
    files = (ROOT / "configs" / f"vbvr-{name}.yaml" for name in ("bench", "sample"))
    config = load_config(ROOT / "config.yaml", *files, model="vbvr-wan2.2")
    plan = plan_of(config, [target], tmp_path)
    total = Counter()
    for cost in plan.costs:
        total[cost.job.rule] += cost.forwards.planned if cost.forwards else 0
    tasks = 1 if target == "figures/fig1.pdf" else 10
    one_shard = tasks == 10  # the two cases whose layers are swapped
    assert sum(cost.job.rule == "trajectory" for cost in plan.costs) == 2 * tasks - one_shard
    assert total["trajectory"] == 2 * tasks * 100  # of a case: the run
    nulls = sum(cost.job.rule == "other_seeds" for cost in plan.costs)
    assert nulls == {"tables/table1.csv": 0, "figures/fig1.pdf": 2, "claims/claims.json": 19}[target]
    if tasks == 10:
        assert total["ensemble"] == pytest.approx(2 * tasks * 102.1)


def test_swaps_of_the_benchmark_are_planned_with_their_videos(tmp_path):
    """Two pairs of one task: at five layers, from step 0 to the end, guided."""
    config = load_config(ROOT / "config.yaml", ROOT / "configs" / "vbvr-bench.yaml", model="vbvr-wan2.2")
    plan = plan_of(config, ["tables/swap.csv"], tmp_path)
    costs = {cost.job.rule: cost for cost in plan.costs}
    layers, steps, swapped = 40, 50, (0, 10, 20, 30, 39)
    at_step_0 = 2 * 40 + sum(layers - 1 - layer for layer in swapped)  # both walks, then what is left of each swap
    of_pair = 2 * (at_step_0 / layers + len(swapped) * (steps - 1))
    assert costs["swap"].forwards.planned == pytest.approx(2 * of_pair)
    assert costs["trajectory"].forwards.planned == 2 * 2 * steps and "other_seeds" not in costs
    assert costs["swap_video_score"].disk > 0 and "swap_score" not in costs
