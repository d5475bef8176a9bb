"""One run of `snakemake figures/fig3.pdf`, which the tests of the DAG share: a 2-layer model with random weights, one
puzzle, two cases, four steps."""

import yaml

from tests.workflow.running import ROOT

STEPS, FRAMES, CASES = 4, 5, 2
SHARDED = ["conditioning", "trajectory", "noise", "score"]


def configure(folder, checkpoint):
    """Its run.yaml in a working folder."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": STEPS}
    config["model"] = "tiny"
    config["cases"] |= {"tasks": ["loop_maze"], "number": CASES, "shard_size": CASES}
    config["x0_pred"]["tasks"] = ["loop_maze"]
    config["ensemble"] |= {"tasks": ["loop_maze"], "seeds": [1, 2]}
    config["statistics"] = {"resamples": 100}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
