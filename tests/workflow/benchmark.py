"""Two tasks of VBVR-Bench in a folder, with a stand-in for EvalKit and a configuration that asks for everything."""

import kit as stand_in
import yaml

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import write_case
from chainofsteps.bench.evalkit.source import source_hash
from tests.workflow.running import ROOT

MAZE, TURN = "O-39_maze_data-generator", "O-85_2d_object_rotation_data-generator"
TASKS = {MAZE: "unique_maze", TURN: "rotation", "rotation": "rotation"}
STEPS, CASES = 2, 2
SWAP = {"modes": ["residual"], "widths": [1], "steps": [["first"]], "to_the_end": ["residual"], "matrix": False}
PANELS = ("fig1", "fig2", "fig4", "fig5")


def configure(folder, checkpoint):
    """Cases, a kit and a Python for it, and run.yaml for the checkpoint, in a working folder, which is returned."""
    for task, puzzle in TASKS.items():
        for case in range(CASES):
            drawn = puzzles.draw(puzzle, case, held_out=True)
            write_case(folder / "bench", "Out-of-Domain_50", task, f"{case:05d}", drawn)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": STEPS}
    config["model"] = "tiny"
    config["cases"] |= {"folder": str(folder / "bench"), "tasks": [MAZE, TURN], "number": CASES, "scorer": "evalkit"}
    source = stand_in.checkout(folder / "kit")
    python = stand_in.python_with(folder / "python")
    config["evalkit"] |= {
        "folder": str(source),
        "python": python,
        "sha256": source_hash(source),
        "time_limit": 60,
        "at_once": 2,
    }
    config["trajectory"]["other_seeds"] = "apart"
    config["noise"] |= {"operators": ["replace"], "steps": [0], "frames": [1]}
    config["few_steps"]["steps"] = [1, STEPS]
    config["frames"]["counts"] = [5]
    config["ensemble"] |= {"windows": ["20-29"], "modes": ["mean"], "headroom": [], "controls": False}
    config["swap"] |= {**SWAP, "task": MAZE}
    config["activations"] |= {"steps": ["first"], "shown": {"task": MAZE, "case": "00001", "seed": 1, "step": "first"}}
    row = {
        "panel": "a",
        "puzzle": MAZE,
        "case": "00001",
        "seed": 1,
        "steps": ["first", "last"],
        "frames": ["first", "last"],
    }
    config["panels"] = [{**row, "figure": figure} for figure in PANELS]
    config["statistics"] = {"resamples": 100}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return folder
