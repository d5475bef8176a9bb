"""A run's end: all that it has made, in its order, and nothing that was there before."""

import json
import os

from chainofsteps.plan.made import made_since


def test_what_a_run_has_made_is_named_in_order(tmp_path):
    def made(name, text="", seconds=2000):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (seconds, seconds))

    for figure in ("figA10", "fig2", "figA9"):
        made(f"figures/{figure}.txt", f"what {figure} shows\nmore")
        made(f"figures/{figure}.pdf")
        made(f"figures/{figure}_points.csv")
    made("figures/fig3.txt", "old", 500)
    made("tables/skill.csv")
    made("tables/decided.csv", seconds=500)
    made("results/m/tables/fig3_cka.csv")
    rows = [("C1", "holds"), ("C2", "does not hold"), ("C10", "does not hold"), ("E1", "not decided by these data")]
    made("claims/claims.json", json.dumps([{"id": name, "verdict": said} for name, said in rows]))
    made("claims/claims.md")
    made("report.zip")
    names = ("fig2", "figA9", "figA10")
    files = {name: f"figures/{name}.pdf, figures/{name}.txt, figures/{name}_points.csv" for name in names}
    assert made_since(1000, tmp_path) == [
        *(line for name, listed in files.items() for line in (listed, f"  what {name} shows")),
        "tables: results/m/tables/fig3_cka.csv, tables/skill.csv",
        "claims: claims/claims.json, claims/claims.md: of the paper 1 hold, 2 do not hold; "
        "of our own 1 are not decided",
        "report: report.zip",
    ]
    assert made_since(3000, tmp_path) == []
