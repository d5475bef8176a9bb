"""The training loop that VAE and transformer share: processes, schedule, moving average, checkpoints, progress.

Two single-thread processes that average their gradients beat two threads of one process on a shared CPU. A batch is a
function of (seed, step, rank), so a run that resumes sees what an undisturbed one would have seen.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from tqdm import tqdm

from ..files import load_tensors, save_tensors

CLIP_NORM = 1.0


@dataclass
class Run:
    """One training run: ``module(batch) -> {"loss": ..., ...}`` for ``steps`` steps, resumable from ``folder``."""

    folder: Path
    module: torch.nn.Module
    optimizers: list[torch.optim.Optimizer]
    steps: int
    warmup: int = 100
    decay_share: float = 0.4  # the learning rate is constant, then falls linearly over this last share of the steps
    ema_decay: float = 0.998
    seed: int = 0
    save_every: int = 200
    rank: int = 0
    world: int = 1

    def __post_init__(self):
        self.ema = {name: p.detach().clone() for name, p in self.module.named_parameters()}
        self.peak = [[group["lr"] for group in opt.param_groups] for opt in self.optimizers]
        self.start = self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def rate(self, step: int) -> float:
        """Share of the peak learning rate at a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = (self.steps - step) / max(1, self.decay_share * self.steps)
        return min(rise, max(0.0, min(1.0, fall)))

    def train(
        self, batch: Callable[[torch.Generator, int], object], on_save: Callable[[int], None] | None = None
    ) -> None:
        """Run to the end: ``batch(generator, step)`` draws this process's share of a step's batch, ``on_save(step)``
        runs in every process at each checkpoint, and once more at the one that a run is taken up from: it may have been
        stopped in between."""
        bar = tqdm(total=self.steps, initial=self.start, desc=self.folder.name, disable=self.rank > 0, mininterval=10)
        started, history = time.monotonic(), {}
        if on_save and (self.start or not self.steps):
            on_save(self.start)
        for step in range(self.start, self.steps):
            losses = self._step(step, batch)
            for name, value in losses.items():
                history.setdefault(name, []).append(float(value))
            done = step + 1
            if self.rank == 0 and (done % self.save_every == 0 or done == self.steps):
                means = {name: sum(values) / len(values) for name, values in history.items()}
                history = {}
                self._log({"step": done, "since": self.start, "seconds": round(time.monotonic() - started, 1), **means})
                self.save(done)
                bar.set_postfix({name: f"{value:.4f}" for name, value in means.items()})
            if on_save and (done % self.save_every == 0 or done == self.steps):
                on_save(done)
            bar.update()
        bar.close()

    def _step(self, step: int, batch) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + step) * 64 + self.rank)
        torch.manual_seed(generator.initial_seed())
        losses = self.module(batch(generator, step))
        losses["loss"].backward()
        parameters = [p for p in self.module.parameters() if p.grad is not None]
        if self.world > 1:
            flat = torch.cat([p.grad.flatten() for p in parameters])
            dist.all_reduce(flat)
            flat /= self.world
            offset = 0
            for p in parameters:
                p.grad.copy_(flat[offset : offset + p.numel()].view_as(p.grad))
                offset += p.numel()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        for opt, peaks in zip(self.optimizers, self.peak, strict=True):
            for group, peak in zip(opt.param_groups, peaks, strict=True):
                group["lr"] = peak * self.rate(step)
            opt.step()
            opt.zero_grad(set_to_none=True)
        decay = min(self.ema_decay, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, p in self.module.named_parameters():
                self.ema[name].lerp_(p, 1 - decay)
        return {name: value.detach() for name, value in losses.items()}

    def put_average(self, module: torch.nn.Module) -> None:
        """Put the moving average into a module of the same build: what ships."""
        with torch.no_grad():
            for name, p in module.named_parameters():
                p.copy_(self.ema[name])

    def _named_state(self) -> Iterator[tuple[str, torch.optim.Optimizer, torch.nn.Parameter]]:
        names = {p: name for name, p in self.module.named_parameters()}
        for opt in self.optimizers:
            for group in opt.param_groups:
                for p in group["params"]:
                    yield names[p], opt, p

    def save(self, step: int) -> None:
        """Weights, moving average and optimizer state in one safetensors file."""
        tensors = {f"model/{name}": p.detach() for name, p in self.module.named_parameters()}
        tensors |= {f"ema/{name}": value for name, value in self.ema.items()}
        for name, opt, p in self._named_state():
            tensors |= {f"optimizer/{name}/{key}": torch.as_tensor(v) for key, v in opt.state[p].items()}
        save_tensors(self.checkpoint, tensors, {"step": str(step), "seed": str(self.seed)})

    def _resume(self) -> int:
        if not self.checkpoint.exists():
            return 0
        tensors, metadata = load_tensors(self.checkpoint)
        with torch.no_grad():
            for name, p in self.module.named_parameters():
                p.copy_(tensors[f"model/{name}"])
                self.ema[name].copy_(tensors[f"ema/{name}"])
        for name, opt, p in self._named_state():
            prefix = f"optimizer/{name}/"
            opt.state[p] = {key[len(prefix) :]: v for key, v in tensors.items() if key.startswith(prefix)}
        return int(metadata["step"])

    def _log(self, row: dict) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")


def launch(function: Callable, processes: int, *args) -> None:
    """Run ``function(rank, processes, *args)`` in single-thread processes joined by gloo."""
    if processes == 1:
        torch.set_num_threads(1)
        function(0, 1, *args)
        return
    store = Path(args[0]).resolve() / f".gloo-{time.time_ns()}"
    store.parent.mkdir(parents=True, exist_ok=True)
    torch.multiprocessing.spawn(_worker, (processes, str(store), function, args), nprocs=processes)
    store.unlink(missing_ok=True)


def _worker(rank: int, processes: int, store: str, function: Callable, args: tuple) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=processes)
    function(rank, processes, *args)
    dist.destroy_process_group()
