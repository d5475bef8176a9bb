"""Decode a shard's untouched runs and have EvalKit score them, the true clip and the first frame repeated."""

import json
import logging
import time
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.evalkit.scores import COLUMNS, MODES, Kit, described, runs
from chainofsteps.errors import InputError, reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.model.vae import decode
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases, trajectories = read_json(given.model), read_json(given.cases), read_shard(given.trajectory)
    kit = Kit.read(given.kit, snakemake.threads, snakemake.config["evalkit"]["time_limit"])
    settings = {
        "trajectory": trajectories.manifest["settings_hash"],
        "kit": {"commit": kit.commit, "source": kit.source, "opencv": kit.opencv},
        "seeds": params.seeds,
    }
    identities = {name: of_case["identity"] for name, of_case in cases["cases"].items()}
    names, manifest = list(identities), Path(snakemake.output.manifest)
    shard = Shard(manifest, "evalkit", settings, params.recipe, identities, snakemake.config["shared"])
    pending, failed = shard.pending(names), 0
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    with progress(f"evalkit {task} {snakemake.wildcards.shard}", len(pending), "cases") as line:
        for case in read_cases(cases["root"], task, pending):
            began = time.perf_counter()
            finals = {seed: trajectories.load(f"{case.name}-seed{seed}")[0]["latents"][-1:] for seed in params.seeds}
            try:
                rows = runs(kit, case, {seed: decode(vae, latents)[0] for seed, latents in finals.items()})
            except InputError as error:  # the others are scored all the same, so that one look shows every failure
                logging.getLogger("chainofsteps").error("%s", error)
                failed += 1
                continue
            values = torch.tensor([[row[mode] for mode in MODES] for row in rows])
            shard.save(case.name, {"scores": values}, {"rows": rows, "seconds": time.perf_counter() - began})
            line.update()
    if failed:
        raise InputError(f"{failed} of {len(names)} cases of {task} have no score of EvalKit; each has a line above")
    rows = [{"case": name, **row} for name in names for row in json.loads(shard.load(name)[1]["rows"])]
    table = pd.DataFrame(rows).assign(model=name_of_model, **described(task, kit)).reindex(columns=COLUMNS)
    write_table(snakemake.output.table, table.astype({"seed": "Int64"}))
    shard.finish(names, [snakemake.output.table])
