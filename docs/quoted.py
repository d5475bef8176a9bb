"""Writes the numbers of a run into the pages: between `<!-- numbers: NAME -->` and `<!-- end -->`, and nowhere else.

`make numbers` takes the tables of the last run, keeps them in docs/numbers/, and writes the pages anew. A test holds
the pages against docs/numbers/.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs/numbers"
FROM_A_RUN = (
    "claims/claims.json",
    "tables/candidates_by_step.csv",
    "tables/candidates.csv",
    "tables/ladder.csv",
    "figures/figB1.txt",
    "figures/figB2.txt",
    "figures/figB3.txt",
)
PAGES = ("docs/choice_or_search.md", "docs/results.md")
BLOCK = re.compile(r"(<!-- numbers: ([\w ]+) -->\n).*?(<!-- end -->)", re.S)
SPOKEN = {  # the columns of tables/candidates.csv
    "commitment_model": "model commits at step",
    "commitment_observer": "ideal denoiser at step",
    "law_step": "law at step",
    "distance": "distance of the answers",
    "same_answer": "ends in the same answer",
    "same_by_chance": "by chance",
    "blend_in_latents": "blended in latents",
    "blend_in_pixels": "blended in pixels",
    "first_share": "share in the first forward",
}
SHOWN = (0, 1, 2, 3, 4, 5, 8, 12, 19)  # steps


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ["---"] * len(header), *rows))


def interval(row) -> str:
    """ "0.97 [0.95, 0.98]" """
    return f"{row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def claims(*names: str) -> str:
    """The verdicts on some claims."""
    rows = []
    for claim in json.loads((KEPT / "claims.json").read_text()):
        if claim["id"] in names:
            null = claim["null"]["estimate"]
            said = f"**{claim['verdict']}**" + (f" ({claim['why']})" if claim["why"] else "")
            cells = [claim["id"], claim["claim"], estimate(claim), "" if null is None else f"{null:.2f}"]
            rows.append([*cells, f"{claim['n']}, {claim['seeds']}", said])
    return markdown(["", "claim", "estimate [95% interval]", "null", "cases, seeds", "verdict"], rows)


def all_claims() -> str:
    """The verdicts on all claims."""
    rows = []
    for claim in json.loads((KEPT / "claims.json").read_text()):
        null, clean = ("" if value is None else f"{value:.2f}" for value in (claim["null"]["estimate"], claim["clean"]))
        cells = [claim["id"], claim["claim"], estimate(claim), null, f"{claim['n']}, {claim['seeds']}", clean]
        rows.append([*cells, f"**{claim['verdict']}**", claim["why"] or ""])
    header = ["", "claim", "estimate [95% interval]", "null", "cases, seeds", "undisturbed score", "verdict", "why"]
    return markdown(header, rows)


def estimate(claim) -> str:
    """The estimate of a claim with its interval."""
    if claim["estimate"] is None:
        return "not measured"
    low, high = claim["interval"]
    return f"{claim['estimate']:.2f}" + ("" if low is None else f" [{low:.2f}, {high:.2f}]")


def changed() -> str:
    """The claims whose rule was changed, with the verdicts before and after."""
    rows = [
        [row["id"], f"{estimate(row['earlier'])}, {row['earlier']['verdict']}", f"{estimate(row)}, {row['verdict']}"]
        for row in json.loads((KEPT / "claims.json").read_text())
        if row["earlier"] is not None
    ]
    return markdown(["", "before", "now"], rows)


def by_step(kind: str, model: str, observer: str) -> str:
    """A pair of measures at SHOWN steps, one row for each puzzle of a kind and each measure."""
    table = pd.read_csv(KEPT / "candidates_by_step.csv")
    table, rows = table[table.kind == kind], []
    for task in dict.fromkeys(table.task):
        for measure, words in ((model, "model"), (observer, "ideal denoiser")):
            of = table[(table.task == task) & (table.measure == measure)].set_index("step")
            name = f"{task.replace('_', ' ')} (n = {of.n.iloc[0]})" if measure == model else ""
            rows.append([name, words, *(f"{of.loc[step, 'mean']:.2f}" for step in SHOWN)])
    return markdown(["puzzle", "", *(f"step {step}" for step in SHOWN)], rows)


def by_puzzle(*measures: str, kind: str = "multi") -> str:
    """Measures of whole runs, one row for each puzzle of a kind."""
    table, rows = pd.read_csv(KEPT / "candidates.csv"), []
    table = table[table.kind == kind]
    for task in dict.fromkeys(table.task):
        of = table[table.task == task].set_index("measure")
        cells = [interval(of.loc[measure]) for measure in measures]
        rows.append([f"{task.replace('_', ' ')} (n = {of.loc[measures[0], 'n']})", *cells])
    return markdown(["puzzle", *(SPOKEN[measure] for measure in measures)], rows)


def ladder(kind: str) -> str:
    """Share of cases that each depth solves by number of steps, a row for each puzzle and depth; kind: of run."""
    table, rows = pd.read_csv(KEPT / "ladder.csv"), []
    steps = sorted(map(int, table.steps.unique()))
    for task in dict.fromkeys(table.task):
        for model in dict.fromkeys(table.model):
            of = table[(table.kind == kind) & (table.task == task) & (table.model == model)]
            cells = of.set_index("steps").loc[steps]
            name = f"{task.replace('_', ' ')} (n = {cells.n.iloc[0]})" if model == table.model.iloc[0] else ""
            shown = [f"{row.solved:.2f} [{row.solved_low:.2f}, {row.solved_high:.2f}]" for row in cells.itertuples()]
            rows.append([name, model.replace("-", " "), *shown])
    return markdown(["puzzle", "model", *(f"{count} step{'s' * (count > 1)}" for count in steps)], rows)


def said(figure: str) -> str:
    """The summary of a figure, as a list."""
    return "".join(f"- {line}\n" for line in (KEPT / f"{figure}.txt").read_text().splitlines())


BLOCKS: dict[str, Callable[[], str]] = {
    "claims": all_claims,
    "ours": lambda: claims("E1", "E2", "E3", "E4", "E5"),
    "latents": lambda: claims("C4", "C4L", "C5", "C5L", "C7", "C7L", "C14", "C14L"),
    "changed": changed,
    "several": lambda: by_step("multi", "answer_model", "answer_observer"),
    "one": lambda: by_step("unique", "right_model", "right_observer"),
    "commitment": lambda: by_puzzle("commitment_model", "commitment_observer", "law_step", "distance"),
    "same": lambda: by_puzzle("same_answer", "same_by_chance"),
    "blends": lambda: by_puzzle("blend_in_latents", "blend_in_pixels"),
    "first": lambda: by_puzzle("first_share", kind="unique"),
    "figB2": lambda: said("figB2"),
    "figB3": lambda: said("figB3"),
    "ladder": lambda: ladder("plain"),
    "ladder anew": lambda: ladder("renoised"),
}


def written(text: str) -> str:
    """A page with its blocks made anew. KeyError for a block that is none of BLOCKS."""
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found[2]]() + found[3], text)


def main() -> None:
    KEPT.mkdir(exist_ok=True)
    for path in FROM_A_RUN:
        shutil.copy(path, KEPT / Path(path).name)
    for page in PAGES:
        path = ROOT / page
        path.write_text(written(path.read_text()))


if __name__ == "__main__":
    main()
