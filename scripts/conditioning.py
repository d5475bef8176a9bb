"""Encode the prompt and the first frame of each case of a shard."""

import time
from pathlib import Path

import torch

from chainofsteps.cases import read_cases
from chainofsteps.conditioning import encode
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.jobs import progress
from chainofsteps.models import load_text_encoder, load_vae
from chainofsteps.settings import Sampling
from chainofsteps.shards import Shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    model, cases = read_json(snakemake.input.model), read_json(snakemake.input.cases)
    sampling = Sampling(steps=1, shift=1.0, **params.encoding)  # steps and shift have no part in encoding
    manifest = Path(snakemake.output.manifest)
    settings = {"encoding": params.encoding, "model": model["identity"], "cases": cases["identity"]}
    shard = Shard(manifest.with_suffix(""), manifest, "conditioning", settings, params.recipe)

    names = list(cases["cases"])
    pending = shard.pending(names)
    if pending:
        text_encoder, tokenizer = load_text_encoder(model["folder"], sampling.dtype)
        vae = load_vae(model["folder"], device=sampling.torch_device)  # float32, as the stock pipeline is used
        with progress(f"conditioning {task} {snakemake.wildcards.shard}", len(pending), "cases") as line:
            for case in read_cases(cases["root"], task, pending):
                began = time.perf_counter()
                conditioning = encode(
                    case, text_encoder, tokenizer, vae, sampling, case.frames, case.height, case.width
                )
                shard.save(case.name, conditioning.to_tensors(), {"seconds": time.perf_counter() - began})
                line.update()
    shard.finish(names)
