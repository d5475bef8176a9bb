"""Decode x0_pred of every step of a shard's untouched runs, score it, and read what it supports."""

import json
import time
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.evalkit.python import stamped
from chainofsteps.bench.evalkit.scores import scorer
from chainofsteps.bench.puzzles import PUZZLES, puzzle
from chainofsteps.bench.puzzles.candidates import right_answers
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.probes.x0_pred.rows import FRAME_COLUMNS, MASS_COLUMNS, READING_COLUMNS, SCORE_COLUMNS, read_steps
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases, trajectories = read_json(given.model), read_json(given.cases), read_shard(given.trajectory)
    settings = {"trajectory": trajectories.manifest["settings_hash"], **stamped(params.scorer, given.scorer)}
    runs = {f"{case}-seed{seed}": (case, seed) for case in cases["cases"] for seed in params.seeds}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "x0_pred", settings, params.recipe, trajectories.identities, shared)
    pending = shard.pending(list(runs))
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    judge = scorer(given.scorer, snakemake.config["evalkit"], snakemake.threads)
    by_name = {case.name: case for case in read_cases(cases["root"], task, list(cases["cases"]))}
    with progress(f"x0_pred {task} {snakemake.wildcards.shard}", len(pending), "runs") as line:
        for run in pending:
            began = time.perf_counter()
            trajectory = Trajectory.from_tensors(trajectories.load(run)[0], trajectories.path(run))
            rows = read_steps(by_name[runs[run][0]], trajectory, vae, judge)
            about = {"rows": rows, "seconds": time.perf_counter() - began}
            shard.save(run, {"score": torch.tensor([row["score"] for row in rows])}, about)
            line.update()
    described, scores, masses = {"model": name_of_model, "task": task, "kind": cases["kind"]}, [], []
    frames, readings = [], []
    for run, (case, seed) in runs.items():
        layout = by_name[case].layout
        right = right_answers(task, layout) if task in PUZZLES else []
        described |= {"difficulty": puzzle(task).difficulty(layout), "right_answers": len(right)} if right else {}
        for row in json.loads(shard.load(run)[1]["rows"]):
            row |= {**described, "case": case, "seed": seed, "exact": row["score"] >= 1}
            scores.append(row)
            masses += [{**row, "candidate": c, "right": c in right, "mass": m} for c, m in row["masses"].items()]
            frames += [{**row, **of_frame} for of_frame in row["frames"]]
            readings += [{**row, "reading": name, "value": value} for name, value in row["readings"].items()]
    output = snakemake.output
    rows = {output.scores: (scores, SCORE_COLUMNS), output.masses: (masses, MASS_COLUMNS)}
    rows |= {output.frames: (frames, FRAME_COLUMNS), output.readings: (readings, READING_COLUMNS)}
    for path, (table, columns) in rows.items():
        measured = pd.DataFrame(table, columns=columns)
        write_table(path, measured if path == output.scores else measured.round(4))
    shard.finish(list(runs), list(rows))
