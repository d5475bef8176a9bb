"""The verdict on every claim of the paper, by the rules of the schema, as JSON and as a page."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from chainofsteps.claims import exploration as early
from chainofsteps.claims import judge, layers, markdown, noise, sampling
from chainofsteps.errors import reported
from chainofsteps.files import atomic_write, read_json
from chainofsteps.probes.noise.table import CKA_COLUMNS, SCORE_COLUMNS, read_table
from chainofsteps.probes.swap.table import read_rows
from chainofsteps.probes.x0_pred.decided import Thresholds
from chainofsteps.probes.x0_pred.decided_tables import read
from chainofsteps.statistics import Interval

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    interval, thresholds = Interval(**params.statistics), Thresholds(**params.thresholds)
    schema = yaml.safe_load(Path(given.schema).read_text())
    scores = read_table(given.scores, SCORE_COLUMNS, "score")
    cka = read_table(given.cka, CKA_COLUMNS, "dissimilarity")
    masses, readings = read(given.masses), read(given.readings)
    undisturbed = early.Undisturbed(read(given.finished), interval)
    runs = pd.read_csv(given.runs, dtype={"case": str})
    activations = pd.read_csv(given.activations, dtype={"case": str})
    frames, few_steps = read(given.frames), read(given.few_steps)
    ensembles = read(given.ensemble, {"steps": str})
    depth = read_json(given.model)["layers"]
    measured = {
        "C1": noise.step_against_frame(scores, interval, params.restored),
        "C2": noise.peak_of_sensitivity(cka, interval),
        "C3": noise.propagation(cka, interval),
        "C4": early.pruned(masses, thresholds.live, undisturbed),
        "C5": early.superposed(masses, thresholds.live, undisturbed),
        "C6": early.reference_kept(readings, thresholds, undisturbed),
        "C7": early.revision(runs, undisturbed),
        "C8": early.perception_first(runs, undisturbed),
        "C9": layers.specialised(activations, depth, interval),
        "C10": layers.reversed_by_a_swap(read_rows(given.swap), depth, interval),
        "C11": sampling.ensemble_gain(ensembles, "20-29", "mean", interval),
        "C12": sampling.loss(frames, "frames", 17, 5, interval),
        "C13": sampling.loss(few_steps, "steps", params.steps, 4, interval),
        "C14": early.several_paths(masses, thresholds.live, undisturbed),
    }
    for name in ("C2", "C3"):
        measured[name] = replace(measured[name], clean=noise.undisturbed(scores))
    rows = judge(measured, schema, snakemake.config["model"])
    atomic_write(output.json, (json.dumps(rows, indent=2) + "\n").encode())
    atomic_write(output.page, markdown(rows, schema, interval.level).encode())
