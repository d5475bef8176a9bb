from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny
from diffusers.hooks.group_offloading import _is_group_offload_enabled

from chainofsteps.bench import puzzles
from chainofsteps.model.checkpoint import SUBFOLDERS
from chainofsteps.names import SPLITS
from chainofsteps.probes.skill import run as skill
from chainofsteps.probes.skill import table as skill_table


def rows_of(name, scores):
    return [(name, case, score, score == 1.0, 0.1, 1.0) for case, score in enumerate(scores)]


def test_summary_counts_exact_success_with_wilsons_interval():
    rows = rows_of("largest", [0.0] * 4) + rows_of("occlusion", [1.0] * 63 + [0.9])
    table = skill_table.summary(pd.DataFrame(rows, columns=skill_table.COLUMNS))
    assert table.puzzle.tolist() == ["occlusion", "largest"], "in the order of the benchmark"
    assert table.split.tolist() == list(SPLITS)
    occlusion = table.loc[0]
    assert occlusion.n == 64 and occlusion.success == pytest.approx(63 / 64, abs=1e-4)
    # Wilson's interval of 63 of 64, by its formula
    n, p, z = 64, 63 / 64, 1.959964
    middle, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n),
    )
    assert (occlusion.success_low, occlusion.success_high) == pytest.approx((middle - half, middle + half), abs=1e-3)
    assert occlusion.score == pytest.approx((63 + 0.9) / 64, abs=1e-4) and occlusion.floor == 0.1
    assert table.loc[1, "success_high"] > 0.3, "none of four is not certain to be none"
    assert table.scorer_check.tolist() == ["passed"] * 2
    still = pd.DataFrame(rows, columns=skill_table.COLUMNS).assign(static=0.4)
    assert skill_table.summary(still).scorer_check[1] == "largest (first frame 0.4)"


def test_held_out_cases_are_held_out():
    for name in ("bounce", "unique_maze_6"):
        assert puzzles.is_held_out(skill.held_out(name, 3).layout)


def test_a_pipeline_with_offloaded_layers_says_the_same(checkpoint_two):
    puzzle, seed = puzzles.puzzle("loop_maze").generate(3), 5
    settings = tiny.sampling(boundary=tiny.BOUNDARY)
    videos = []
    for offload in (False, True):
        pipeline = skill.load_pipeline(checkpoint_two, replace(settings, group_offload=offload))
        assert [_is_group_offload_enabled(pipeline.components[name]) for name in SUBFOLDERS.values()] == 2 * [offload]
        videos.append(skill.sample(pipeline, puzzle, seed, settings))
    assert np.array_equal(*videos)
