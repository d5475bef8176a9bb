"""Other doors to the workflow: workflow/Snakefile, `module:` with and without a configuration, a remote module."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "workflow" / "Snakefile"
TARGET = "figures/fig3.pdf"


def dry_run(folder, *options):
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--dry-run",
        "--quiet",
        "host",
        *options,
        "--",
        TARGET,
    ]
    return subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True)


def jobs(run):
    """The outputs of the jobs that a dry run lists."""
    assert run.returncode == 0, run.stdout + run.stderr
    return set(re.findall(r"^    output: (.+)$", run.stdout + run.stderr, re.M))


def module(folder, snakefile, config=None):
    """A workflow in `folder` that takes all rules from another."""
    folder.mkdir(exist_ok=True)
    lines = ["module chainofsteps:", f'    snakefile: "{snakefile}"']
    if config is not None:
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        lines = ['configfile: "config.yaml"', *lines, "    config: config"]
    (folder / "Snakefile").write_text("\n".join([*lines, "use rule * from chainofsteps\n"]))
    return folder


def test_the_door_leads_to_the_jobs_of_the_root(tmp_path):
    here = jobs(dry_run(tmp_path, "-s", ROOT / "Snakefile"))
    assert len(here) > 10 and TARGET in " ".join(here)
    assert jobs(dry_run(tmp_path, "-s", DOOR)) == here


def test_a_module_takes_what_its_configuration_leaves_out_from_the_house(tmp_path):
    plain = jobs(dry_run(module(tmp_path / "plain", DOOR)))
    experts = jobs(dry_run(module(tmp_path / "experts", DOOR, {"model": "embedded-experts"})))
    assert any("results/embedded/trajectory" in path for path in plain)
    assert experts == {re.sub(r"/embedded\b", "/embedded-experts", path) for path in plain}


def test_the_configuration_that_snakedeploy_copies_is_the_default(tmp_path):
    copied = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    assert copied and all(default[key] == value for key, value in copied.items())


def test_a_remote_module_ends_in_one_line(tmp_path):
    remote = tmp_path / "remote"
    for path in (Path("Snakefile"), Path("workflow/Snakefile")):
        (remote / path).parent.mkdir(parents=True, exist_ok=True)
        (remote / path).write_text((ROOT / path).read_text())
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", str(remote)]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "rules"]):
        subprocess.run([*git, *command], check=True)
    refused = dry_run(module(tmp_path / "user", f"git+file://{remote}/workflow/Snakefile@main"))
    assert refused.returncode == 1
    assert "error: the rules need the package and the model beside them; clone the repository" in refused.stderr
    assert "Traceback" not in refused.stderr
