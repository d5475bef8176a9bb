"""The command line: it lists its commands, hands arguments on, and costs no torch before a command is chosen."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from chainofsteps import __main__ as cli

ROOT = Path(__file__).parents[2]


def run(*arguments):
    command = [sys.executable, "-m", "chainofsteps", *arguments]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    printed = capsys.readouterr().out
    assert end.value.code == 0
    assert all(f"{name} " in printed and command.__doc__ in printed for name, command in cli.COMMANDS.items())


def test_an_unknown_command_names_the_known_ones(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["explain"])
    assert end.value.code == 2
    assert "'plan', 'verify', 'train', 'first-look'" in capsys.readouterr().err


@pytest.mark.parametrize("command, its_own", [("plan", "--json"), ("train", "--work"), ("first-look", "--folder")])
def test_help_of_a_command_is_its_own(command, its_own):
    shown = run(command, "--help")
    assert shown.returncode == 0 and f"usage: chainofsteps {command} " in shown.stdout and its_own in shown.stdout


def test_the_help_costs_no_torch():
    code = "import sys; from chainofsteps import __main__ as cli; cli.parser(); print('torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"


def test_verify_hands_its_arguments_to_snakemake(tmp_path):
    verified = run("verify", "--directory", str(tmp_path), "--quiet", "host")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    log = tmp_path / "results/logs/verify.log"
    assert log.read_text() in verified.stderr
    broken = tmp_path / "results/embedded/trajectory/loop_maze/00.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    refused = run("verify", "--directory", str(tmp_path), "--quiet", "host")
    assert refused.returncode == 1 and "00.json" in refused.stderr


def test_the_console_script_is_the_module():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["chainofsteps"].partition(":")
    assert module == cli.__name__.removesuffix(".__main__") + ".__main__" and callable(getattr(cli, function))
