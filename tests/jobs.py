"""The scripts of jobs, run in this process with what their rules would hand them: no Snakemake."""

import json
import runpy
from types import SimpleNamespace

import safetensors.torch

from chainofsteps.files import read_json
from chainofsteps.probes.nouns import nouns
from chainofsteps.probes.settings import DENOISING, sampling_of
from chainofsteps.store.reader import read_shard
from tests.workflow.running import ROOT

NOUNS, MODEL, TASK = nouns(), "tiny", "object_sets"
STEPS, SEEDS, NULL = 2, [1], 2


def configured(checkpoint):
    """A small configuration, with the sections that the jobs read."""
    return {
        "shared": [],
        "cases": {"folder": None, "size": None, "frames": None, "scorer": "rule"},
        "models": {MODEL: {"folder": str(checkpoint), "steps": STEPS, "shift": 3.0, "max_sequence_length": 24}},
        "trajectory": {
            "seeds": SEEDS,
            "null_seed": NULL,
            "other_seeds": "together",
            "keep": "all",
            "share_noise_over_cases": False,
        },
        "noise": {
            "schemes": ["step", "frame"],
            "operators": ["replace"],
            "steps": [0],
            "frames": [1],
            "timing": "before",
            "amplitude": 1.0,
            "noise": "fixed",
            "noise_seed": 1000,
            "restore_first_frame": True,
        },
        "similarity": {"features": ["latents"], "kernel": "linear", "unbiased": True},
        "few_steps": {"steps": [1, STEPS], "distilled": None},
        "frames": {"counts": [5]},
        "ensemble": {
            "tasks": [TASK],
            "seeds": [1, 2],
            "windows": ["0-0"],
            "of_layers": 2,
            "modes": ["mean"],
            "weight": 0.5,
            "carry": "first",
            "steps": [0],
            "controls": True,
        },
        "activations": {"steps": [0], "layers": "all", "branch": "cond"},
        "swap": {
            "task": TASK,
            "layers": "all",
            "modes": ["full"],
            "steps": [[0]],
            "widths": [1],
            "parts": {},
            "to_the_end": [],
        },
        "skill": {"number": 1},
        "evalkit": {},
    }


class Jobs:
    """A results folder, the jobs that are run there, and what they leave."""

    def __init__(self, folder, checkpoint):
        self.results, self.config = folder / "results", configured(checkpoint)

    def path(self, noun, name="00.json"):
        return self.results / MODEL / noun / TASK / name

    def run(self, script, output=None, cases=True, **params):
        """Run a script with the inputs that have been made. output: by name the file names of its tables."""
        noun, config = NOUNS.get(script), self.config
        if noun is not None:
            sampling = sampling_of(config, MODEL, *DENOISING)
            params = {"settings": noun.settings(config, MODEL), "sampling": sampling, "seeds": SEEDS, **params}
        inputs = {name: self.path(name) for name in NOUNS if self.path(name).is_file()}
        inputs |= {"model": self.results / "model/tiny.json", "cases": self.results / f"cases/{TASK}/00.json"}
        places = {"model": inputs["model"], "cases": inputs["cases"]}
        outputs = {name: self.path(script, file) for name, file in (output or {}).items()}
        snakemake = SimpleNamespace(
            input=SimpleNamespace(**inputs, scorer=[], downloads=[]),
            output=SimpleNamespace(manifest=places.get(script, self.path(script)), **outputs),
            params=SimpleNamespace(**params),
            wildcards=SimpleNamespace(model=MODEL, **({"task": TASK, "shard": "00"} if cases else {"puzzle": TASK})),
            config=config,
            rule=script,
            threads=1,
            log=[self.results / "log"],
        )
        runpy.run_path(str(ROOT / "scripts" / f"{script}.py"), {"snakemake": snakemake})
        manifest = read_json(snakemake.output.manifest)
        assert noun is None or manifest["noun"] == script
        return manifest


def as_before(shard_path, key):
    """Rewrite the items of a shard as versions before wrote them: rows in the metadata of their tensors."""
    reader = read_shard(shard_path)
    for case in reader.cases:
        tensors, rows = reader.files(case)
        content = json.loads(rows.read_text())
        loaded, metadata = reader.load(case)
        content = content[0] if key == "scores" else content
        safetensors.torch.save_file(loaded, tensors, {**metadata, key: json.dumps(content)})
        rows.unlink()
    shard_path.unlink()
