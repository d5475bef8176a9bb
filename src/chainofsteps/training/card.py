"""The model card: what was run, on what, for how long, and what came of it. Every number is read from the run.

Weights that were trained on from a folder have the stretches of that folder before their own: `training.json` in it
lists them, and its learning curve goes on. `other_seed.json` and `other_seed.csv`, if they are there, are what
`training.json` and `skill.csv` were of a model that was trained with another seed.
"""

import json
import os
import platform
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from ..bench.categories import category_of
from ..errors import InputError
from ..figures import style
from ..files import atomic_write, read_json, write_json
from ..names import SPLITS
from ..probes.skill.run import EMBEDDED, load_pipeline
from ..probes.skill.table import summary
from ..store.provenance import versions
from .dit import CURVE_CASES
from .mixture import clips_seen
from .vae import BATCH as VAE_BATCH

CATEGORIES = ("Abstraction", "Knowledge", "Perception", "Spatiality", "Transformation")  # of VBVR-Bench
RUNS = {"vae-run": "VAE", "decoder-run": "its decoder, further", "dit-run": "transformer and text encoder"}
TEMPLATE = Path(__file__).with_name("card.md")
HISTORY, CURVE, SKILL = "training.json", "learning_curve.csv", "skill.csv"
OTHER_HISTORY, OTHER_SKILL = "other_seed.json", "other_seed.csv"


def minutes(log: Path) -> tuple[int, float]:
    """(steps, minutes) of a run's log, whose clock starts anew each time the run was taken up: `since` which step.

    An older log does not have that: there it shows only where the clock goes back.
    """
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    pairs = zip(rows, rows[1:], strict=False)
    ends = [a["seconds"] for a, b in pairs if b["seconds"] < a["seconds"] or b.get("since") != a.get("since")]
    return rows[-1]["step"], (sum(ends) + rows[-1]["seconds"]) / 60


def read_curve(work: Path) -> pd.DataFrame:
    """Mean score by puzzle (columns) against clips seen (index); empty if the transformer was not trained there."""
    parts = [pd.read_json(path, lines=True) for path in sorted(work.glob("curve-*.jsonl"))]
    if not parts:
        return pd.DataFrame(index=pd.Index([], name="clips", dtype=int))
    rows = pd.concat(parts)
    rows = rows.drop_duplicates(["clips", "puzzle", "case"], keep="last")
    return rows.pivot_table(index="clips", columns="puzzle", values="score", aggfunc="mean")


def draw_curve(curve: pd.DataFrame, path: Path) -> None:
    """The learning curve as a PNG: a panel for each category of puzzles, and the mean over puzzles."""
    colours = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE, style.BLACK)
    panels = {"mean over puzzles": pd.DataFrame({"all puzzles": curve.mean(axis=1)})}
    of_puzzle = {name: category_of(name) for name in curve.columns}
    for category in CATEGORIES:
        panels[category] = curve[[name for name, its in of_puzzle.items() if its == category]]
    with style.styled():
        figure, grid = plt.subplots(2, 3, figsize=(7.0, 4.4), sharex=True, sharey=True, layout="constrained")
        for axes, (title, lines) in zip(grid.flat, panels.items(), strict=True):
            for (name, values), colour, marker in zip(lines.items(), colours, "osD^v<", strict=False):
                words = name.replace("_", " ")
                axes.plot(values.index / 1000, values, color=colour, marker=marker, markersize=3, label=words)
            axes.set(title=title, ylim=(-0.02, 1.02))
            if not lines.empty:
                axes.legend(loc="lower right", fontsize=6)
        for axes in grid[-1]:
            axes.set_xlabel("thousand clips seen")
        for axes in grid[:, 0]:
            axes.set_ylabel("mean score")
        figure.savefig(path, dpi=200)
        plt.close(figure)


def _markdown(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)])


def _skill_of(skill: pd.DataFrame, split: str) -> str:
    rows = skill[skill.split == split]
    interval = [f"[{row.success_low:.3f}, {row.success_high:.3f}]" for row in rows.itertuples()]
    return _markdown(rows.drop(columns=["split", "success_low", "success_high"]).assign(interval=interval))


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
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if "model name" in line
    ]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.processor()}, no GPU"


