"""Decode what an ideal denoiser estimates at the steps of the runs that a figure shows."""

import torch

from chainofsteps.config.panels import Panel
from chainofsteps.files import save_tensors
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import vae_of
from chainofsteps.probes.candidates.pictures import ideal_pictures
from chainofsteps.store.job import Job
from chainofsteps.store.reader import read_shard

with Job(snakemake) as job:
    torch.set_num_threads(job.threads)
    vae = load_vae(job.model["folder"], **vae_of(job.config, job.wildcards.model))
    pictures = {}
    for panel, *paths in zip(job.params.panels, job.input.trajectories, job.input.answers, strict=True):
        pictures |= ideal_pictures(Panel(**panel), *map(read_shard, paths), vae)
    save_tensors(job.output.pictures, pictures, {})
