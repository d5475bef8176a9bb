from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from chainofsteps.bench.cases import Case
from chainofsteps.bench.puzzles import puzzle
from chainofsteps.errors import InputError
from chainofsteps.probes.candidates.observer import Candidates
from chainofsteps.probes.swap.rows import COLUMNS, Pair, latent_answers, outcome, pairs_of, read_latents, right_video
from chainofsteps.probes.swap.table import read_rows, split, summary, write

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}


def case_of(seed, name="00000", task="object_sets"):
    made = puzzle(task).generate(seed)
    return Case(task, name, Path("nowhere"), made.prompt, made.video[0], len(made.video), made.layout)


@pytest.fixture(scope="module")
def pair():
    return Pair(case_of(1), case_of(2, "00001"))


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)])
def test_both_answers_are_among_those_that_are_read(seeds):
    target, source = (case_of(seed) for seed in seeds)
    pair = Pair(target, source)
    answers = pair.answers
    assert list(answers)[:2] == ["target", "source"] and len(answers) > 2
    for word, case in (("target", target), ("source", source)):
        found = pair.read(right_video(case), answers)
        assert found["outcome"] == word and found[f"mass_{word}"] == pytest.approx(1, abs=0.02)
        assert found[f"exact_{word}"] and not found[f"exact_{'source' if word == 'target' else 'target'}"]


def test_neither_a_mixture_nor_a_third_answer_is_a_flip(pair):
    answers, blank = pair.answers, np.repeat(right_video(pair.target)[:1], 17, axis=0)
    half = right_video(pair.target) / 2 + right_video(pair.source) / 2
    third = next(video for name, video in answers.items() if name.startswith("source: "))
    for video in (blank, half.astype(np.uint8), third):
        found = pair.read(video, answers)
        assert found["outcome"] == "other" and not found["exact_source"] and not found["exact_target"]


