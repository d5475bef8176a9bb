"""Nothing is unpickled; no name leads out of its folder; no text reaches a shell; no secret is written down."""

import ast
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors import SafetensorError

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.video import write_mp4
from chainofsteps.config.read import load_config, validate
from chainofsteps.errors import InputError
from chainofsteps.files import atomic_write
from chainofsteps.model.load import check_checkpoint, load_text_encoder, load_transformer, load_vae
from chainofsteps.names import NAME, case_names, is_name
from chainofsteps.probes.skill.run import load_pipeline
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard

ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("src", "scripts", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]
# Commands that leave a file behind, in all the ways in which a shell could come to run them.
IN_A_PATH = "; touch PWNED && touch PWNED | touch PWNED & touch PWNED # -rf ü"
EVIL = f"$(touch PWNED) `touch PWNED` '; touch PWNED;'\"; touch PWNED;\" {IN_A_PATH}"
OUTSIDE = ["../../etc/passwd", "/etc/passwd", "..", ".", ".hidden", "", "a/b", "~", "a\0b"]
IN_A_SHELL = [
    "$(touch x)",
    "`touch x`",
    "; rm -rf .",
    "-rf",
    "a b",
    "a'b",
    'a"b',
    "a\nb",
    "a\n",
    "{task}",
    "%s",
    "ü",
    "a|b",
]
HOSTILE = OUTSIDE + IN_A_SHELL
SECRET = "hf_averysecrettokenindeed"
pytestmark = pytest.mark.xdist_group("security")  # one run of the workflow for all


# ---- nothing is unpickled

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {
    "torch.load",
    "pd.read_pickle",
    "pandas.read_pickle",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
}
FORBIDDEN_CALLS |= {"os.system", "os.popen", "eval", "exec", "torch.hub.load"}
FORBIDDEN_KEYWORDS = {"allow_pickle", "trust_remote_code", "shell"}


def test_code_unpickles_nothing_and_starts_no_shell():
    found = {path: [*forbidden(ast.parse(path.read_text()))] for path in CODE}
    assert len(CODE) > 50 and not {path: names for path, names in found.items() if names}


