import platform
import subprocess

import torch

from chainofsteps import __version__, provenance
from chainofsteps.settings import Sampling


def test_versions_are_those_that_run():
    versions = provenance.versions()
    assert versions["torch"] == torch.__version__ and versions["python"] == platform.python_version()
    assert versions["chainofsteps"] == __version__


def test_commit_is_the_working_trees_or_unknown(monkeypatch):
    provenance.commit.cache_clear()
    assert provenance.commit() == "unknown" or len(provenance.commit().removesuffix("-dirty")) == 40

    def no_git(*command, **options):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    provenance.commit.cache_clear()
    assert provenance.commit() == "unknown"
    provenance.commit.cache_clear()


def test_attention_backend():
    assert provenance.attention_backend() == "native"


def test_what_an_output_was_made_with_names_the_device_that_auto_is():
    made = provenance.made_with(Sampling(4, 3.0, guidance_scale=2.0, timestep_dtype="bfloat16"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    assert made["attention_backend"] == "native" and made["sampling"]["device"] == device
    assert made["sampling"]["guidance_scale"] == 2.0 and made["sampling"]["timestep_dtype"] == "bfloat16"
