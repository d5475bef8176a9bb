"""The miniature Wan VAE: whole clips, absolute and squared error with what is drawn weighted up, a small KL term.

Absolute error alone settles on the median, which is the background: thin walls never appear. The squared error brings
them, the absolute one makes them sharp, and so does that of the difference from pixel to pixel.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import WanRMS_norm, patchify, unpatchify
from torch import nn

from .clips import to_tensor
from .loop import Run
from .mixture import VAE_BUCKETS, Bucket, bucket_of_step

BATCH = 8
PEAK_RATE, FURTHER_RATE = 2e-3, 1e-3  # from nothing; of what is trained on
KL_WEIGHT = 1e-4
SQUARED_WEIGHT = 2.0
EDGE_WEIGHT = 2.0  # of the error's difference from pixel to pixel: a blurred disc in a box passes for a square
DRAWN_WEIGHT = 4.0  # of pixels that move or differ from the background
INITIAL_LOG_VARIANCE = -5.0  # of the posterior: at 0 its noise hides colours for the first thousand steps


def build_vae() -> AutoencoderKLWan:
    """An untrained AutoencoderKLWan: 4x in time, 8x in space, 16 channels, 1.9M parameters."""
    vae = AutoencoderKLWan(
        base_dim=16,
        dim_mult=[1, 2, 4],
        temperal_downsample=[True, True],
        patch_size=2,
        in_channels=12,
        out_channels=12,
        num_res_blocks=1,
        z_dim=16,
        latents_mean=[0.0] * 16,
        latents_std=[1.0] * 16,
    )
    torch.nn.init.constant_(vae.quant_conv.bias[16:], INITIAL_LOG_VARIANCE)
    return vae


def fast_rms_norm(module: WanRMS_norm, x: torch.Tensor) -> torch.Tensor:
    """WanRMS_norm without F.normalize's separate norm pass: same values, a fifth less time in a training step."""
    dim = 1 if module.channel_first else -1
    return x * torch.rsqrt((x * x).sum(dim, keepdim=True) + 1e-24) * module.scale * module.gamma + module.bias


