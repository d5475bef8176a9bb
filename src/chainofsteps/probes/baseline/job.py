"""The jobs that all probes build on: conditioning, and the untouched run of every case and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...bench.cases import Case
from ...model.checkpoint import check_size, keeps_first_frame
from ...model.conditioning import Conditioning, Text, encode_first_frame, encode_images, encode_texts
from ...model.load import load_vae
from ...model.sampling import Sampling
from ...names import RunId, case_label
from ...run.denoise import GuidedVelocity, Plain, initial_latents
from ...run.trajectory import Recording, ends_of
from ...store.pieces import Kept, Piece
from ..network import Network, through


@dataclass(frozen=True)
class Encoder:
    """Encodes the cases of a shard: it has the embeddings of all prompts and first frames, and the VAE."""

    sampling: Sampling
    texts: Mapping[str, Text]
    images: Mapping[str, torch.Tensor | None]
    vae: torch.nn.Module
    keeps_first_frame: bool

    @classmethod
    def of(cls, folder: str, cases: Sequence[Case], sampling: Sampling) -> "Encoder":
        """folder: of the checkpoint. Text encoder, image encoder and VAE work one after the other: a GPU need not
        hold two. Raises InputError for a case that is too large for the model."""
        for case in cases:
            size = f"{case.width}x{case.height} (by cases.size, or its first frame)"
            named = f"case {case_label(case.task, case.name)} is {size}"
            check_size(folder, case.frames, case.height, case.width, named)
        prompts = {f"the prompt of case {case_label(case.task, case.name)}": case.prompt for case in cases}
        negative = {"negative_prompt": sampling.negative_prompt} if sampling.guided else {}
        texts = encode_texts(folder, {**prompts, **negative}, sampling)
        images = encode_images(folder, cases, sampling.torch_device)
        vae = load_vae(folder, **sampling.vae)  # float32 by default, as the stock pipeline is used
        return cls(sampling, texts, images, vae, keeps_first_frame(folder))

    def encode(self, case: Case) -> Conditioning:
        """The conditioning of one of the cases."""
        size = (case.frames, case.height, case.width)
        first_frame = encode_first_frame(case, self.vae, *size, self.keeps_first_frame)
        negative = self.texts[self.sampling.negative_prompt] if self.sampling.guided else None
        return Conditioning.of(first_frame, self.texts[case.prompt], negative, self.images[case.name])


def record_piece(network: Network, run: RunId, piece: Piece, settings: Mapping[str, Any]) -> Kept:
    """The latents of all steps of an untouched run, up to the end of the piece; at its end, if asked for, the first and
    the last alone.

    settings: of the noun.
    """
    conditioning = network.conditioning(run.case)
    noise = initial_latents(conditioning.latents_shape, run.label, run.seed, settings["share_noise_over_cases"])
    recording = Recording(conditioning.begin(noise), network.sigmas, run.label)
    velocity = network.velocity(conditioning)
    tensors = through(recording, velocity, piece).to_tensors()
    if piece.last and settings.get("keep") == "ends":
        tensors = ends_of(tensors)
    return Kept(tensors, velocity.counter.total, metadata={"case": run.label, "seed": run.seed, **network.about})


def plain_piece(velocity: GuidedVelocity, plain: Plain, piece: Piece) -> dict[str, torch.Tensor]:
    """The tensors of a run of which only the last latents (1, C, F, h, w) are kept, at the end of a piece."""
    state = through(plain, velocity, piece)
    return {"latents": plain.result(state).cpu()} if piece.last else state.to_tensors()
