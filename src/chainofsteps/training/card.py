"""The model card: what was run, on what, for how long, and what came of it. Every number is read from the run."""

import itertools
import json
import os
import platform
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from scipy import stats

from .. import style
from ..files import atomic_write
from ..provenance import versions
from .dit import BATCH
from .skill import STEPS, load_pipeline, summary
from .vae import BATCH as VAE_BATCH

TEMPLATE = Path(__file__).with_name("card.md")


def minutes(log: Path) -> tuple[int, float]:
    """(steps, minutes) of a run's log; its clock starts anew each time the run was taken up."""
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    ends = [a["seconds"] for a, b in zip(rows, rows[1:], strict=False) if b["seconds"] < a["seconds"]]
    return rows[-1]["step"], (sum(ends) + rows[-1]["seconds"]) / 60


def read_curve(work: Path) -> pd.DataFrame:
    """Mean score by puzzle (columns) against clips seen (index)."""
    rows = pd.concat(pd.read_json(path, lines=True) for path in sorted(work.glob("curve-*.jsonl")))
    rows["puzzle"] = rows.puzzle.where(rows.variant == "asked", rows.puzzle + ", " + rows.variant)
    rows = rows.drop_duplicates(["clips", "puzzle", "case"], keep="last")
    return rows.pivot_table(index="clips", columns="puzzle", values="score", aggfunc="mean")


def draw_curve(curve: pd.DataFrame, path: Path) -> None:
    """The learning curve as a PNG."""
    with style.styled():
        figure, axes = plt.subplots(figsize=(4.5, 2.8), layout="constrained")
        colours = (style.BLUE, style.SKY, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE, style.BLACK)
        for (name, values), colour, marker in zip(curve.items(), itertools.cycle(colours), itertools.cycle("osD^v<>")):
            words = name.replace("_", " ")
            axes.plot(values.index / 1000, values, color=colour, marker=marker, markersize=3, label=words)
        axes.set(xlabel="thousand clips seen", ylabel="mean score, held-out cases", ylim=(-0.02, 1.02))
        axes.legend(loc="lower right")
        figure.savefig(path, dpi=200)
        plt.close(figure)


def share(successes: int, number: int) -> str:
    """A share with its 95% Wilson interval, which is not empty where all or none succeed."""
    interval = stats.binomtest(successes, number).proportion_ci(method="wilson")
    return f"{successes / number:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _markdown(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)])


def _parts(folder: Path) -> str:
    pipeline, lines = load_pipeline(folder), []
    for name in ("transformer", "vae", "text_encoder"):
        module = getattr(pipeline, name)
        lines.append(
            f"| {name} | {type(module).__name__} | {sum(p.numel() for p in module.parameters()) / 1e6:.2f} M |"
        )
    return "\n".join([*lines, f"| tokenizer | {type(pipeline.tokenizer).__name__} | {len(pipeline.tokenizer)} words |"])


def _hardware() -> str:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.processor()}, no GPU"


def write_card(work: Path, folder: Path, command: str, seed: int, processes: int) -> None:
    """Write MODEL_CARD.md, learning_curve.png and learning_curve.csv into ``folder`` from the run in ``work``."""
    stages = []
    for name, run, batch in (("VAE", "vae-run", VAE_BATCH), ("transformer and text encoder", "dit-run", BATCH)):
        steps, took = minutes(work / run / "log.jsonl")
        stages.append(f"| {name} | {steps} | {steps * batch:,} | {took:.0f} |")
    curve = read_curve(work).round(3)
    draw_curve(curve, folder / "learning_curve.png")
    curve.to_csv(folder / "learning_curve.csv")
    skill = summary(pd.read_csv(folder / "skill.csv"))
    skill["success"] = [share(round(p * n), n) for p, n in zip(skill.success, skill.n, strict=True)]
    text = TEMPLATE.read_text(encoding="utf-8").format(
        steps=STEPS,
        parts=_parts(folder),
        megabytes=sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6,
        command=command,
        seed=seed,
        processes=processes,
        hardware=_hardware(),
        versions=", ".join(f"{name} {version}" for name, version in versions().items()),
        stages="\n".join(stages),
        curve=_markdown(curve.reset_index()),
        skill=_markdown(skill),
        puzzles=", ".join(sorted(set(skill.puzzle))).replace("_", " "),
    )
    atomic_write(folder / "MODEL_CARD.md", text.encode())