def test_latents_are_read_for_the_answers_of_both_cases():
    """Target and source share one wrong candidate; blends of known weights are read as what they are."""
    z = np.eye(5, 320) * 40
    target = Candidates(["a", "b", "c"], np.array([True, False, False]), z[:3])
    source = Candidates(["d", "b", "e"], np.array([True, False, False]), z[[3, 1, 4]])
    answers = latent_answers(target, source)
    assert list(answers.names) == ["target", "source", "target: b", "target: c", "source: e"]

    def shown(weights):
        return read_latents(answers, torch.from_numpy(np.asarray(weights) @ answers.latents).view(1, 4, 5, 4, 4))

    assert shown([0.1, 0.8, 0.1, 0, 0]) == {
        "outcome": "source",
        "mass_source": pytest.approx(0.8, abs=1e-3),
        "mass_target": pytest.approx(0.1, abs=1e-3),
    }
    assert shown([0.9, 0.1, 0, 0, 0])["outcome"] == "target"
    assert shown([0.4, 0.6, 0, 0, 0])["outcome"] == shown([0, 0.1, 0.9, 0, 0])["outcome"] == "other"
    far = torch.from_numpy(answers.latents[1]).view(1, 4, 5, 4, 4) + 8 * torch.randn(
        1, 4, 5, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert read_latents(answers, far)["outcome"] == "other"
    with pytest.raises(InputError, match="a case has 2 right answers"):
        latent_answers(target, Candidates(["d", "e"], np.array([True, True]), z[3:]))


def test_an_answer_that_is_faint_or_has_a_rival_is_not_shown():
    assert outcome({"target": 0.1, "source": 0.6, "x": 0.3}) == "source"
    assert outcome({"target": 0.0, "source": 0.49, "x": 0.0}) == "other"
    assert outcome({"target": 0.4, "source": 0.6, "x": 0.0}) == "other"
    assert outcome({"target": 0.0, "source": 0.2, "x": 0.9}) == "other"


def test_a_pair_is_a_case_and_the_next():
    cases = [case_of(seed, f"{i:05d}") for i, seed in enumerate((1, 2, 2))]
    pairs = pairs_of(cases)
    assert [pair and pair.source.name for pair in pairs.values()] == ["00001", None, "00000"]
    assert pairs_of(cases[:1]) == {"00000": None}
    with pytest.raises(InputError, match="right answers; swap.task needs one with one"):
        pairs_of([case_of(seed, f"{seed}", "tic_tac_toe") for seed in range(2)])


def rows(cases=4, planted=2, seeds=(1, 2)):
    """At layer `planted` all runs flip but those of seed 2, at the others none; the first two pairs have a matrix."""
    found = []
    for case in range(cases):
        common = {"model": "m", "task": "t", "case": f"{case:05d}", "source": "x", "matrix": case < 2}
        for seed in seeds:
            run = common | {"seed": seed}
            for layer in range(4):
                for steps in ("0", "1", "0 1"):
                    flips = layer == planted and seed == 1
                    swapped = {
                        "run": "swap",
                        "layer": layer,
                        "width": 1,
                        "mode": "residual",
                        "steps": steps,
                        "readout": "final",
                    }
                    masses = {"mass_source": float(flips), "mass_target": float(not flips)}
                    found.append(run | swapped | masses | {"outcome": "source" if flips else "target"})
            for steps in ("0", "0 1"):
                clean = {"run": "target", "steps": steps, "readout": "final", "outcome": "target"}
                found.append(run | clean | {"mass_source": 0.0, "mass_target": 1.0})
            same = {"run": "same_text", "layer": 0, "mode": "full", "steps": "0", "readout": "velocity"}
            found.append(common | {"seed": seed} | same | {"distance": 0.0})
    return pd.DataFrame(found).reindex(columns=COLUMNS)


def test_a_planted_flip_is_found_at_its_layer():
    table = summary(rows(), STATISTICS)
    curve = table[(table.run == "swap") & (table.steps == "0")].set_index("layer")
    assert curve.flip.to_dict() == {0: 0, 1: 0, 2: 0.5, 3: 0} and curve.kept[2] == 0.5 and curve.other[2] == 0
    assert (curve.n == 4).all() and (curve.seeds == 2).all() and curve.flip_low[2] < 0.2 < 0.8 < curve.flip_high[2]
    (clean,) = table[(table.run == "target") & (table.steps == "0")].itertuples()
    assert (clean.flip, clean.kept, clean.mass_target) == (0, 1, 1)
    (same,) = table[table.run == "same_text"].itertuples()
    assert same.distance == 0 and np.isnan(same.flip)


def test_curves_and_matrix_are_told_apart():
    curves, matrix = split(rows(), ["0", "0 1"])
    assert set(curves[curves.run == "swap"].steps) == {"0", "0 1"} and set(curves.run) == {
        "swap",
        "target",
        "same_text",
    }
    wide = rows().assign(width=3)
    assert split(wide, ["0", "0 1"])[1].empty
    assert set(matrix.case) == {"00000", "00001"} and set(matrix.step) == {0, 1}


def test_tables_are_read_back_as_they_were(tmp_path):
    rows()[:0].to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(InputError, match="no two neighbouring cases have different answers"):
        read_rows([tmp_path / "empty.csv"])
    for part in range(2):
        rows().to_csv(tmp_path / f"{part}.csv", index=False)
    back = read_rows([tmp_path / "0.csv", tmp_path / "1.csv"])
    assert len(back) == 2 * len(rows()) and set(back.steps) == {"0", "1", "0 1"} and back.case.iloc[0] == "00000"
    curves, _ = split(back, ["0"])
    write(tmp_path / "table.csv", curves, STATISTICS)
    text = (tmp_path / "table.csv").read_text()
    assert ",2,1,residual,,0,final,4,2,0.5," in text
    write(tmp_path / "none.csv", curves[:0], STATISTICS)
    assert (tmp_path / "none.csv").read_text() == "model,task,run,layer,width,mode,part,steps,readout\n"
