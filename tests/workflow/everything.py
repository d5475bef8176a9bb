"""One run of `snakemake all`, which the tests of its probes, figures and tables share: a run of each would take five
times as long. Two experts with random weights, two cases, four steps."""

import tiny
import yaml

from tests.workflow.running import ROOT

STEPS, CASES, LAYERS = 4, 2, 2
MAZES, OTHERS = ["loop_maze", "unique_maze"], ["occlusion", "find_then_move", "object_sets"]
SKILL = ["loop_maze", "next_size", "rotation", "largest"]  # one of them is never trained on
WEIGHED = 3  # cases of each maze whose candidate answers are weighed, one of them of no other probe
COUNTS, FEW = [5, 9, 17], [2, STEPS]
SHOWN = {  # puzzles of the panels of each figure
    "fig1": ["loop_maze", "loop_maze"],
    "fig2": ["object_sets"],
    "fig4": ["occlusion"],
    "fig5": ["find_then_move"],
    "figA9": ["find_then_move"],
    "figA10": ["object_sets"],
    "figA11": ["occlusion", "find_then_move"],
    "figA12": ["find_then_move"],
    "figB1": ["loop_maze"],
}


def panels(**change):
    """Rows for every figure of panels; the second of Figure 1 is of the second seed."""
    row = {"case": "00001", "seed": 1, "steps": [0, STEPS - 1], "frames": [0, 16]}
    return [
        {**row, "figure": figure, "panel": letter, "puzzle": puzzle}
        | ({"seed": 2} if (figure, letter) == ("fig1", "b") else {})
        | change
        for figure, puzzles in SHOWN.items()
        for letter, puzzle in zip("ab", puzzles, strict=False)
    ]


def configure(folder):
    """A checkpoint and its run.yaml in a working folder."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    checkpoint = tiny.build(folder / "two", experts=2)
    entry = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": STEPS, "boundary": tiny.BOUNDARY}
    config["models"]["two"], config["model"] = entry, "two"
    config["cases"] |= {"tasks": MAZES, "number": CASES, "number_elsewhere": CASES, "shard_size": CASES}
    config["skill"] = {"number": 1, "tasks": SKILL}
    config["x0_pred"]["tasks"] = [*MAZES, *OTHERS]
    config["few_steps"]["steps"] = FEW
    config["candidates"] = {"tasks": MAZES, "number": WEIGHED, "calibration": {"steps": [0, 2], "seeds": [7]}}
    config["frames"] |= {"counts": COUNTS, "tasks": ["loop_maze"]}
    config["ensemble"] |= {"tasks": MAZES, "headroom": [], "number": 1, "seeds": [1, 3], "steps": [0, 2]}
    config["activations"] |= {"tasks": ["find_then_move", "object_sets"], "steps": [0, 3]}
    config["activations"]["shown"] = {"task": "find_then_move", "case": "00001", "seed": 1, "step": 3}
    config["swap"] |= {"steps": [[0], [0, 1]], "matrix_pairs": 2, "number": 1, "widths": [1]}
    config["linear_readout"] = {"tasks": ["unique_maze"], "number": WEIGHED, "steps": [0, 2], "folds": 3}
    config["ladder"] |= {"models": ["two"], "tasks": ["unique_maze"], "number": 1, "steps": [1, STEPS]}
    config["panels"] = panels()
    config["statistics"] = {"resamples": 100}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
