import pytest
import tiny

SLOW = {
    "all",
    "evalkit",
    "kinds",
    "interruptions",
    "extend",
    "own",
}  # groups of tests that share whole runs of the workflow


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if group is not None and group.args[0] in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_addoption(parser):
    parser.addoption("--recipes", action="store_true", help="write the fingerprints of the probes' code anew")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A tiny checkpoint folder with one expert. Read-only for tests: copy it to change it."""
    return tiny.build(tmp_path_factory.mktemp("tiny") / "one", experts=1)


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory):
    """A function that gives the tiny checkpoint folder of a kind (see tiny.py), built once. Read-only."""
    place = tmp_path_factory.mktemp("kinds")

    def build(kind):
        folder = place / kind
        return folder if folder.exists() else tiny.build(folder, kind=kind)

    return build


@pytest.fixture(scope="session")
def checkpoint_two(tmp_path_factory):
    """The same with two experts and a boundary."""
    return tiny.build(tmp_path_factory.mktemp("tiny") / "two", experts=2)
