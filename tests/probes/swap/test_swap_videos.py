"""Swaps of cases that a scorer reads: who is a pair, and what planted videos score as the target's and the source's."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from chainofsteps.bench import scoring
from chainofsteps.bench.cases import Case
from chainofsteps.errors import InputError
from chainofsteps.names import RunId
from chainofsteps.probes.judge import Judge
from chainofsteps.probes.swap.job import Swapping
from chainofsteps.probes.swap.rows import COLUMNS, outcome_of_scores, pairs_of
from chainofsteps.probes.swap.score import table_of
from chainofsteps.probes.swap.spec import Swap, read_at_the_ends
from chainofsteps.probes.swap.table import read_rows, split, summary
from chainofsteps.probes.swap.videos import Scoring
from chainofsteps.run.trajectory import Ends, Trajectory
from tests.probes.swap.test_swap_score import STATISTICS
from tests.probes.swap.test_swap_score import rows as rows_of_puzzles

TASK = "O-39_maze_data-generator"
SHADES = {"00000": 0.2, "00001": 0.8}  # of the video that each case's right run ends in
SWAP = {"layers": [0, 1], "modes": ["residual"], "widths": [1], "steps": [[0]], "parts": {}, "to_the_end": ["residual"]}
RUN = RunId(TASK, "00000", 1)


def case_of(name, width=32, frames=5):
    return Case(TASK, name, Path("nowhere"), "a prompt", np.zeros((32, width, 3), np.uint8), frames, None)


def nearness(case, video):
    """The planted score: 1 for a video in the case's own shade, 0 for one in the other's."""
    return 1 - abs(video.mean() / 100 - SHADES[case.name]) / 0.6


def z(shade):
    """Latents of a video in one shade."""
    return torch.full((1, 16, 2, 4, 4), shade)


@pytest.fixture
def decoded(monkeypatch):
    """The VAE shows the mean of the latents as a shade; how many videos it decoded."""
    seen = []

    def decode(_vae, latents, _batch_size=1):
        seen.extend(latents)
        return [np.full((5, 32, 32, 3), round(100 * one.mean().item()), np.uint8) for one in latents]

    monkeypatch.setattr(scoring, "decode", decode)
    return seen


class Shard:
    """Items by name, as ShardReader gives them."""

    def __init__(self, items, about=None):
        self.items, self.about = items, about or {}

    def load(self, name):
        return self.items[name], self.about

    def path(self, name):
        return name


def scoring_of(finals, swap=SWAP, clean=SHADES, trajectory=Trajectory, estimates=None, at_once=1):
    """A job whose swapped runs end in these shades by layer, and whose clean runs in those of their cases."""
    named = {layer: Swap(layer, swap["modes"][0]).name() for layer in finals}
    tensors = {f"latents/{name}": z(finals[layer]) for layer, name in named.items()}
    tensors |= {f"x0_pred/{name}": z((estimates or finals)[layer]) for layer, name in named.items()}
    kept = 3 if trajectory is Trajectory else 2
    runs = {
        f"{case}-seed1": trajectory(torch.cat([z(shade)] * kept), torch.tensor([1.0, 0.5, 0.0]))
        for case, shade in clean.items()
    }
    judge = Judge("nowhere", {}, {"task": TASK}, nearness, at_once)
    judge.__dict__["vae"] = None
    return Scoring(
        cases=[case_of(name) for name in SHADES],
        swapped=Shard({RUN.name: tensors}, {"matrix": "false"}),
        trajectories=Shard({name: run.to_tensors() for name, run in runs.items()}),
        swap=swap,
        steps=2,
        layers=2,
        judge=judge,
    )


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_planted_flip_scores_as_the_sources_and_an_unswapped_run_as_its_own(decoded, at_once):
    rows = scoring_of({0: 0.2, 1: 0.8}, trajectory=Ends, at_once=at_once).rows(RUN)
    assert [(row["run"], row.get("layer"), row["outcome"]) for row in rows] == [
        ("swap", 0, "target"),
        ("swap", 1, "source"),
        ("target", None, "target"),
        ("source", None, "source"),
    ]
    assert [row["score_target"] for row in rows] == pytest.approx([1, 0, 1, 0])
    assert [row["score_source"] for row in rows] == pytest.approx([0, 1, 0, 1])
    assert {row["readout"] for row in rows} == {"final"} and {row["source"] for row in rows} == {"00001"}
    assert len(decoded) == 4  # each once, though it is scored twice
    table = table_of({RUN.name: rows}, {RUN.name: RUN}, {"model": "m", "task": TASK})
    assert list(table.columns) == COLUMNS and table.mass_source.isna().all() and table.score_source.notna().all()


def test_a_video_that_scores_alike_as_both_shows_neither(decoded):
    rows = scoring_of({0: 0.5, 1: 0.58}).rows(RUN)
    assert [row["outcome"] for row in rows[:2]] == ["other", "source"]
    assert [outcome_of_scores(source, 0.5) for source in (0.74, 0.75, 0.26, 0.25)] == [
        *("other", "source", "other", "target")
    ]


def test_a_mode_that_stops_is_read_in_its_estimate_and_clean_runs_where_their_swaps_are(decoded):
    stopped = {**SWAP, "to_the_end": [], "steps": [[0], [1]]}
    scored = scoring_of({0: 0.2, 1: 0.2}, stopped, estimates={0: 0.8, 1: 0.2})
    later = {f"x0_pred/{Swap(layer, steps=(1,)).name()}": z(0.8) for layer in range(2)}
    scored.swapped.items[RUN.name].update(later)
    rows = pd.DataFrame(scored.rows(RUN))
    assert set(rows.readout) == {"x0_pred"} and len(rows) == 2 * 2 + 2 * 2
    assert rows.outcome[rows.run == "swap"].tolist() == ["source", "target", "source", "source"]
    both = scoring_of({0: 0.2, 1: 0.8}, {**SWAP, "modes": ["residual", "full"]})
    assert both.clean_readouts(False) == ["x0_pred", "final"] and both.readouts("full") == ["x0_pred"]
    full = scoring_of({}, {**SWAP, "modes": ["full"]})
    assert full.clean_readouts(False) == ["x0_pred"] and full.clean_readouts(True) == ["x0_pred", "final"]


def test_a_clean_video_beside_several_sets_of_steps_is_made_once(decoded):
    scored = scoring_of({0: 0.2, 1: 0.8}, {**SWAP, "steps": [[0], [0, 1]]})
    both = {f"latents/{Swap(layer, steps=(0, 1)).name()}": z(0.2) for layer in range(2)}
    scored.swapped.items[RUN.name].update(both)
    rows = pd.DataFrame(scored.rows(RUN))
    clean = rows[rows.run != "swap"]
    assert len(clean) == 4 and len(decoded) == 4 + 2
    assert clean.groupby("run").score_target.nunique().tolist() == [1, 1]


def test_cases_of_two_sizes_or_lengths_are_no_pair():
    cases = [case_of("a"), case_of("b"), case_of("c", width=48), case_of("d", width=48), case_of("e", frames=9)]
    pairs = pairs_of(cases)
    assert [pair and pair.source.name for pair in pairs.values()] == ["b", None, "d", None, None]
    for alone in (cases[:1], [cases[0], cases[2]], cases[3:]):
        with pytest.raises(InputError, match=f"no two neighbours of the {len(alone)} cases of {TASK} have one picture"):
            pairs_of(alone)


def test_the_ends_of_clean_runs_do_where_swaps_begin_at_step_0_and_go_on_to_the_end():
    assert read_at_the_ends({**SWAP, "matrix": False})
    for other in ({"matrix": True}, {"steps": [[0], [0, 1]]}, {"modes": ["residual", "full"]}, {"to_the_end": []}):
        assert not read_at_the_ends({**SWAP, "matrix": False, **other}), other


def test_means_of_scores_stand_in_the_table_and_those_of_puzzles_have_none(decoded, tmp_path):
    scored = table_of({RUN.name: scoring_of({0: 0.2, 1: 0.8}).rows(RUN)}, {RUN.name: RUN}, {"model": "m", "task": TASK})
    scored.to_csv(tmp_path / "scored.csv", index=False)
    found = summary(split(read_rows([tmp_path / "scored.csv"]), ["0"])[0], STATISTICS)
    swaps = found[found.run == "swap"].set_index("layer")
    assert swaps.flip.to_dict() == {0: 0, 1: 1} and swaps.score_source.to_dict() == pytest.approx({0: 0, 1: 1})
    assert "mass_source" not in found and {"score_target_low", "score_target_high"} < {*found}
    before = rows_of_puzzles().drop(columns=["score_target", "score_source"])  # a table of before there were scores
    before.to_csv(tmp_path / "before.csv", index=False)
    of_puzzles = summary(read_rows([tmp_path / "before.csv"]), STATISTICS)
    assert not [name for name in of_puzzles if name.startswith("score")] and "mass_source" in of_puzzles


def test_a_pair_of_a_benchmark_may_differ_in_its_first_frames():
    conditions = {"00000": torch.zeros(1), "00001": torch.ones(1)}
    network = SimpleNamespace(conditioning=lambda case: SimpleNamespace(condition=conditions[case]))
    work = Swapping(network, None, SWAP, 2, {"00000": "00001"}, [], 2)
    assert len(work._conditionings(RUN, replace(RUN, case="00001"))) == 2
    puzzle = replace(RUN, task="object_sets")
    with pytest.raises(InputError, match="differ in more than their prompts"):
        work._conditionings(puzzle, replace(puzzle, case="00001"))
