"""Train the embedded model, stage by stage, each resumable: python -m chainofsteps.training [stage ...]."""

import argparse
import shutil
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from ..errors import InputError, reported
from ..files import read_json, write_json
from ..layout import IN_DOMAIN, PUZZLES
from ..skill import measure_alone
from ..skill_table import COLUMNS, summary
from .card import write_card
from .clips import write_clips
from .dit import train_dit
from .experts import export_experts, train_experts
from .export import export
from .latents import open_pool, write_latents
from .loop import launch
from .mixture import BUCKETS, VAE_BUCKETS
from .vae import clip_pool, train_decoder, train_vae


def clips(options: argparse.Namespace) -> None:
    """pixels for the VAE"""
    for bucket in VAE_BUCKETS:
        number = round(options.clips * bucket.share)
        if not clip_pool(options.work, bucket).exists():
            write_clips(clip_pool(options.work, bucket), bucket, number, options.seed, options.processes)


def vae(options: argparse.Namespace) -> None:
    """the VAE"""
    launch(train_vae, options.processes, options.work, options.vae_steps, options.seed, options.vae_from)


def decoder(options: argparse.Namespace) -> None:
    """the VAE's decoder alone, trained on; latents stay the same"""
    if options.vae_from and not (options.work / "vae").exists():  # no stage vae went before
        shutil.copytree(options.vae_from, options.work / "vae")
    launch(train_decoder, options.processes, options.work, options.decoder_steps, options.seed + 1)


def latents(options: argparse.Namespace) -> None:
    """latents for the transformer"""
    made = options.work / "latents" / "made.json"  # written last: a pool without it is not whole
    if not made.exists():
        for bucket in BUCKETS:
            open_pool(options.work, bucket, "w+", options.latents)
        launch(write_latents, options.processes, options.work, options.latents, options.seed)
        write_json(made, {"clips": options.latents})


def dit(options: argparse.Namespace) -> None:
    """transformer and text encoder"""
    if not (options.work / "latents" / "made.json").exists():
        raise InputError(f"{options.work / 'latents'} is not whole; run the stage latents first")
    launch(train_dit, options.processes, options.work, options.dit_steps, options.seed, options.dit_from)


def folder(options: argparse.Namespace) -> None:
    """the diffusers folder"""
    export(options.work, options.output)


def experts(options: argparse.Namespace) -> None:
    """the variant with two experts, fine-tuned from the transformer"""
    launch(train_experts, options.processes, options.work, options.expert_steps, options.seed)
    export_experts(options.work, experts_folder(options))


def experts_folder(options: argparse.Namespace) -> Path:
    """Where the variant with two experts goes: beside the single one."""
    return options.output.with_name(f"{options.output.name}_experts")


def skill(options: argparse.Namespace) -> None:
    """success on held-out cases, by the stock pipeline"""
    context = torch.multiprocessing.get_context("spawn")
    for folder in (options.output, experts_folder(options)):
        if not folder.exists():
            continue
        with ProcessPoolExecutor(options.processes, mp_context=context) as executor:
            parts = executor.map(measure_alone, repeat(folder), PUZZLES, repeat(options.cases))
            parts = list(tqdm(parts, f"skill {folder.name}", total=len(PUZZLES), mininterval=10))
        rows = pd.DataFrame([row for part in parts for row in part], columns=COLUMNS)
        rows.to_csv(folder / "skill.csv", index=False)
        print(summary(rows).to_string(index=False))


def card(options: argparse.Namespace) -> None:
    """the model card"""
    command = (
        f"python -m chainofsteps.training --clips {options.clips} --vae-steps {options.vae_steps} "
        f"--decoder-steps {options.decoder_steps} --latents "
        f"{options.latents} --dit-steps {options.dit_steps} --expert-steps {options.expert_steps} "
        f"--seed {options.seed} --processes {options.processes}"
        + (f" --vae-from {options.vae_from}" if options.vae_from else "")
        + (f" --dit-from {options.dit_from}" if options.dit_from else "")
    )
    write_card(options.work, options.output, command, options.seed, options.processes, options.dit_from)


STAGES = {stage.__name__: stage for stage in (clips, vae, decoder, latents, dit, folder, experts, skill, card)}


def stamp(options: argparse.Namespace) -> None:
    """Refuse to go on with a work folder that was begun with other puzzles or another seed."""
    begun = {"puzzles": list(IN_DOMAIN), "seed": options.seed}
    path = options.work / "stamp.json"
    if path.exists() and read_json(path) != begun:
        raise InputError(
            f"{options.work} was begun with {read_json(path)}, not {begun}; remove it or give another --work"
        )
    write_json(path, begun)


def main() -> None:
    """Run the stages asked for, in order."""
    listing = "; ".join(f"{name}: {stage.__doc__}" for name, stage in STAGES.items())
    parser = argparse.ArgumentParser(prog="python -m chainofsteps.training", description=__doc__)
    parser.add_argument("stages", nargs="*", help=f"default: all, in this order. {listing}")
    parser.add_argument("--work", type=Path, default=Path("training"), help="checkpoints and pools (default: training)")
    parser.add_argument("--output", type=Path, default=Path("models/embedded"), help="the folder that ships")
    parser.add_argument("--processes", type=int, default=2, help="single-thread processes (default: 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=int, default=8000, help="clips in the VAE's pool")
    parser.add_argument("--vae-steps", type=int, default=7000, help="steps of 8 clips")
    parser.add_argument("--vae-from", type=Path, help="a VAE's folder to train on from (default: from nothing)")
    parser.add_argument("--decoder-steps", type=int, default=4000, help="steps of 8 clips for the decoder alone")
    parser.add_argument("--latents", type=int, default=40000, help="clips in the transformer's pool")
    parser.add_argument("--dit-steps", type=int, default=2800, help="steps of 5,120 tokens: 64 clips of 17 frames")
    parser.add_argument("--dit-from", type=Path, help="a model's folder to train on from (default: from nothing)")
    parser.add_argument("--expert-steps", type=int, default=400, help="steps of as many for each expert")
    parser.add_argument("--cases", type=int, default=64, help="held-out cases per puzzle")
    options = parser.parse_args()
    unknown = [stage for stage in options.stages if stage not in STAGES]
    if unknown:
        parser.error(f"no stage is called {unknown[0]!r}; stages are {', '.join(STAGES)}")
    with reported():
        stamp(options)
        for name, stage in STAGES.items():
            if not options.stages or name in options.stages:
                stage(options)


if __name__ == "__main__":
    main()
