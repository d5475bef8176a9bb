"""The ladder of depths: one recipe, the same clips, transformers of few layers and of more; do steps replace layers?

python -m chainofsteps.training.ladder pool; then for each rung: python -m chainofsteps.training.ladder train --depth 2;
and python -m chainofsteps.training.ladder export, which lays what was trained into models/ladder.

Mazes of 4x4 to 6x6 rooms (unique and loop), and serial_chain with its control. VAE, tokenizer and text encoder are the
shipped model's and stay as they are; every transformer begins from nothing. A batch has 5,120 tokens, of clips of one
size; a share of the batches is of clips of 5 frames, from which a rule is learnt cheaply.
"""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch import nn
from tqdm import tqdm
from transformers import T5TokenizerFast, UMT5EncoderModel

from ..bench.puzzles import is_held_out, puzzle
from ..bench.puzzles.canvas import Puzzle, resampled
from ..errors import InputError
from ..names import ending
from ..tables import write_table
from .clips import to_tensor
from .dit import ADAMW_RATE, MUON_RATE, SHIFT, attention_in_float32, build_transformer
from .export import link_parts
from .loop import Run, launch
from .mixture import Shape
from .text import embed_prompts, token_ids

RUNGS = {"1": (1, 0), "1-again": (1, 1), "2": (2, 0), "4": (4, 0), "8": (8, 0)}  # what is shipped: depth and seed
PROMPT_DROPOUT = 0.1
SNAPSHOTS = (250, 500, 1000, 2000)


@dataclass(frozen=True)
class Bucket(Shape):
    """Clips of one shape, puzzles by turns; number: of clips in the pool."""

    number: int
    puzzles: tuple[str, ...]


OF_SIDE = {
    64: ("loop_maze", "unique_maze"),
    80: ("loop_maze_5", "unique_maze_5"),
    96: ("loop_maze_6", "unique_maze_6", "serial_chain", "serial_chain", "serial_chain_control"),
}
BUCKETS = tuple(
    Bucket(frames, side, share, number, OF_SIDE[side])
    for frames, side, share, number in (
        (17, 64, 0.13, 3200),
        (17, 80, 0.15, 3200),
        (17, 96, 0.34, 8000),
        (5, 64, 0.09, 4800),
        (5, 80, 0.11, 4800),
        (5, 96, 0.18, 12000),
    )
)


def fresh(name: str, seed: int) -> Puzzle:
    """The first puzzle of a seed's own stream whose layout is not held out."""
    for attempt in range(1000):
        drawn = puzzle(name).generate(seed * 1000 + attempt)
        if not is_held_out(drawn.layout):
            return drawn
    raise RuntimeError(f"{name}: 1000 layouts of seed {seed} are held out")


@torch.inference_mode()
def write_pool(work: Path, model: Path) -> None:
    """Latents, condition and token ids of all clips; each bucket's arrays are renamed once they are whole."""
    torch.set_num_threads(1)
    vae = AutoencoderKLWan.from_pretrained(model / "vae").eval()
    tokenizer = T5TokenizerFast.from_pretrained(model / "tokenizer")
    mean, std = (torch.tensor(vae.config[key]).view(1, -1, 1, 1, 1) for key in ("latents_mean", "latents_std"))
    for number, bucket in enumerate(BUCKETS):
        path = work / "pool" / f"{bucket.name}.npz"
        if path.exists():
            continue
        rows = {"latents": [], "condition": [], "ids": []}
        for start in tqdm(range(0, bucket.number, 16), bucket.name, mininterval=30):
            stream = (number + 1) * 10_000_000
            names = [bucket.puzzles[i % len(bucket.puzzles)] for i in range(start, start + 16)]
            puzzles = [fresh(name, stream + start + i) for i, name in enumerate(names)]
            clip = to_tensor(np.stack([resampled(puzzle.video, bucket.frames) for puzzle in puzzles]))
            grey = torch.cat([clip[:, :, :1], torch.zeros_like(clip[:, :, 1:])], 2)
            for name, pixels in (("latents", clip), ("condition", grey)):
                with torch.autocast("cpu", torch.bfloat16):
                    encoded = vae.encode(pixels).latent_dist.mode().float()
                rows[name].append(((encoded - mean) / std).half().numpy())
            rows["ids"].append(token_ids(tokenizer, [puzzle.prompt for puzzle in puzzles]).numpy().astype(np.int16))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".partial").open("wb") as file:
            np.savez(file, **{name: np.concatenate(parts) for name, parts in rows.items()})
        path.with_suffix(".partial").rename(path)


