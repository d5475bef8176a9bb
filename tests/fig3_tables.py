"""Synthetic tables of Figure 3, as the score and noise rules write them."""

from pathlib import Path

import numpy as np
import pandas as pd

from chainofsteps.probes.noise import points as fig3_points
from chainofsteps.probes.noise.table import CKA_COLUMNS, SCORE_COLUMNS, read_table

INTERVAL = fig3_points.Interval(resamples=200, level=0.9, seed=3)


FEATURES = ("x0_pred", "latents")
TASKS = {"multi": "loop_maze", "unique": "unique_maze"}


class Params(dict):
    """Keys as attributes too, as Snakemake's params have them."""

    __getattr__ = dict.__getitem__


def params(steps: int, boundary: float | None = None, **changes) -> Params:
    return Params(
        sampling={"steps": steps, "shift": 3.0, "guidance_scale": 1.0, "boundary": boundary},
        noise={"frames": "all", "restore_first_frame": True},
        similarity={"features": list(FEATURES), "kernel": "linear", "unbiased": True, "sensitivity": "mean"},
        statistics={"resamples": 200, "level": 0.9, "seed": 3},
        **changes,
    )


def tables(
    steps=4,
    frames=3,
    cases=5,
    operators=("replace", "renoise"),
    kinds=("multi", "unique"),
    seeds=(1,),
    schemes=("step", "frame"),
):
    """Score and CKA tables as the score and noise rules write them, with values from a fixed generator."""
    generator = np.random.default_rng(0)
    scores, cka = [], []
    for kind in kinds:
        for case in (f"{index:05d}" for index in range(cases)):
            base = {"model": "embedded", "task": TASKS[kind], "kind": kind, "case": case}
            for run in ("floor_static", "floor_noise", "ground_truth"):
                scores.append({**base, "run": run, "score": generator.random()})
            for seed in seeds:
                of_seed = {**base, "seed": seed}
                for run in ("baseline", "reseed"):
                    scores.append({**of_seed, "run": run, "score": generator.random()})
                cka += [
                    {**of_seed, "run": "reseed", "later_step": t, "features": name, "dissimilarity": generator.random()}
                    for name in FEATURES
                    for t in range(steps)
                ]
                for operator in operators:
                    noise = {"operator": operator, "amplitude": 1.0, "timing": "before", "noise_seed": 1000}
                    noise |= {**of_seed, "noise": "fixed"}
                    runs = [{"run": "noise_at_step", "scheme": "step", "step": s} for s in range(steps)]
                    runs += [
                        {"run": "noise_at_frame", "scheme": "frame", "step": "all", "frame": f} for f in range(frames)
                    ]
                    for run in (run for run in runs if run["scheme"] in schemes):
                        scores.append({**noise, **run, "score": generator.random()})
                        first = run["step"] if run["run"] == "noise_at_step" else 0
                        cka += [
                            {**noise, **run, "later_step": t, "features": name, "dissimilarity": generator.random()}
                            for name in FEATURES
                            for t in range(first, steps)
                        ]
    scores = pd.DataFrame(scores).assign(exact=0, latent_frames=frames or 3).reindex(columns=SCORE_COLUMNS)
    return scores, pd.DataFrame(cka).reindex(columns=CKA_COLUMNS)


def read(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame):
    """Through the files, as the script reads them."""
    scores.to_csv(folder / "scores.csv", index=False)
    cka.to_csv(folder / "cka.csv", index=False)
    return (
        read_table(folder / "scores.csv", SCORE_COLUMNS, "score"),
        read_table(folder / "cka.csv", CKA_COLUMNS, "dissimilarity"),
    )