def stretch(work: Path, command: str, seed: int, processes: int) -> dict[str, Any]:
    """What the run in ``work`` was, for `training.json`; its stages are (name, steps, clips, minutes)."""
    stages = []
    for run, name in RUNS.items():
        if (work / run / "log.jsonl").exists():
            steps, took = minutes(work / run / "log.jsonl")
            clips = clips_seen(steps, seed) if run == "dit-run" else steps * VAE_BATCH
            stages.append((name, steps, clips, round(took)))
    made_on = f"{processes} processes of one thread on {_hardware()}; "
    made_on += ", ".join(f"{name} {version}" for name, version in versions().items())
    return {"command": command, "made_on": made_on, "stages": stages, "note": ""}


def history(last: dict[str, Any], before: Path | None) -> list[dict[str, Any]]:
    """The stretches that made the weights: those of ``before``, the folder that was trained on, and the last one.

    InputError if it lists none.
    """
    if before is None:
        return [last]
    if not (before / HISTORY).exists():
        raise InputError(f"{before} has no {HISTORY}, so that what made it is not known; copy the whole folder")
    earlier = read_json(before / HISTORY)
    again = earlier[-1]["command"] == last["command"]  # a card that is written once more
    return [*earlier[:-1], last] if again else [*earlier, last]


def joined_curve(curve: pd.DataFrame, stretches: list[dict[str, Any]], before: Path | None) -> pd.DataFrame:
    """The curve of the last stretch after that of the folder that was trained on, whose clips count first."""
    if before is None:
        return curve
    seen = sum(clips for one in stretches[:-1] for name, _, clips, _ in one["stages"] if name == RUNS["dit-run"])
    earlier = pd.read_csv(before / CURVE, index_col="clips")
    curve = curve.set_axis(curve.index + seen)
    return pd.concat([earlier[earlier.index <= seen], curve]).rename_axis("clips")


def _made(stretches: list[dict[str, Any]]) -> str:
    """The commands, each with its note, and what they ran on where that changes."""
    parts = []
    for one, following in zip(stretches, [*stretches[1:], {"made_on": None}], strict=True):
        paragraphs = [f"```\n{one['command']}\n```", one["note"]]
        if one["made_on"] != following["made_on"]:
            paragraphs.append(f"On {one['made_on']}.")
        parts.append("\n\n".join(filter(None, paragraphs)))
    return "\n\nand from what came of that\n\n".join(parts)


def _stages(stretches: list[dict[str, Any]]) -> str:
    rows = [(number, *stage) for number, one in enumerate(stretches, 1) for stage in one["stages"]]
    return _markdown(pd.DataFrame(rows, columns=["command", "stage", "steps", "clips seen", "minutes"]))


def _mean(skill: pd.DataFrame) -> float:
    """Success in domain."""
    return skill[skill.split == SPLITS[0]].success.mean()


def _other_seed(folder: Path, skill: pd.DataFrame) -> str:
    """What another seed came to, beside the skill of the weights that ship."""
    if not (folder / OTHER_SKILL).exists():
        return "No training with another seed has been measured."
    other = summary(pd.read_csv(folder / OTHER_SKILL))
    both = skill[["puzzle", "n", "success"]].merge(other[["puzzle", "n", "success"]], "left", "puzzle")
    both.columns = ["puzzle", "n", "success", "n, other seed", "success, other seed"]
    difference = _mean(other) - _mean(skill)
    said = f"In domain, mean success {_mean(other):.3f}, which is {difference:+.3f} from that of the weights that ship:"
    return "\n\n".join([_made(read_json(folder / OTHER_HISTORY)), said, _markdown(both)])


def write_card(work: Path, folder: Path, command: str, seed: int, processes: int, before: Path | None = None) -> None:
    """Write MODEL_CARD.md, training.json and the learning curve into ``folder`` from the run in ``work``.

    before: the folder whose weights were trained on; None: from nothing.
    """
    stretches = history(stretch(work, command, seed, processes), before)
    curve = joined_curve(read_curve(work), stretches, before).round(3)
    draw_curve(curve, folder / "learning_curve.png")
    curve.to_csv(folder / CURVE)
    write_json(folder / HISTORY, stretches)
    skill = summary(pd.read_csv(folder / SKILL))
    text = TEMPLATE.read_text(encoding="utf-8").format(
        steps=EMBEDDED.steps,
        parts=_parts(folder),
        megabytes=sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6,
        made=_made(stretches),
        stages=_stages(stretches),
        curve_cases=CURVE_CASES,
        in_domain=_skill_of(skill, SPLITS[0]),
        out_of_domain=_skill_of(skill, SPLITS[1]),
        mean=_mean(skill),
        other_seed=_other_seed(folder, skill),
    )
    atomic_write(folder / "MODEL_CARD.md", text.encode())
