"""Encode the prompt and the first frame of each case of a shard."""

import time
from pathlib import Path

import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.checkpoint import keeps_first_frame
from chainofsteps.model.conditioning import Conditioning, encode_first_frame, encode_images, encode_texts
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    model, cases = read_json(snakemake.input.model), read_json(snakemake.input.cases)
    placed = placement(snakemake.config, snakemake.wildcards.model)
    sampling = Sampling(steps=1, shift=1.0, **params.encoding, **placed)  # the two have no part in encoding
    manifest = Path(snakemake.output.manifest)
    settings = {"encoding": params.encoding, "model": model["identity"]}
    identities = {name: of_case["identity"] for name, of_case in cases["cases"].items()}
    shard = Shard(manifest, "conditioning", settings, params.recipe, identities, snakemake.config["shared"])

    names = list(identities)
    pending = shard.pending(names)
    if pending:
        given, folder, device = read_cases(cases["root"], task, pending), model["folder"], sampling.torch_device
        # Text encoder, image encoder and VAE one after the other: a GPU need not hold two.
        prompts = [case.prompt for case in given] + [sampling.negative_prompt] * sampling.guided
        embeds = encode_texts(folder, prompts, sampling)
        negative = embeds[sampling.negative_prompt] if sampling.guided else None
        images = encode_images(folder, given, device)
        vae = load_vae(folder, device=device)  # float32, as the stock pipeline is used
        with progress(f"conditioning {task} {snakemake.wildcards.shard}", len(given), "cases") as line:
            for case in given:
                began = time.perf_counter()
                size = (case.frames, case.height, case.width)
                conditioning = Conditioning(
                    prompt_embeds=embeds[case.prompt],
                    negative_prompt_embeds=negative,
                    image_embeds=images[case.name],
                    **encode_first_frame(case, vae, *size, keeps_first_frame(folder)),
                )
                shard.save(case.name, conditioning.to_tensors(), {"seconds": time.perf_counter() - began})
                line.update()
    shard.finish(names)
