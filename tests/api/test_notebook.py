"""notebooks/first_look.ipynb: it runs from top to bottom, and what is kept in it is what it makes."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "first_look.ipynb"


@pytest.fixture(scope="module")
def kept():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(kept):
    """The notebook as it comes out of a kernel of its own, which works in its folder as Jupyter does."""
    fresh = nbformat.from_dict({**kept, "cells": [dict(cell) for cell in kept.cells]})
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "src"))
        place = {"metadata": {"path": NOTEBOOK.parent}}
        client = NotebookClient(fresh, timeout=600, kernel_name="python3", resources=place)
        return client.execute()  # CellExecutionError, with its traceback, at the first cell that fails


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(cell):
    """The outputs of a cell, pieces of one stream as one: their number is chance."""
    joined = []
    for output in cell.outputs:
        if joined and output.get("name") and joined[-1].get("name") == output.name:
            joined[-1] = {**joined[-1], "text": joined[-1]["text"] + output.text}
        else:
            joined.append(output)
    return joined


def kinds(notebook):
    """For each code cell its streams, or the formats of its outputs."""
    return [
        sorted(kind for output in outputs(cell) for kind in (output.get("data") or {output.get("name"): None}))
        for cell in code_cells(notebook)
    ]


def test_it_runs_and_makes_a_video_pictures_and_a_table(executed):
    assert [cell.execution_count for cell in code_cells(executed)] == list(range(1, len(code_cells(executed)) + 1))
    shown = [kind for of_cell in kinds(executed) for kind in of_cell]
    assert shown.count("image/png") == 5 and shown.count("image/gif") == 1 and shown.count("text/html") == 1
    assert "stderr" not in shown


def test_the_outputs_in_the_repository_are_those_of_a_run(kept, executed):
    assert kinds(kept) == kinds(executed)
    assert NOTEBOOK.stat().st_size < 500_000
    for before, after in zip(code_cells(kept), code_cells(executed), strict=True):
        texts = [[o.get("text") or o["data"].get("text/html") for o in outputs(cell)] for cell in (before, after)]
        assert texts[0] == texts[1] or "dataframe" in str(texts[0])
    assert not [word for word in ("/root", "/work", "/home") if word in NOTEBOOK.read_text()]


def test_it_tells_what_it_does_between_cells(kept):
    told = [cell for cell in kept.cells if cell.cell_type == "markdown"]
    assert len(told) >= 6 and all(cell.source.strip() for cell in told)
