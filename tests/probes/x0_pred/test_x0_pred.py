import numpy as np
import pandas as pd
import pytest
import torch

from chainofsteps.bench import scoring
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.puzzles import draw
from chainofsteps.model import schedule
from chainofsteps.model.load import load_vae
from chainofsteps.model.vae import encode
from chainofsteps.names import SPLITS
from chainofsteps.probes.x0_pred import rows as x0_pred
from chainofsteps.probes.x0_pred import table as x0_pred_table
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.statistics import SHARE, agreed


def test_summary_averages_seeds_before_cases():
    exacts = {"00000": (True, False), "00001": (True, True)}
    common = {"model": "m", "task": "shelf", "kind": "unique", "step": 0, "sigma": 1.0}
    table = pd.DataFrame(
        [
            {**common, "case": case, "difficulty": float(case), "seed": seed, "score": float(exact), "exact": exact}
            for case, of_case in exacts.items()
            for seed, exact in enumerate(of_case)
        ]
    )
    row = x0_pred_table.summary(table, {"resamples": 200, "level": 0.95, "seed": 0}).iloc[0]
    assert (row.task, row.n, row.seeds, row.success, row.category) == ("shelf", 2, 2, 0.75, "Spatiality")
    few, _ = agreed(0.75, 2, 0.95, SHARE)
    assert (row.success_low, row.success_high) == pytest.approx((few, 1.0), abs=1e-4)
    split = x0_pred_table.summary(table, {"resamples": 200, "level": 0.95, "seed": 0}, by=["difficulty"])
    assert split[["difficulty", "n", "success"]].to_numpy().tolist() == [[0.0, 1, 0.5], [1.0, 1, 1.0]]


def test_a_planted_decision_is_found_at_its_step(tmp_path, monkeypatch):
    """Latents on the straight line from noise to one answer, and from step 2 on to the other."""
    folder = "models/embedded"
    vae = load_vae(folder, device=torch.device("cpu"))
    write_case(tmp_path, SPLITS[0], "grounding", "00000", draw("grounding", 0, held_out=True))
    (case,) = read_cases(tmp_path, "grounding")
    answers = x0_pred.puzzles.puzzle("grounding").answers(case.layout)
    right = x0_pred.candidates.right_answers("grounding", case.layout)
    (wrong, *_), (good,) = [name for name in answers if name not in right], right
    sigmas = schedule.sigmas(4, 3.0)
    latents = [torch.randn(1, 16, 5, 8, 8, generator=torch.Generator().manual_seed(0))]
    for step in range(4):
        goal = encode(vae, answers[wrong if step < 2 else good])
        velocity = (latents[-1] - goal) / sigmas[step]
        latents.append(latents[-1] + (sigmas[step + 1] - sigmas[step]) * velocity)
    rows = x0_pred.read_steps(case, Trajectory(torch.cat(latents), sigmas), vae)
    assert [row["score"] == 1.0 for row in rows] == [False, False, True, True]
    assert [row["sigma"] for row in rows] == sigmas[:-1].tolist()
    masses = np.array([[row["masses"][wrong], row["masses"][good]] for row in rows])
    assert masses == pytest.approx(np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), abs=0.15)
    monkeypatch.setattr(scoring, "BATCH_ELEMENTS", 3 * latents[0].numel())  # of a larger video: three steps, then one
    few = x0_pred.read_steps(case, Trajectory(torch.cat(latents), sigmas), vae)
    assert [(row["step"], row["score"]) for row in few] == [(row["step"], row["score"]) for row in rows]
