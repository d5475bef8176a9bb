from collections import defaultdict

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.plan.target import plan_of
from tests.workflow import everything, figure3
from tests.workflow.running import snakemake


@pytest.fixture(scope="session")
def drawn(tmp_path_factory, checkpoint):
    """A working folder in which Figure 3 was made, and what Snakemake printed, for tests of the xdist_group "dag"."""
    folder = tmp_path_factory.mktemp("run")
    figure3.configure(folder, checkpoint)
    run = snakemake(folder, "--", "figures/fig3.pdf")
    assert run.returncode == 0, run.stdout
    return folder, run.stdout


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A working folder in which everything was made, for tests of the xdist_group "all": see everything.py."""
    folder = tmp_path_factory.mktemp("all")
    everything.configure(folder)
    run = snakemake(folder, "--", "all")
    assert run.returncode == 0, run.stdout
    return folder


@pytest.fixture(scope="session")
def planned(finished, tmp_path_factory):
    """Costs by rule of all that there was to be done in that folder when it was empty."""
    plan = plan_of(load_config(finished / "run.yaml"), ["all"], tmp_path_factory.mktemp("empty"))
    costs = defaultdict(list)
    for cost in plan.costs:
        costs[cost.job.rule].append(cost)
    return costs
