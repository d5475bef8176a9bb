"""The other side: diffusers' own pipeline, one video at a time, each from its start."""

from pathlib import Path

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline
from diffusers.utils.logging import disable_progress_bar
from PIL import Image

from chainofsteps.bench.cases import Case
from chainofsteps.model import schedule
from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.noise.inject import apply, noise_of
from chainofsteps.probes.noise.spec import Intervention


class Stock:
    """WanImageToVideoPipeline with the sigmas of `sampling`, its own code otherwise."""

    def __init__(self, folder: Path, sampling: Sampling) -> None:
        self.sampling = sampling
        self.sigmas = schedule.sigmas(sampling.steps, sampling.shift)
        disable_progress_bar()
        dtypes = {"default": sampling.torch_dtype, "vae": torch.float32}  # whatever the files hold
        pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=dtypes)
        self.pipeline = pipeline.to(sampling.torch_device)
        self.pipeline.set_progress_bar_config(disable=True)
        set_timesteps = self.pipeline.scheduler.set_timesteps
        explicit = np.linspace(1, 1 / sampling.steps, sampling.steps)
        self.pipeline.scheduler.set_timesteps = lambda _, device: set_timesteps(sigmas=explicit, device=device)

    def video(self, case: Case, latents: torch.Tensor, on_step_end=None) -> np.ndarray:
        """One video (1, T, H, W, 3) in [0, 1] from initial latents (1, C, F, h, w)."""
        return self.pipeline(
            image=Image.fromarray(case.first_frame),
            prompt=case.prompt,
            negative_prompt=self.sampling.negative_prompt,
            height=case.height,
            width=case.width,
            num_frames=case.frames,
            num_inference_steps=self.sampling.steps,
            guidance_scale=self.sampling.guidance_scale,
            max_sequence_length=self.sampling.max_sequence_length,
            latents=latents,
            output_type="np",
            callback_on_step_end=on_step_end,
        ).frames

    def perturbed(
        self,
        case: Case,
        run: Intervention,
        name: str,
        seed: int,
        latents: torch.Tensor,
        first: torch.Tensor | None,
    ) -> tuple[torch.Tensor, np.ndarray]:
        """Final latents and video of one intervention, latents edited in `callback_on_step_end`.

        name, seed: what the noise is drawn for. first (1, C, h, w): put back as latent frame 0 at the end.
        """

        def edit(timing: str, step: int, x: torch.Tensor, level: int, x0_pred: torch.Tensor | None):
            if run.timing != timing or not run.acts_at(step) or step == self.sampling.steps:
                return x
            eps = noise_of(run, step, name, seed, x.shape[1:])
            return apply(run, step, x, self.sigmas[level], x0_pred, eps)

        before = edit("before", 0, latents, 0, None)
        final = None

        def on_step_end(_pipeline, step, _timestep, state):
            nonlocal before, final
            sigma, sigma_next = self.sigmas[step], self.sigmas[step + 1]
            x = state["latents"].cpu()
            x0_pred = schedule.x0_pred_from_pair(before, x, sigma, sigma_next)
            x = edit("after", step, x, step + 1, x0_pred)
            x = before = edit("before", step + 1, x, step + 1, x0_pred)
            if step == self.sampling.steps - 1:
                final = x
                if first is not None:
                    x = x.clone()
                    x[:, :, 0] = first
            return {"latents": x.to(state["latents"].device)}

        video = self.video(case, before, on_step_end)
        return final, video
