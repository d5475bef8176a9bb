"""Decode x0_pred of the runs that a figure shows, at the steps of each panel, and keep the frames that it shows.

Beside them one video of what the runs end with, which is x0_pred of the last step.
"""

import torch

from chainofsteps.bench.video import beside, write_mp4
from chainofsteps.config.panels import Panel
from chainofsteps.files import save_tensors
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import vae_of
from chainofsteps.probes.x0_pred.pictures import pictures
from chainofsteps.store.job import Job
from chainofsteps.store.reader import read_shard

with Job(snakemake) as job:
    torch.set_num_threads(job.threads)
    vae = load_vae(job.model["folder"], **vae_of(job.config, job.wildcards.model))
    panels = [Panel(**panel) for panel in job.params.panels]
    shown = [pictures(panel, read_shard(path), vae) for panel, path in zip(panels, job.input.trajectories, strict=True)]
    save_tensors(job.output.pictures, {name: kept for tensors, _ in shown for name, kept in tensors.items()}, {})
    write_mp4(job.output.video, beside([video for _, video in shown]))
