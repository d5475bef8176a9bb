"""Speed of the package against diffusers' own pipeline: benchmarks/results.json, and a table.

Every ratio is measured in one run, side by side: the two sides take turns, in changing order, on the same cores, and
their medians are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import forward
import overhead
import torch
from lines import Result, kept, said, table
from ours import Ours, Work, Workers, batches, label
from stock import Stock

from chainofsteps.bench.cases import Case, read_cases, write_case
from chainofsteps.bench.puzzles import PUZZLES, draw
from chainofsteps.config.read import load_config
from chainofsteps.errors import reported
from chainofsteps.files import save_tensors, write_json
from chainofsteps.model.network import depth
from chainofsteps.model.sampling import Sampling
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.names import SPLITS
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import Intervention, expand
from chainofsteps.run.taps import Tap, full, token_norm
from chainofsteps.store.progress import progress

ROOT = Path(__file__).parents[1]


def medians(what: str, sides: dict[str, Callable[[], object]], turns: int, warm: bool) -> dict[str, float]:
    """Median seconds of each side over `turns` turns of all sides; `warm`: after one that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with progress(what, turns + warm, "turns") as line:
        for turn in range(turns + warm):
            for name in sides if turn % 2 else reversed(sides):
                began = time.perf_counter()
                sides[name]()
                seconds[name].append(time.perf_counter() - began)
            line.update()
    return {name: statistics.median(of_side[warm:]) for name, of_side in seconds.items()}


def puzzles(tasks: list[str], number: int, first_seed: int, folder: Path) -> list[Case]:
    """`number` held-out cases of each task."""
    cases = []
    for task in tasks:
        names = [f"{index:05d}" for index in range(number)]
        for name in names:
            write_case(folder, SPLITS[0], task, name, draw(task, first_seed + int(name), held_out=True))
        cases += read_cases(folder, task, names)
    return cases


def sweeps(
    ours: Ours,
    workers: Workers | None,
    stock: Stock,
    cases: list[Case],
    runs: list[Intervention],
    work: Work,
    turns: int,
    folder: Path,
) -> list[Result]:
    """(a) The sweep of Figure 3 against one video after another; (b) against its forwards and decodes.

    With workers, our side uses the cores as the workflow does; without, it runs in this process.
    """
    given = [ours.encode(case) for case in cases]
    sizes = batches(runs, ours.sampling, work.similarity)

    def naive() -> None:
        for case, of_case in zip(cases, given, strict=True):
            start = {seed: ours.latents(case, seed, of_case) for seed in (work.seed, work.null_seed)}
            first = of_case.condition[:, MASK_CHANNELS:, 0]
            for latents in start.values():
                stock.video(case, latents)
            for run in runs:
                restored = first if work.restore_first_frame and run.acts_on(0) else None
                stock.perturbed(case, run, label(case), work.seed, start[work.seed], restored)

    def sweep() -> None:
        if workers is not None:
            return workers.sweep(cases, runs, work, folder)
        for case in cases:
            ours.sweep(case, runs, work, folder)

    def bare() -> None:
        if workers is not None:
            return workers.bare(given, sizes, len(runs) + 2)
        for of_case in given:
            ours.bare(of_case, sizes, len(runs) + 2)

    bare()  # what was measured before has warmed this process, but not the workers
    sides = {"sweep": sweep, "naive": naive, "bare": bare}
    seconds = medians("sweep", sides, turns, warm=False)
    what = (
        f"{len(cases)} cases ({', '.join(map(label, cases))}), each with {len(runs)} interventions, "
        f"the clean run and the re-seeded one, {ours.sampling.steps} steps; sweep {seconds['sweep']:.2f} s: "
        "encoding, runs, CKA, files, decoding, scores, floors and ground truth, without starting jobs"
    )
    forwards = len(cases) * sum(map(sum, sizes)) * (1 + ours.sampling.guided)
    return [
        Result(
            "sweep / stock pipeline, one by one",
            seconds["sweep"] / seconds["naive"],
            "ratio",
            0.4,
            f"{what}; stock pipeline {seconds['naive']:.2f} s: all the same interventions from the start, "
            f"without CKA, files, scores, floors and ground truth; medians of {turns} turns",
        ),
        Result(
            "sweep / its forwards and decodes alone",
            seconds["sweep"] / seconds["bare"],
            "ratio",
            1.3,
            f"{what}; bare loop {seconds['bare']:.2f} s: the same {forwards} forwards in the same batches "
            f"and {len(cases) * (len(runs) + 4)} decodes; medians of {turns} turns",
        ),
    ]


def norms(ours: Ours, case: Case, seed: int, turns: int, folder: Path) -> list[Result]:
    """(c) A baseline run that keeps the token norms of all layers and steps against one that keeps none."""
    given, steps = ours.encode(case), range(ours.sampling.steps)
    layers = range(depth(ours.experts.at(1000.0)))
    branch = "both" if ours.sampling.guided else "cond"

    def without() -> None:
        ours.baseline(case, seed, given, folder / "run.safetensors")

    def kept(reducer) -> int:
        tap = Tap(layers, steps, branch, reducer)
        ours.baseline(case, seed, given, folder / "run.safetensors", tap)
        taken = tap.take()
        copied = sum(tensor.nbytes for tensor in taken.values())
        if reducer is full:  # the other way: everything to the host, reduced there
            taken = {name: token_norm(tensor) for name, tensor in taken.items()}
        save_tensors(folder / "norms.safetensors", taken, {"case": label(case)})
        return copied

    sides = {"without": without, "norms": lambda: kept(token_norm), "full": lambda: kept(full)}
    seconds = medians("token norms", sides, turns, warm=True)
    copied = {"norms": kept(token_norm), "full": kept(full)}
    written = (folder / "norms.safetensors").stat().st_size
    what = (
        f"one run of {label(case)} from latents to its trajectory on disk, {len(layers)} layers, "
        f"{len(steps)} steps; without {seconds['without']:.3f} s; medians of {turns} turns"
    )
    return [
        Result(
            "run with token norms / run without",
            seconds["norms"] / seconds["without"],
            "ratio",
            1.05,
            f"{what}; with {seconds['norms']:.3f} s, {written} bytes written",
        ),
        Result("token norms, written", written, "bytes", None, "the file of that run, norms reduced at the tap"),
        Result(
            "run with full float32 copies / run without",
            seconds["full"] / seconds["without"],
            "ratio",
            None,
            f"{what}; with {seconds['full']:.3f} s: full hidden states to the host, norms taken there",
        ),
        Result(
            "full float32 copies, to the host",
            copied["full"],
            "bytes",
            None,
            f"{copied['full'] / copied['norms']:.0f} times the {copied['norms']} bytes of the norms",
        ),
    ]


