import pytest
from cluster import cluster


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running
