"""Speed of the package against diffusers' own pipeline: benchmarks/results.json, and a table.

Every ratio is measured in one run, side by side: the two sides take turns, in changing order, on the same cores, and
their medians are compared.
"""

import argparse
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import forward
import overhead
import torch
from against import Sweeps
from kept_norms import Norms
from lines import Result, kept, said, table
from ours import Ours, Work, Workers, label
from stock import Stock
from turns import medians

from chainofsteps.bench.cases import Case, read_cases, write_case
from chainofsteps.bench.puzzles import PUZZLES, draw
from chainofsteps.config.read import load_config
from chainofsteps.errors import reported
from chainofsteps.files import write_json
from chainofsteps.model.sampling import Sampling
from chainofsteps.names import SPLITS
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import expand

ROOT = Path(__file__).parents[1]


def puzzles(tasks: list[str], number: int, first_seed: int, folder: Path) -> list[Case]:
    """`number` held-out cases of each task."""
    cases = []
    for task in tasks:
        names = [f"{index:05d}" for index in range(number)]
        for name in names:
            write_case(folder, SPLITS[0], task, name, draw(task, first_seed + int(name), held_out=True))
        cases += read_cases(folder, task, names)
    return cases


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
    results += Norms(ours, cases[0], work.seed, folder).measured(given.turns)
    machine = f"{sampling.torch_device.type}, {sampling.dtype}, torch {torch.__version__}"
    results = [said(result, f"one process of {given.cores} threads a side; {machine}") for result in results]
    workers = Workers(given.cores, checkpoint, sampling)
    sweeps = Sweeps(ours, stock, cases, runs, work, folder)
    on_cores = replace(sweeps, workers=workers).measured(given.sweeps)
    what = f"{given.cores} processes of 1 thread against one process of {given.cores} threads"
    results = [said(result, f"{what}; {machine}") for result in on_cores] + results
    torch.set_num_threads(1)
    alone = sweeps.measured(1)[0]
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