def one_video(ours: Ours, stock: Stock, case: Case, seed: int, turns: int) -> list[Result]:
    """(d) Our loop against the stock pipeline, from prompt and first frame to pixels."""
    latents = ours.latents(case, seed, ours.encode(case))
    same = (ours.video(case, seed) == (stock.video(case, latents) * 255).round().astype("uint8")).all()
    sides = {"ours": lambda: ours.video(case, seed), "stock": lambda: stock.video(case, latents)}
    seconds = medians("one video", sides, turns, warm=True)
    return [
        Result(
            "one video / stock pipeline",
            seconds["ours"] / seconds["stock"],
            "ratio",
            1.02,
            f"{label(case)}, {ours.sampling.steps} steps, from prompt and first frame to pixels, which are "
            f"{'the same' if same else 'not the same'}; {seconds['ours']:.3f} s against "
            f"{seconds['stock']:.3f} s; medians of {turns} turns",
        )
    ]


def measure(given: argparse.Namespace, config: dict, folder: Path) -> list[Result]:
    """All of it, for the configured model, interventions and puzzles."""
    model = config["models"][config["model"]]
    sampling = Sampling.from_config(model)
    checkpoint = given.model or ROOT / model["folder"]
    ours, stock = Ours(checkpoint, sampling), Stock(checkpoint, sampling)
    settings = config["trajectory"]
    work = Work(
        settings["seeds"][0],
        settings["null_seed"],
        Similarity.from_config(config["similarity"]),
        config["noise"]["restore_first_frame"],
    )
    tasks = [task for task in config["cases"]["tasks"] if task in PUZZLES]
    cases = puzzles(tasks, given.cases, config["cases"]["first_seed"], folder)
    latent_frames = ours.encode(cases[0]).latents_shape[2]
    runs = expand(config["noise"], sampling.steps, latent_frames)
    results = one_video(ours, stock, cases[0], work.seed, given.turns)
    results += norms(ours, cases[0], work.seed, given.turns, folder)
    machine = f"{sampling.torch_device.type}, {sampling.dtype}, torch {torch.__version__}"
    results = [said(result, f"one process of {given.cores} threads a side; {machine}") for result in results]
    workers = Workers(given.cores, checkpoint, sampling)
    on_cores = sweeps(ours, workers, stock, cases, runs, work, given.sweeps, folder)
    what = f"{given.cores} processes of 1 thread against one process of {given.cores} threads"
    results = [said(result, f"{what}; {machine}") for result in on_cores] + results
    torch.set_num_threads(1)
    alone = sweeps(ours, None, stock, cases, runs, work, 1, folder)[0]
    alone = replace(alone, name=f"{alone.name}, one core", goal=None)
    results.insert(1, said(alone, f"one process of 1 thread a side; {machine}"))
    return results


def jobs(given: argparse.Namespace, config: dict, folder: Path) -> list[Result]:
    """What a job costs beside its work, and the DAG."""
    model = config["models"][config["model"]]
    checkpoint, sampling = given.model or ROOT / model["folder"], Sampling.from_config(model)
    turns = min(given.turns, 5)
    figures = overhead.figures(given.config, config, checkpoint, sampling, given.dag, turns, folder)
    return [Result(*figure) for figure in figures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "config.yaml", help="default: config.yaml")
    parser.add_argument("--model", type=Path, help="checkpoint folder (default: the configured one)")
    parser.add_argument("--entry", help="the entry of `models` (default: the configured one)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results.json")
    parser.add_argument("--cases", type=int, default=1, help="of each task, for the sweep (default: 1)")
    parser.add_argument("--sweeps", type=int, default=3, help="turns of the sweep (default: 3)")
    parser.add_argument("--turns", type=int, default=15, help="turns of the short ones (default: 15)")
    parser.add_argument("--dag", type=int, default=1000, help="cases in the DAG (default: 1000)")
    parts = {"speed": measure, "jobs": jobs, "forward": forward.measure}
    parser.add_argument("--parts", nargs="+", choices=parts, default=[*parts], help="what to measure (default: all)")
    cores = torch.get_num_threads()
    parser.add_argument("--cores", type=int, default=cores, help="of both sides (default: %(default)s)")
    given = parser.parse_args()
    with reported(), tempfile.TemporaryDirectory() as scratch:
        torch.set_num_threads(given.cores)
        config = load_config(given.config, **({"model": given.entry} if given.entry else {}))
        results = [result for part in given.parts for result in parts[part](given, config, Path(scratch))]
        if results:  # part forward has a file of its own
            write_json(given.output, kept(given.output, results) + [asdict(result) for result in results])
            print(f"{table(results)}\n{given.output}")


if __name__ == "__main__":
    main()
