"""A machine whose locale is C reads and writes text as any other: nothing here leaves the encoding to it."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PLAIN = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def run(*command, **options):
    return subprocess.run([*map(str, command)], env={**os.environ, **PLAIN}, capture_output=True, **options)


def test_an_error_with_any_letter_reaches_the_log(tmp_path):
    code = (
        "import logging, sys\nfrom chainofsteps.errors import InputError, reported\n"
        "with reported(sys.argv[1]):\n    logging.getLogger('chainofsteps').info('\\u03c3')\n"
        "    raise InputError('K\\xe4se')"
    )
    ended = run(sys.executable, "-c", code, tmp_path / "job.log")
    assert ended.returncode == 1 and b"Traceback" not in ended.stderr, ended.stderr
    assert (tmp_path / "job.log").read_text(encoding="utf-8") == "σ\nerror: Käse\n"


def test_a_configuration_with_any_letter_is_planned(tmp_path):
    negative = "schön, 清晰"
    models = {"mine": {"like": "embedded", "negative_prompt": negative}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": models}, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "chainofsteps.plan", "--directory", tmp_path, "--config", ROOT / "config.yaml"]
    ended = run(*command, tmp_path / "mine.yaml", "--model", "mine", "--", "results/model/mine.json")
    assert ended.returncode == 0 and b"results/model/mine.json" in ended.stdout, ended.stderr
