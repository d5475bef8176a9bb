"""Tables and figures that were made from shards: what they hold, and whether it is theirs still."""

import os
import shutil
from pathlib import Path

import made_results
import pytest
from made_results import (
    PARTS,
    TABLE,
    found,
    touch_later,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made_results.make()
    return folder


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """A copy of it to spoil, times kept, as the working folder."""
    shutil.copytree(made, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")


def test_a_joined_table_holds_the_lines_of_its_parts(results):
    text = Path(TABLE).read_text()
    Path(TABLE).write_text(text.replace("loop_maze,00001", "loop_maze,00009"))
    words = f"{TABLE} does not hold the rows of {PARTS[0]} as they stand; delete it and run again"
    assert found(figures=[], made={}) == [f"broken: {words}"]
    touch_later(PARTS[0], TABLE)
    assert found(figures=[], made={}) == [
        f"stale: {TABLE}: older than {PARTS[0]}; `snakemake -- {TABLE}` makes it anew"
    ]
    Path(TABLE).write_text(text + "other,00000\n")
    assert "it holds rows of other shards too" in found(figures=[], made={})[0]
    Path(TABLE).write_text(text.replace("task,", "tusk,", 1))
    os.utime(PARTS[0], ns=(0, 0))
    assert found(figures=[], made={}) == [f"broken: {words}"]
    touch_later(PARTS[0], TABLE)
    Path(TABLE).write_text(text)
    assert found(figures=[], made={}) == []  # newer parts with the same lines
    assert "results/none.csv, which it is made from, is not there" in found(joined={TABLE: ["results/none.csv"]})[0]


def test_a_computed_table_is_no_older_than_what_it_was_made_from(results):
    touch_later(PARTS[1], "tables/x0_pred.csv")
    words = f"tables/x0_pred.csv: older than {PARTS[1]}; `snakemake --force -- tables/x0_pred.csv` makes it anew"
    assert found() == [f"stale: {words}"]
    assert "results/none.csv, which it is made from" in found(made={"tables/x0_pred.csv": ["results/none.csv"]})[0]


def test_a_figure_is_of_what_it_says_it_was_drawn_from(results):
    mend = "`snakemake --force -- figures/fig3.pdf` makes it anew"
    with open(TABLE, "a") as table:
        table.write("\n")
    assert found(joined={}) == [f"stale: figures/fig3.pdf: drawn from another {TABLE}; {mend}"]
    Path(TABLE).unlink()
    assert found() == [f"stale: figures/fig3.pdf: {TABLE}, which it is drawn from, is not there; {mend}"]
    assert "drawn for tiny, not other" in found(model="other")[0]
    Path("figures/fig3.pdf").write_text("%PDF-1.4\n")
    assert found() == [
        "broken: figures/fig3.pdf does not say what it was drawn from; delete it and run again to draw it"
    ]
    Path("figures/fig3.pdf").unlink()
    assert found() == []
