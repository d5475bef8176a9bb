"""Decode x0_pred of one run at the steps of one panel, and keep the frames that it shows."""

from pathlib import Path

import torch

from chainofsteps.decode import decode
from chainofsteps.errors import reported
from chainofsteps.files import read_json, save_tensors
from chainofsteps.models import load_vae
from chainofsteps.panels import Panel
from chainofsteps.settings import Sampling
from chainofsteps.shards import read_shard
from chainofsteps.trajectory import Trajectory

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    panel, given = Panel(**snakemake.params.panel), snakemake.input
    trajectories = read_shard(given.trajectory)
    device = snakemake.config["models"][snakemake.wildcards.model].get("device", "auto")
    vae = load_vae(read_json(given.model)["folder"], device=Sampling(steps=1, shift=1.0, device=device).torch_device)
    trajectory = Trajectory.from_tensors(trajectories.load(panel.run)[0], trajectories.path(panel.run))
    estimates = torch.cat([trajectory.x0_pred(step) for step in panel.steps])
    pictures = torch.from_numpy(decode(vae, estimates)[:, list(panel.frames)])
    sigmas = trajectory.sigmas[list(panel.steps)]
    save_tensors(Path(snakemake.output[0]), {"pictures": pictures, "sigmas": sigmas}, {})
