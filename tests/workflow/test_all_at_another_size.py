"""`snakemake all` at twice the size and length: the same jobs, every file made. Minutes: `make test-sizes`."""

import pytest
import yaml

from tests.workflow import everything
from tests.workflow.running import snakemake, verdict

pytestmark = [pytest.mark.sizes, pytest.mark.xdist_group("all at another size")]
SIZE = {"size": "128x128", "frames": 33}


def listed(folder):
    """The jobs that `all` has, by rule, as a dry run prints them."""
    run = snakemake(folder, "-n", "--quiet", "reason", "--", "all")
    assert run.returncode == 0, run.stdout
    return sorted(line.split(":")[0] for line in run.stdout.splitlines() if line.startswith(("rule ", "localrule ")))


def test_all_is_the_same_jobs_at_another_size_and_every_file_is_made(tmp_path):
    everything.configure(tmp_path)
    before = listed(tmp_path)
    config = yaml.safe_load((tmp_path / "run.yaml").read_text())
    config["cases"] |= SIZE
    config["frames"]["counts"] = [5, 17]
    for panel in config["panels"]:
        panel["frames"] = [0, SIZE["frames"] - 1]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    assert listed(tmp_path) == before and len(before) > 100
    run = snakemake(tmp_path, "--", "all")
    assert run.returncode == 0, run.stdout
    checked = snakemake(tmp_path, "--", "verify")
    broken, stale, _ = verdict(checked.stdout)
    assert (broken, stale) == ([], []), checked.stdout
    assert len(list((tmp_path / "figures").glob("*.pdf"))) >= 16