class Rung(nn.Module):
    """A transformer of some depth with the flow-matching loss; prompts are embedded by the shipped text encoder."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.transformer = built(depth)

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        x0, x1 = batch["latents"], torch.randn_like(batch["latents"])
        time = torch.rand(len(x0))
        sigma = SHIFT * time / (1 + (SHIFT - 1) * time)
        weight = sigma.view(-1, 1, 1, 1, 1)
        mask = torch.zeros_like(x0[:, :4])
        mask[:, :, 0] = 1
        noisy = torch.cat([(1 - weight) * x0 + weight * x1, mask, batch["condition"]], 1)
        with torch.autocast("cpu", torch.bfloat16), attention_in_float32():
            velocity = self.transformer(noisy, 1000 * sigma, batch["prompt_embeds"], return_dict=False)[0]
        return {"loss": F.mse_loss(velocity.float(), x1 - x0)}


def built(depth: int) -> WanTransformer3DModel:
    """An untrained transformer of the shipped width."""
    model = build_transformer()
    if depth != len(model.blocks):
        config = dict(model.config) | {"num_layers": depth}
        model = WanTransformer3DModel.from_config(config)
        nn.init.zeros_(model.proj_out.weight)
        nn.init.zeros_(model.proj_out.bias)
    return model


def optimizers(module: Rung) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for the rest, as for the shipped model."""
    matrices = [p for p in module.transformer.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in module.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MUON_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=ADAMW_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def bucket_of_step(step: int) -> Bucket:
    """The bucket of a batch: a function of the step alone, so that all rungs see the same clips in the same order."""
    return BUCKETS[np.random.default_rng([0, step]).choice(len(BUCKETS), p=[bucket.share for bucket in BUCKETS])]


@torch.no_grad()
def embedded_prompts(model: Path, ids: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """(embeddings of the distinct prompts and, last, of no prompt; which of them each row has)."""
    encoder = UMT5EncoderModel.from_pretrained(model / "text_encoder").float().eval()
    tokenizer = T5TokenizerFast.from_pretrained(model / "tokenizer")
    distinct, rows = np.unique(ids, axis=0, return_inverse=True)
    table = torch.cat([torch.from_numpy(distinct.astype(np.int64)), token_ids(tokenizer, [""])])
    return embed_prompts(encoder, table), rows.reshape(-1)


def train(rank: int, world: int, work: Path, model: Path, depth: int, steps: int, seed: int) -> None:
    """Train one rung; its moving average goes to `work/<depth>-seed<seed>/transformer` in bf16."""
    folder = work / f"{depth}{ending(seed)}"
    torch.manual_seed(seed)
    pools, prompts = {}, {}
    for bucket in BUCKETS:
        with np.load(work / "pool" / f"{bucket.name}.npz") as arrays:
            pools[bucket] = dict(arrays)
        prompts[bucket] = embedded_prompts(model, pools[bucket]["ids"])
    module = Rung(depth)
    run = Run(folder, module, optimizers(module), steps, seed=seed, save_every=50, rank=rank, world=world)

    def batch(_: torch.Generator, step: int) -> dict[str, torch.Tensor]:
        bucket = bucket_of_step(step)
        pool, (table, which) = pools[bucket], prompts[bucket]
        generator = torch.Generator().manual_seed(step * 64 + rank)  # the same clips for every depth and seed
        rows = torch.randint(len(which), (bucket.batch // world,), generator=generator).numpy()
        drop = torch.rand(len(rows), generator=generator) < PROMPT_DROPOUT
        index = torch.where(drop, len(table) - 1, torch.from_numpy(which[rows]))
        return {
            "latents": torch.from_numpy(pool["latents"][rows]).float(),
            "condition": torch.from_numpy(pool["condition"][rows]).float(),
            "prompt_embeds": table[index],
        }

    average = built(depth)

    def on_save(step: int) -> None:
        if rank or (step not in SNAPSHOTS and step != steps):
            return
        with torch.no_grad():
            for name, p in average.named_parameters():
                p.copy_(run.ema[f"transformer.{name}"])
        part = "transformer" if step == steps else f"transformer-{step}"
        built_bf16 = built(depth).to(torch.bfloat16)
        built_bf16.load_state_dict(average.state_dict())
        built_bf16.save_pretrained(folder / part)

    run.train(batch, on_save)


def export(work: Path, model: Path, folder: Path) -> None:
    """Every trained rung as a checkpoint below `folder`, with links to the model's other parts, and their curve."""
    curves = []
    for name, (depth, seed) in RUNGS.items():
        trained, rung = work / f"{depth}{ending(seed)}", folder / name
        if not (trained / "transformer").is_dir():
            raise InputError(f"{trained} holds no transformer; run: train --depth {depth} --seed {seed}")
        shutil.copytree(trained / "transformer", rung / "transformer", dirs_exist_ok=True)
        shutil.copy(model / "model_index.json", rung)
        link_parts(model, rung)
        log = pd.read_json(trained / "log.jsonl", lines=True).drop_duplicates("step", keep="last")
        curves.append(log[["step", "loss"]].assign(rung=name, layers=depth))
    curve = pd.concat(curves)[["rung", "layers", "step", "loss"]].round(4)
    write_table(folder / "learning_curve.csv", curve)
    draw_curve(curve, folder / "learning_curve.png")


def draw_curve(curve: pd.DataFrame, path: Path) -> None:
    """The mean loss of the last 50 batches of each rung, over the batches."""
    figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    for (rung, layers), rows in curve.groupby(["rung", "layers"], sort=False):
        axes.plot(rows.step, rows.loss, label=f"{rung} ({layers} layer{'s' * (layers > 1)})", linewidth=1)
    axes.set(xlabel="batches of 5,120 tokens", ylabel="loss", yscale="log")
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """The stages."""
    parser = argparse.ArgumentParser(prog="python -m chainofsteps.training.ladder", description=__doc__)
    parser.add_argument("stage", choices=["pool", "train", "export"])
    parser.add_argument("--work", type=Path, default=Path("training/ladder"))
    parser.add_argument("--model", type=Path, default=Path("models/embedded"))
    parser.add_argument("--folder", type=Path, default=Path("models/ladder"))
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    if options.stage == "pool":
        write_pool(options.work, options.model)
    elif options.stage == "export":
        export(options.work, options.model, options.folder)
    else:
        launch(train, options.processes, options.work, options.model, options.depth, options.steps, options.seed)


if __name__ == "__main__":
    main()
