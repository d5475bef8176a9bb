"""Train the embedded model, stage by stage, each resumable: chainofsteps train [stage ...]."""

import argparse
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from ..errors import InputError, reported
from ..files import read_json, write_json
from ..names import IN_DOMAIN, PUZZLES
from ..probes.skill.run import measure_alone
from ..probes.skill.table import COLUMNS, summary
from .begun import begin, check_source
from .card import write_card
from .clips import write_clips
from .dit import train_dit
from .experts import bands, export_experts, train_experts
from .export import export, link_parts
from .latents import open_pool, write_latents
from .loop import launch
from .mixture import BUCKETS, VAE_BUCKETS
from .vae import clip_pool, train_decoder, train_vae


def clips(options: argparse.Namespace) -> None:
    """pixels for the VAE"""
    for bucket in VAE_BUCKETS:
        number, pool = round(options.clips * bucket.share), clip_pool(options.work, bucket)
        if not pool.exists():
            write_clips(pool, bucket, number, options.seed, options.processes)
        elif (there := len(np.load(pool, mmap_mode="r"))) != number:
            raise InputError(f"{pool} has {there} clips, not {number}; give the same --clips, or another --work")


def vae(options: argparse.Namespace) -> None:
    """the VAE"""
    begin(options.work / "vae-run", "vae", options.vae_steps, options.vae_from)
    launch(train_vae, options.processes, options.work, options.vae_steps, options.seed, options.vae_from)


def decoder(options: argparse.Namespace) -> None:
    """the VAE's decoder alone, trained on; latents stay the same"""
    if (options.work / "vae").exists():
        check_source(options.work / "vae-run", options.vae_from)
    elif options.vae_from:  # no stage vae went before
        begin(options.work / "vae-run", "vae", 0, options.vae_from)
        shutil.copytree(options.vae_from, options.work / "vae")
    begin(options.work / "decoder-run", "decoder", options.decoder_steps)
    launch(train_decoder, options.processes, options.work, options.decoder_steps, options.seed + 1)


def latents(options: argparse.Namespace) -> None:
    """latents for the transformer"""
    made = options.work / "latents" / "made.json"  # written last: a pool without it is not whole
    if not made.exists():
        for bucket in BUCKETS:
            open_pool(options.work, bucket, "w+", options.latents)
        launch(write_latents, options.processes, options.work, options.latents, options.seed)
        write_json(made, {"clips": options.latents})
    elif (there := read_json(made)["clips"]) != options.latents:
        raise InputError(f"{made.parent} is of {there} clips; give --latents {there}, or another --work")


def dit(options: argparse.Namespace) -> None:
    """transformer and text encoder"""
    if not (options.work / "latents" / "made.json").exists():
        raise InputError(f"{options.work / 'latents'} is not whole; run the stage latents first")
    begin(options.work / "dit-run", "dit", options.dit_steps, options.dit_from)
    launch(train_dit, options.processes, options.work, options.dit_steps, options.seed, options.dit_from)


def folder(options: argparse.Namespace) -> None:
    """the diffusers folder"""
    export(options.work, options.output)


def experts(options: argparse.Namespace) -> None:
    """the variant with two experts, fine-tuned from the transformer"""
    for name in bands():
        begin(options.work / f"expert-{name}-run", "expert", options.expert_steps)
    launch(train_experts, options.processes, options.work, options.expert_steps, options.seed)
    export_experts(options.work, experts_folder(options))
    link_parts(options.output, experts_folder(options))


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

NUMBERS = (
    ("processes", 2, "single-thread processes"),
    ("seed", 0, "of weights, clips and their order"),
    ("clips", 8000, "clips in the VAE's pool"),
    ("vae-steps", 7000, "steps of 8 clips"),
    ("decoder-steps", 4000, "steps of 8 clips for the decoder alone"),
    ("latents", 40000, "clips in the transformer's pool"),
    ("dit-steps", 2800, "steps of 5,120 tokens: 64 clips of 17 frames"),
    ("expert-steps", 400, "steps of the same size, for each expert"),
    ("cases", 64, "held-out cases per puzzle"),
)


def stamp(options: argparse.Namespace) -> None:
    """Refuse to go on with a work folder that was begun with other puzzles or another seed."""
    begun = {"puzzles": list(IN_DOMAIN), "seed": options.seed}
    path = options.work / "stamp.json"
    if path.exists() and read_json(path) != begun:
        raise InputError(
            f"{options.work} was begun with {read_json(path)}, not {begun}; remove it or give another --work"
        )
    write_json(path, begun)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stages that `arguments` (None: the command line) name, in order."""
    listing = "; ".join(f"{name}: {stage.__doc__}" for name, stage in STAGES.items())
    parser = argparse.ArgumentParser(prog="chainofsteps train", description=__doc__)
    parser.add_argument("stages", nargs="*", help=f"default: all, in this order. {listing}")
    parser.add_argument("--work", type=Path, default=Path("training"), help="checkpoints and pools (default: training)")
    shipped = "the folder that ships (default: models/embedded, which is replaced)"
    parser.add_argument("--output", type=Path, default=Path("models/embedded"), help=shipped)
    parser.add_argument("--vae-from", type=Path, help="a VAE's folder to train on from (default: from nothing)")
    parser.add_argument("--dit-from", type=Path, help="a model's folder to train on from (default: from nothing)")
    for name, default, meaning in NUMBERS:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default: {default})")
    options = parser.parse_args(arguments)
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
