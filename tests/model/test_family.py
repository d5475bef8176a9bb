import ast
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import diffusers
import pytest
import tiny
import transformers

import chainofsteps
from chainofsteps.errors import InputError
from chainofsteps.model import family
from chainofsteps.model.checkpoint import family_in
from chainofsteps.model.family import FAMILIES, Family, family_of
from chainofsteps.model.load import Experts, check_checkpoint

PACKAGE = Path(chainofsteps.__file__).parent
PUBLIC = {name for name in vars(Family) if not name.startswith("_")} | set(Family.__annotations__)


def test_an_unknown_transformer_is_one_line_that_tells_what_to_do(checkpoint, tmp_path):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    index = json.loads((copy / "model_index.json").read_text())
    index["transformer"] = ["diffusers", "CogVideoXTransformer3DModel"]
    (copy / "model_index.json").write_text(json.dumps(index))
    for read in (check_checkpoint, family_in, lambda folder: Experts(folder, tiny.sampling())):
        with pytest.raises(InputError) as error:
            read(copy)
        assert str(error.value) == (
            f"{copy} has a CogVideoXTransformer3DModel, a transformer that is not known here; known are "
            "WanTransformer3DModel, LTXVideoTransformer3DModel; docs/families.md tells how to add one"
        )
    assert (PACKAGE.parents[1] / family.PAGE).is_file()


def test_an_unknown_network_is_one_line_too():
    with pytest.raises(InputError, match="the model has a list, a transformer that is not known here"):
        family_of([])


@pytest.mark.parametrize("transformer", FAMILIES)
def test_a_family_is_all_that_the_protocol_says(transformer):
    known = FAMILIES[transformer]
    assert transformer in known.parts["transformer"] and {"vae", "text_encoder"} <= set(known.parts)
    for name in PUBLIC:
        wanted, there = getattr(Family, name, None), getattr(known, name)
        if callable(wanted):
            parameters = [p for p in inspect.signature(wanted).parameters if p not in ("self", "conditions")]
            assert list(inspect.signature(there).parameters)[: len(parameters)] == parameters, name
    for part, classes in known.parts.items():
        library = transformers if part in ("text_encoder", "image_encoder") else diffusers
        assert all(hasattr(library, name) for name in classes)


def test_a_network_or_vae_is_of_one_family():
    classes = [name for known in FAMILIES.values() for part in ("transformer", "vae") for name in known.parts[part]]
    assert len(classes) == len(set(classes))


def test_only_the_table_and_training_know_a_family():
    """A second family touches its file and a row: no other module of the package imports one."""
    importers = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] in ("wan", "ltx"):
                importers.add(path.relative_to(PACKAGE).as_posix())
    assert importers == {"model/family.py", "model/conditioning.py"}  # the mask's channels, one of the two ways


@pytest.mark.parametrize("module", ["load", "conditioning", "vae", "lora", "network", "family"])
def test_what_a_job_imports_waits_for_diffusers_and_transformers(module):
    code = (
        f"import sys, chainofsteps.model.{module}, chainofsteps.run.denoise\n"
        "print([name for name in ('diffusers', 'transformers', 'peft', 'accelerate') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("module", ["family", "checkpoint", "stream", "wan", "ltx"])
def test_the_small_files_of_a_checkpoint_are_read_without_torch(module):
    code = f"import sys, chainofsteps.model.{module}; print('torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
