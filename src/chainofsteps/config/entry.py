"""An entry of `models`: where its weights come from, and how videos are sampled from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..model.sampling import COMPILERS, DTYPES, TIMESTEP_DTYPES, Sampling
from .types import (
    AdapterFile,
    FolderPath,
    Name,
    Number,
    Part,
    Positive,
    Prompt,
    Several,
    Sha256,
    Share,
    Size,
    Steps,
    Text,
)


class Source(Part):
    """A repository of a hub, which is downloaded once."""

    repo: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$")] = Field(
        description="A repository of the Hugging Face hub, <owner>/<name>."
    )
    repo_type: Literal["model", "dataset"] = Field(
        None, description="The hub's type of the repository; a model without this key."
    )
    revision: Name | None = Field(
        description="The commit, or a tag. null takes the hub's main branch of the day of the download; the manifest "
        "of the download then names the commit."
    )
    files: Several[Text] = Field(
        None,
        description="Patterns of the files to download; * also matches a slash. Without this key those of a diffusers "
        "checkpoint, and for a LoRA its files.",
    )
    sha256: dict[str, Sha256] = Field(
        None,
        description="sha256 of files, by path, where it is known beforehand. Every file is compared with the hub's own "
        "hash in any case; these are compared with both.",
    )
    size_gb: Positive | None = Field(
        None, description="Size of the download in GB of 10^9 bytes, for plans; null where it is not known."
    )
    licence: str | None = Field(
        None, description="Licence of the weights, as the hub names it; null where it is not known."
    )


class Lora(Part):
    """Adapters that are added to the weights, one for each expert."""

    folder: FolderPath = Field(
        None,
        description="A folder with the adapters; a relative path is relative to the Snakefile. Instead of `source`.",
    )
    source: Source = Field(
        None, description="A repository on the hub with the adapters, downloaded once. Instead of `folder`."
    )
    high: AdapterFile = Field(
        description="The adapter of the high-noise expert, or of the only one; a safetensors file in the folder."
    )
    low: AdapterFile = Field(None, description="The adapter of the low-noise expert; a safetensors file in the folder.")
    alpha: float = Field(description="The factor of the adapters before they are added.")


class Parameters(Part):
    """Numbers in the weights of each part, in billions."""

    expert: Positive = Field(description="Of one transformer.")
    text_encoder: Positive = Field(description="Of the text encoder.")
    image_encoder: Positive = Field(None, description="Of the image encoder, if the model has one.")
    vae: Positive = Field(description="Of the VAE.")


class ForwardTime(Part):
    """A published time of one forward of one sample."""

    seconds: Positive = Field(description="Of one forward of one sample and one branch.")
    tokens: Size = Field(description="Of the sample; 32760 are 81 frames of 832 x 480.")
    hardware: Text = Field(description="The GPU, and how many.")
    source: Text = Field(description="Who published it, and where.")


class Published(Part):
    """Published sizes of a model, for the plan as long as its weights are not here."""

    seconds_per_forward: list[ForwardTime] = Field(
        None, description="Published times of one forward of one sample, for models that were never measured here."
    )
    source: Text = Field(description="Where the figures come from.")
    layers: Steps = Field(None, description="Blocks of the transformer.")
    width: Size = Field(None, description="Channels of its tokens.")
    ffn_width: Size = Field(None, description="Channels within a feed-forward network.")
    text_width: Size = Field(None, description="Channels of the text embeddings.")
    image_width: Size = Field(
        None, description="Channels of the image embeddings; without this key the model takes none."
    )
    latent_channels: Size = Field(None, description="Channels of the latents.")
    stride: Steps = Field(None, description="Pixels to a side of a latent.")
    vae_width: Size = Field(None, description="Most channels of the VAE's decoder where it is as large as the video.")
    vae_patch: Steps = Field(None, description="Pixels to a side of a patch of the VAE; without this key 1.")
    per_token: bool = Field(None, description="true if every token has a timestep of its own.")
    parameters: Parameters = Field(None, description="Numbers in the weights of each part, in billions.")


class Entry(Part):
    """One model, and how videos are sampled from it."""

    like: Name = Field(
        None,
        description="Another entry, whose keys this one takes where it has none of its own. `folder` or `source` stand "
        "in for the other's as a whole, and so does `lora`.",
    )
    folder: FolderPath = Field(
        None,
        description="A diffusers checkpoint of a Wan image-to-video model on this machine; a relative path is relative "
        "to the Snakefile. Instead of `source`.",
    )
    source: Source = Field(None, description="A diffusers checkpoint on the hub, downloaded once. Instead of `folder`.")
    lora: Lora | None = Field(
        None, description="Adapters that are added to the weights, one for each expert; null for none."
    )
    missing: Text = Field(
        None, description="Why the model cannot run yet; to choose a model with this key is an error that says so."
    )
    published: Published = Field(
        None, description="Published sizes of the model, for the plan as long as its weights are not here."
    )
    steps: Steps = Field(description="Number of Euler steps S.")
    shift: Annotated[float, Field(gt=0, le=1000)] = Field(
        description="Shift of the noise schedule, sigma = shift s / (1 + (shift - 1) s)."
    )
    guidance_scale: Annotated[float, Field(ge=0, le=1000)] = Field(
        description="Classifier-free guidance; above 1 the branch without the prompt runs too, at 1 it does not."
    )
    boundary: Share | None = Field(
        description="Sigma at and above which the high-noise expert works; null for a model without experts."
    )
    timestep_dtype: Literal[*TIMESTEP_DTYPES] = Field(
        description="The timestep is rounded to this before it enters the network; the paper's tools use bfloat16."
    )
    dtype: Literal[*DTYPES] = Field(description="Of the weights and the forward pass.")
    max_sequence_length: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="Tokens of the prompt, padded to this length."
    )
    negative_prompt: Prompt = Field(
        Sampling.negative_prompt, description="Prompt of the branch without the prompt; used only with guidance."
    )
    batch_size: Number = Field(
        description="Most items in one forward pass of the noise rule; untouched runs go one by one. Smaller needs "
        "less memory."
    )
    device: Annotated[str, Field(pattern="^(auto|cpu|cuda(:[0-9]{1,3})?)$")] = Field(
        Sampling.device, description="Where the model runs; auto takes a GPU if the machine has one."
    )
    compile: Literal[*COMPILERS] | None = Field(
        Sampling.compile,
        description="torch compiles the transformer's blocks with this, which may move the last bits; null or left out "
        "for no compiler.",
    )
    group_offload: bool = Field(
        Sampling.group_offload,
        description="For a GPU that cannot hold the transformer: its weights wait in main memory, and each layer's are "
        "on the GPU only while it runs. Slower; not together with compile.",
    )
    latents_dtype: Literal[*DTYPES] = Field(
        Sampling.latents_dtype,
        description="What latents, and the update of each step, are rounded to; the paper's tools use bfloat16.",
    )
    guidance_dtype: Literal[*DTYPES] = Field(
        Sampling.guidance_dtype,
        description="Of the arithmetic of guidance, v_uncond + g (v_cond - v_uncond); the paper's tools use bfloat16.",
    )
    vae_dtype: Literal[*DTYPES] = Field(
        Sampling.vae_dtype, description="Of the VAE's weights and passes; the paper's tools use bfloat16."
    )
    vae_tiling: bool = Field(
        Sampling.vae_tiling,
        description="true encodes and decodes larger videos by tiles of 30x52 latents, 15x26 from one to the next, as "
        "the paper's tools do, which takes less memory; diffusers blends the tiles in its own way.",
    )