def forbidden(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.split(".")[0] in FORBIDDEN_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                yield module
            case ast.Call(func=function, keywords=keywords):
                yield from {ast.unparse(function)} & FORBIDDEN_CALLS
                yield from {keyword.arg for keyword in keywords} & FORBIDDEN_KEYWORDS


def test_rules_start_no_shell():
    """Scripts alone, whose values Snakemake hands over without a shell."""
    started = re.compile(r"^\s*(shell|run)\s*:|\bshell\s*\(|\bpickle\b|os\.system|subprocess", re.M)
    assert len(RULES) > 5 and not [path for path in RULES if started.search(path.read_text())]


def test_the_scan_finds_what_it_looks_for():
    code = "import pickle\nfrom joblib import load\ntorch.load(x)\nnp.load(x, allow_pickle=True)\nrun(x, shell=True)\n"
    assert sorted(forbidden(ast.parse(code))) == ["allow_pickle", "joblib", "pickle", "shell", "torch.load"]


class Evil:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


WEIGHTS = {
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}
OLD_NAMES = {"diffusion_pytorch_model": "diffusion_pytorch_model.bin", "model": "pytorch_model.bin"}


@pytest.mark.parametrize("way", ["under its name", "under the old name", "beside other safetensors"])
@pytest.mark.parametrize("part", WEIGHTS)
def test_pickle_in_a_checkpoint_is_refused_in_one_line(checkpoint, tmp_path, part, way):
    folder = shutil.copytree(checkpoint, tmp_path / "checkpoint")
    weights = folder / part / f"{WEIGHTS[part]}.safetensors"
    place = weights if way == "under its name" else weights.with_name(OLD_NAMES[WEIGHTS[part]])
    if way == "beside other safetensors":
        weights.rename(weights.with_name("other.safetensors"))
    elif way == "under the old name":
        weights.unlink()
    place.write_bytes(pickle.dumps(Evil(tmp_path / "PWNED")))
    load = {"transformer": load_transformer, "vae": load_vae, "text_encoder": load_text_encoder}[part]
    for read in (check_checkpoint, load):
        with pytest.raises(InputError) as caught:
            read(folder)
        assert str(folder / part) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises((OSError, SafetensorError)):  # the stock pipeline, whose checkpoint was checked before
        load_pipeline(folder)
    assert not (tmp_path / "PWNED").exists()


def test_part_of_a_checkpoint_in_another_folder_is_refused(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "checkpoint")
    shutil.copy(checkpoint / "vae/diffusion_pytorch_model.safetensors", tmp_path / "secret.safetensors")
    listing = folder / "vae/diffusion_pytorch_model.safetensors.index.json"
    for name in ("../../secret.safetensors", str(tmp_path / "secret.safetensors")):
        listing.write_text(json.dumps({"metadata": {}, "weight_map": {"conv": name}}))
        with pytest.raises(InputError, match=f"{listing} leads to .*secret.safetensors', out of its folder"):
            check_checkpoint(folder)


# ---- no name leads out of its folder


@pytest.fixture(scope="module")
def config():
    return load_config(ROOT / "config.yaml")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_models_and_tasks_are_refused(config, name):
    of_a_folder = {**config["cases"], "folder": "/data"}
    changes = [
        {"model": name},
        {"models": {**config["models"], name: config["models"]["embedded"]}},
        {"cases": {**config["cases"], "tasks": [name]}},
        {"cases": {**of_a_folder, "tasks": [name]}},
        {"cases": of_a_folder, "x0_pred": {"tasks": [name]}},
    ]
    for change in changes:
        with pytest.raises(InputError) as caught:
            validate({**config, **change})
        assert "\n" not in str(caught.value)


def test_schema_and_folders_agree_on_names():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    assert schema["$defs"]["Name"]["pattern"] == f"^{NAME.pattern}$"
    assert not [name for name in HOSTILE if is_name(name)]


@pytest.mark.parametrize("name", ["~", *IN_A_SHELL])
def test_hostile_case_folders_are_named_before_anything_runs(tmp_path, name):
    (tmp_path / "In-Domain_50/maze/00000").mkdir(parents=True)
    (tmp_path / "In-Domain_50/maze" / name).mkdir()
    with pytest.raises(InputError, match="has a case .*; rename it") as caught:
        case_names(tmp_path, "maze")
    assert "\n" not in str(caught.value) and repr(name) in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_in_manifests_lead_nowhere(tmp_path, name):
    with pytest.raises(InputError, match="cannot be the name"):
        read_cases(tmp_path, "maze", [name])
    with pytest.raises(InputError, match="cannot be the name"):
        read_cases(tmp_path, name, ["00000"])
    place = tmp_path / "results/tiny/noise/maze/00.json"
    shard = Shard(place, "noise", {}, 1)
    with pytest.raises(InputError, match="cannot be the name of a file"):
        shard.save(name, {}, {})
    shard.save("00000", {}, {})
    manifest = shard.finish(["00000"])
    item = manifest["items"]["00000"]
    for change in ({"folder": name}, {"items": {"00000": {**item, "file": name}}}):
        place.write_text(json.dumps({**manifest, **change}))
        with pytest.raises(InputError, match="leads to .*, out of its folder; delete it and run again"):
            read_shard(place).load("00000")


def test_links_are_read_and_never_written_through(tmp_path):
    """Cases may be links into a shared folder; what is made takes the place of a link, and not of what it leads to."""
    draw = puzzles.draw("grounding", 0, held_out=True)
    shared = write_case(tmp_path / "shared", "In-Domain_50", "grounding", "00000", draw)
    before = {path.name: path.read_bytes() for path in shared.iterdir()}
    linked = tmp_path / "cases/In-Domain_50/grounding/00000"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(shared)
    assert read_cases(tmp_path / "cases", "grounding")[0].prompt == draw.prompt
    with pytest.raises(InputError, match="cannot write .*grounding/00000"):
        write_case(
            tmp_path / "cases", "In-Domain_50", "grounding", "00000", puzzles.draw("grounding", 1, held_out=True)
        )
    (tmp_path / "link.json").symlink_to(shared / "layout.json")
    atomic_write(tmp_path / "link.json", b"{}")
    assert not (tmp_path / "link.json").is_symlink()
    assert before == {path.name: path.read_bytes() for path in shared.iterdir()}


# ---- no text reaches a shell, no secret is written down


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, checkpoint):
    """A run in which all that may be any text is a command: prompts, the negative prompt, paths. (top, folder, said)"""
    top = tmp_path_factory.mktemp("hostile")
    folder, bench = top / f"run {IN_A_PATH}", top / f"bench {EVIL}" / "In-Domain_50/G-1_unknown/00000"
    folder.mkdir()
    bench.mkdir(parents=True)
    (bench / "prompt.txt").write_text(f"{EVIL}\n{EVIL} {{model}} %s")
    Image.new("RGB", (64, 64)).save(bench / "first_frame.png")
    write_mp4(bench / "ground_truth.mp4", np.zeros((17, 64, 64, 3), np.uint8))
    model = shutil.copytree(checkpoint, top / f"model {EVIL}")
    embedded = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["embedded"]
    config = {
        "model": "tiny",
        "models": {"tiny": {**embedded, "folder": str(model), "negative_prompt": EVIL, "guidance_scale": 2.0}},
        "cases": {"folder": str(bench.parents[2]), "tasks": ["G-1_unknown"], "number": 1},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(folder, "--", "results/tiny/trajectory/G-1_unknown/00.json", cwd=top)
    assert run.returncode == 0, run.stdout
    return top, folder, run.stdout


def snakemake(folder, *arguments, cwd=None):
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--cores", "1"]
    command += ["--configfile", folder / "run.yaml", *arguments]
    secrets = {"HF_TOKEN": SECRET, "HUGGING_FACE_HUB_TOKEN": SECRET}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run([*map(str, command)], env={**os.environ, **secrets}, cwd=cwd, **streams)


def test_texts_and_paths_are_no_commands(hostile):
    top, folder, _ = hostile
    assert not [*top.rglob("PWNED")]
    assert sorted(path.name.partition(" ")[0] for path in top.iterdir()) == ["bench", "model", "run"]
    settings = read_shard(folder / "results/tiny/conditioning/G-1_unknown/00.json").settings
    assert settings["encoding"]["negative_prompt"] == EVIL


@pytest.mark.parametrize("character", ["$", "'", "\n"])
def test_paths_that_snakemake_cannot_quote_stop_in_one_line(tmp_path, character):
    folder = tmp_path / f"run{character}(touch PWNED)"
    folder.mkdir()
    (folder / "run.yaml").write_text("model: embedded\n")
    run = snakemake(folder, "-n", "--", "figures/fig3.pdf", cwd=tmp_path)
    errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert len(errors) == 1 and f"a shell might take {character!r} for a command of its own; rename it" in errors[0]


def test_secrets_of_the_environment_are_nowhere(hostile):
    _, folder, output = hostile
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10 and SECRET not in output
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
