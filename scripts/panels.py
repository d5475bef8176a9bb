"""Decode x0_pred of the runs that a figure shows, at the steps of each panel, and keep the frames that it shows.

Beside them one video of what the runs end with, which is x0_pred of the last step.
"""

import numpy as np
import torch

from chainofsteps.bench.video import beside, write_mp4
from chainofsteps.config.panels import Panel
from chainofsteps.errors import reported
from chainofsteps.files import read_json, save_tensors
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.model.vae import decode
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.shards import read_shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    given, output, kept, finals = snakemake.input, snakemake.output, {}, []
    device = device_of(snakemake.config, snakemake.wildcards.model)
    vae = load_vae(read_json(given.model)["folder"], device=device)
    for row, path in zip(snakemake.params.panels, given.trajectories, strict=True):
        panel, trajectories = Panel(**row), read_shard(path)
        trajectory = Trajectory.from_tensors(trajectories.load(panel.run)[0], trajectories.path(panel.run))
        *estimates, final = (decode(vae, trajectory.x0_pred(step))[0] for step in (*panel.steps, trajectory.steps - 1))
        finals.append(final)
        pictures = [estimate[list(panel.frames)] for estimate in estimates]
        kept[f"{panel.name}-pictures"] = torch.from_numpy(np.stack(pictures))
        kept[f"{panel.name}-sigmas"] = trajectory.sigmas[list(panel.steps)]
    save_tensors(output.pictures, kept, {})
    write_mp4(output.video, beside(finals))
