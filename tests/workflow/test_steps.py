"""The default configuration with another number of steps."""

import pytest
import yaml

from tests.workflow.running import ROOT, jobs_of, snakemake


@pytest.mark.parametrize("steps", [8, 50])
def test_everything_is_planned_for_another_number_of_steps(steps, tmp_path):
    checkpoint = {"folder": str(ROOT / "models" / "embedded"), "steps": steps}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({"models": {"embedded": checkpoint}}))
    planned = snakemake(tmp_path, "-n", "--", "all")
    assert planned.returncode == 0, planned.stdout
    jobs = jobs_of(planned.stdout)
    assert jobs["claims"] == jobs["fig6"] == 1 and jobs["panels"] == 9
