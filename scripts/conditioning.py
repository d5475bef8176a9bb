"""Encode the prompt and the first frame of each case of a shard."""

import time
from pathlib import Path

import torch

from chainofsteps.cases import read_cases
from chainofsteps.conditioning import Conditioning, encode_first_frame, encode_texts
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.jobs import progress
from chainofsteps.models import load_vae
from chainofsteps.settings import Sampling
from chainofsteps.shards import Shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    model, cases = read_json(snakemake.input.model), read_json(snakemake.input.cases)
    device = snakemake.config["models"][snakemake.wildcards.model].get("device", "auto")
    # steps and shift have no part in encoding
    sampling = Sampling(steps=1, shift=1.0, device=device, **params.encoding)
    manifest = Path(snakemake.output.manifest)
    settings = {"encoding": params.encoding, "model": model["identity"]}
    identities = {name: of_case["identity"] for name, of_case in cases["cases"].items()}
    shard = Shard(manifest, "conditioning", settings, params.recipe, identities)

    names = list(identities)
    pending = shard.pending(names)
    if pending:
        given, negative = read_cases(cases["root"], task, pending), [sampling.negative_prompt] * sampling.guided
        # Text encoder and VAE one after the other: a GPU need not hold both.
        embeds = encode_texts(model["folder"], [*(case.prompt for case in given), *negative], sampling)
        vae = load_vae(model["folder"], device=sampling.torch_device)  # float32, as the stock pipeline is used
        with progress(f"conditioning {task} {snakemake.wildcards.shard}", len(given), "cases") as line:
            for case in given:
                began = time.perf_counter()
                condition = encode_first_frame(case, vae, case.frames, case.height, case.width)
                conditioning = Conditioning(embeds[case.prompt], condition, *(embeds[text] for text in negative))
                shard.save(case.name, conditioning.to_tensors(), {"seconds": time.perf_counter() - began})
                line.update()
    shard.finish(names)