class ClipAutoencoder(nn.Module):
    """Encoder and decoder on whole clips with gradients: ``AutoencoderKLWan.decode`` clamps, which would kill them."""

    def __init__(self, vae: AutoencoderKLWan):
        super().__init__()
        self.vae = vae
        for module in vae.modules():
            if isinstance(module, WanRMS_norm):
                module.forward = fast_rms_norm.__get__(module)

    def encode(self, clip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Clip (B, 3, T, H, W) in [-1, 1] -> mean and log-variance (B, 16, F, h, w)."""
        vae = self.vae
        vae.clear_cache()
        x = patchify(clip, patch_size=vae.config.patch_size)
        chunks = [x[:, :, start : start + 4] if start > 0 else x[:, :, :1] for start in range(-3, x.shape[2], 4)]
        out = []
        for chunk in chunks:
            vae._enc_conv_idx = [0]
            out.append(vae.encoder(chunk, feat_cache=vae._enc_feat_map, feat_idx=vae._enc_conv_idx))
        mean, logvar = vae.quant_conv(torch.cat(out, 2)).chunk(2, dim=1)
        return mean, logvar.clamp(-30, 20)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (B, 16, F, h, w) -> clip, not clamped."""
        vae = self.vae
        vae.clear_cache()
        x = vae.post_quant_conv(latents)
        out = []
        for index in range(x.shape[2]):
            vae._conv_idx = [0]
            out.append(
                vae.decoder(
                    x[:, :, index : index + 1],
                    feat_cache=vae._feat_map,
                    feat_idx=vae._conv_idx,
                    first_chunk=index == 0,
                )
            )
        return unpatchify(torch.cat(out, 2), patch_size=vae.config.patch_size)

    def forward(self, clip: torch.Tensor) -> dict[str, torch.Tensor]:
        """Losses of a batch of clips (B, 3, T, H, W), T = 4k + 1."""
        with torch.autocast("cpu", torch.bfloat16):  # a third less time a step
            mean, logvar = (tensor.float() for tensor in self.encode(clip))
            latents = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            decoded = self.decode(latents).float()
        signed = decoded - clip
        error = signed.abs()
        background = clip.flatten(2).median(-1).values.view(*clip.shape[:2], 1, 1, 1)
        drawn = torch.maximum((clip - background).abs(), (clip - clip[:, :, :1]).abs()).amax(1, keepdim=True) > 0.05
        weight = 1 + (DRAWN_WEIGHT - 1) * drawn
        reconstruction = (weight * (error + SQUARED_WEIGHT * error**2)).mean()
        edges = sum(signed.diff(dim=dim).abs().mean() for dim in (-1, -2))
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        return {
            "loss": reconstruction + EDGE_WEIGHT * edges + KL_WEIGHT * kl,
            "l1": error.mean().detach(),
            "kl": kl.detach(),
        }


def clip_pool(work: Path, bucket: Bucket) -> Path:
    """Where the clips of a bucket lie."""
    return work / f"clips-{bucket.name}.npy"


def turned(clip: torch.Tensor, way: int) -> torch.Tensor:
    """A square clip (..., H, W) in one of the eight ways to lay it: a picture the other way up is as likely."""
    clip = clip.transpose(-1, -2) if way & 4 else clip
    return clip.flip([dim for bit, dim in ((1, -1), (2, -2)) if way & bit])


def batches(pools: dict[Bucket, np.ndarray], world: int, seed: int) -> Callable[[torch.Generator, int], torch.Tensor]:
    """``batch(generator, step)`` of one process: clips of one bucket, all laid the same of the eight ways."""

    def batch(generator: torch.Generator, step: int) -> torch.Tensor:
        clips = pools[bucket_of_step(step, seed, VAE_BUCKETS)]
        index = torch.randint(len(clips), (BATCH // world,), generator=generator)
        return turned(to_tensor(clips[index.numpy()]), int(torch.randint(8, (1,), generator=generator)))

    return batch


def train_vae(rank: int, world: int, work: Path, steps: int, seed: int, begin_with: Path | None = None) -> None:
    """Train on the clip pools and write ``work/vae`` as a diffusers folder, moving average in float32.

    begin_with: a diffusers folder of a VAE of this build to begin with; None: from nothing.
    """
    torch.manual_seed(seed)
    vae = build_vae()
    if begin_with is not None:
        vae.load_state_dict(AutoencoderKLWan.from_pretrained(begin_with).state_dict())
    module = ClipAutoencoder(vae)
    pools = {bucket: np.load(clip_pool(work, bucket), mmap_mode="r") for bucket in VAE_BUCKETS}
    rate, decay_share = (PEAK_RATE, 0.4) if begin_with is None else (FURTHER_RATE, 0.7)
    optimizer = torch.optim.AdamW(module.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.0)
    run = Run(work / "vae-run", module, [optimizer], steps, decay_share=decay_share, seed=seed, rank=rank, world=world)
    run.train(batches(pools, world, seed))
    if rank == 0:
        run.put_average(module)
        set_latent_statistics(module, pools[VAE_BUCKETS[0]])
        module.vae.save_pretrained(work / "vae")


def train_decoder(rank: int, world: int, work: Path, steps: int, seed: int) -> None:
    """Train the decoder of ``work/vae`` on, and write ``work/vae-sharp``: the same latents, sharper pictures.

    The encoder stays as it is, which saves its backward pass, and latents made before stay good.
    """
    torch.manual_seed(seed)
    module = ClipAutoencoder(AutoencoderKLWan.from_pretrained(work / "vae"))
    for part in (module.vae.encoder, module.vae.quant_conv):
        part.requires_grad_(False)
    pools = {bucket: np.load(clip_pool(work, bucket), mmap_mode="r") for bucket in VAE_BUCKETS}
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, FURTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    run = Run(work / "decoder-run", module, [optimizer], steps, seed=seed, rank=rank, world=world)
    run.train(batches(pools, world, seed))
    if rank == 0:
        run.put_average(module)
        module.vae.save_pretrained(work / "vae-sharp")


def vae_folder(work: Path) -> Path:
    """The VAE that ships: with the decoder trained on, once that stage has run."""
    sharp = work / "vae-sharp"
    return sharp if sharp.exists() else work / "vae"


@torch.no_grad()
def set_latent_statistics(module: ClipAutoencoder, clips: np.ndarray, number: int = 256) -> None:
    """latents_mean and latents_std per channel, over whole clips spread through the pool."""
    chosen = clips[np.linspace(0, len(clips) - 1, number).astype(int)]
    latents = torch.cat([module.encode(to_tensor(chosen[i : i + 16]))[0] for i in range(0, number, 16)])
    mean, std = latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4))
    module.vae.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())
