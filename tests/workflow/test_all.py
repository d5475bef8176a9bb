"""`snakemake all` for two experts with random weights: every figure, table, claim and the report, each made once."""

import json
import zipfile

import pytest

from chainofsteps.files import read_json
from tests.workflow.everything import CASES, COUNTS, MAZES, OTHERS, STEPS, WEIGHED
from tests.workflow.running import snakemake, verdict

FIGURES = [*range(1, 9), "A9", "A10", "A11", "A12", "A13", "B1", "B2", "B3"]
pytestmark = pytest.mark.xdist_group("all")


def test_every_figure_and_table_is_there(finished):
    for figure in FIGURES:
        assert (finished / f"figures/fig{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (finished / f"figures/fig{figure}.png").stat().st_size > 10_000
        assert (finished / f"figures/fig{figure}_caption.rst").read_text().strip()
    for table in ("table1", "tableA1", "tableA2", "tableA3"):
        for ending in ("csv", "md", "tex"):
            assert (finished / f"tables/{table}.{ending}").read_text().strip()


def test_claims_are_all_judged(finished):
    rows = json.loads((finished / "claims/claims.json").read_text())
    latents, ours = ["C4L", "C5L", "C7L", "C14L"], ["E1", "E2", "E3", "E4", "E5"]
    assert [row["id"] for row in rows] == [*(f"C{number}" for number in range(1, 15)), *latents, *ours]
    (noise,) = (row for row in rows if row["id"] == "E5")  # random weights end in no listed answer: the others say so
    assert noise["n"] == 2 * WEIGHED and noise["estimate"] is not None
    assert {row["why"] for row in rows if row["id"] in ("C4L", "C14L", "E1", "E3")} == {"not measured"}
    assert {row["model"] for row in rows} == {"two"}
    page = (finished / "claims/claims.md").read_text()
    assert all(f"**{row['verdict']}**" in page for row in rows)


def test_the_report_opens_offline_and_holds_every_figure(finished):
    with zipfile.ZipFile(finished / "report.zip") as archive:
        names = archive.namelist()
        page = next(name for name in names if name.endswith("report.html"))
        html = archive.read(page).decode()
    for figure in FIGURES:
        assert f"fig{figure}.pdf" in html or any(name.endswith(f"fig{figure}.pdf") for name in names)
    assert "claims.md" in html and "fig1.mp4" in html
    assert not [word for word in ('src="http', 'href="http') if word in html.partition("<body")[0]]


def test_no_forward_is_run_that_another_figure_has(finished, planned):
    """Counted by the rules as they ran: the trajectories once for all, and each probe what its plan says."""
    ran = {}
    for path in finished.glob("results/two/*/*/*.json"):
        manifest = read_json(path)
        ran[manifest["noun"]] = ran.get(manifest["noun"], 0) + manifest.get("forwards", 0)
    runs = {
        rule: sum(cost.forwards.planned for cost in costs) for rule, costs in planned.items() if costs[0].runs_network
    }
    del runs["skill"]  # by the stock pipeline, whose tables are not shared
    assert runs["few_steps"] == len(MAZES) * CASES * 2  # two steps; those of four are the trajectory's
    assert runs["frames"] == CASES * (len(COUNTS) - 1) * STEPS  # those of seventeen frames are the trajectory's
    cases = len(MAZES) * WEIGHED + len(OTHERS) * CASES
    assert runs["trajectory"] == cases * 3 * STEPS  # seeds 1 and 2, and the ensemble's 3
    assert runs["calibration"] == CASES * 2 * 2  # of the loop mazes of every probe: two answers, two steps
    assert runs["activations"] == 2 * CASES * 2
    assert {rule: count for rule, count in ran.items() if count} == pytest.approx(runs)


def test_nothing_is_left_to_do_and_all_of_it_verifies(finished):
    assert "Nothing to be done" in snakemake(finished, "-n", "--", "all").stdout
    run = snakemake(finished, "--", "verify")
    assert run.returncode == 0, run.stdout
    assert verdict(run.stdout)[:2] == ([], [])
