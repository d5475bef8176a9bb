"""The paper's tables: its published rows, marked as quoted, beside what was measured here; as CSV, Markdown and LaTeX.

Table 1 is by category, tables A2 and A3 are by frame count and by number of steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..bench.categories import category_of, split_of
from ..bench.scorer_check import failing
from ..files import atomic_write
from ..names import SPLITS
from ..probes.ensemble.table import CEILING, FLOORS, SINGLE, references
from ..probes.frames.table import MEAN
from ..probes.frames.table import by_setting as means_by_setting
from ..statistics import SHARE, bootstrap_group_means

CATEGORIES = ("Abstraction", "Knowledge", "Perception", "Spatiality", "Transformation")
# tasks of each category in VBVR-Bench's halves, 50 each: by these its own averages come out of its categories
WEIGHTS = dict(zip(SPLITS, ((15, 9, 11, 8, 7), (8, 5, 19, 5, 13)), strict=True))
GROUPS = ("overall", "id", *(f"id_{name.lower()}" for name in CATEGORIES))
GROUPS += ("ood", *(f"ood_{name.lower()}" for name in CATEGORIES))  # the columns of the published table
HEADS = [("", "Overall"), *(("In domain", name) for name in ("Average", *CATEGORIES))]
HEADS += [("Out of domain", name) for name in ("Average", *CATEGORIES)]
NONE = "–"  # no task, or not published
QUOTED, MEASURED = "quoted, second-hand", "measured"
MEASURED_HERE, QUOTED_THERE = "Measured here", "Quoted, second-hand: not measured here"
LABELS = {"static": "first frame repeated (floor)", "ground_truth": "ground truth through the VAE"}
SCORED = ["task", "case", "score"]
MANY = 6  # columns that need the width of a page
COUNTS = ("tasks", "n", "seeds")


@dataclass(frozen=True)
class Labelled:
    """A measured row of table 1: label, and a row per run with columns task, case and score (seed, if several).

    check: the scorer check of its tasks.
    """

    label: str
    runs: pd.DataFrame
    check: str | None


def from_skill(model: str, rows: pd.DataFrame) -> list[Labelled]:
    """The measured rows that the skill of a model gives; rows: of skill_table.COLUMNS."""
    labels = {"static": LABELS["static"], "score": model, "ground_truth": LABELS["ground_truth"]}
    check = failing(rows.rename(columns={"puzzle": "task"}))
    return [
        Labelled(label, rows[["case"]].assign(task=rows.puzzle, score=rows[column].astype(float)), check)
        for column, label in labels.items()
    ]


def from_ensemble(model: str, rows: pd.DataFrame, window: str, mode: str) -> list[Labelled]:
    """The rows of an ensemble and of the untouched run that it carries; rows: of ensemble_table.COLUMNS.

    window: as it was configured. No rows if there is no such ensemble.
    """
    seed, merged = _carried(rows), _merged(model, rows, window, mode)
    label = f"{model}, seed {seed:.0f} of the ensemble's cases"
    return [_single(label, rows), *merged] if merged else []


def from_bench(model: str, rows: pd.DataFrame, window: str, mode: str) -> list[Labelled]:
    """The measured rows of cases of VBVR-Bench: the floor, the model, its ensemble and the ceiling, of the same cases;
    rows: of ensemble_table.COLUMNS."""
    floor, ceiling = (
        Labelled(label, rows.loc[rows.variant == variant, SCORED], failing(references(rows)))
        for variant, label in ((FLOORS[0], LABELS["static"]), (CEILING, LABELS["ground_truth"]))
    )
    return [floor, _single(model, rows), *_merged(model, rows, window, mode), ceiling]


def _carried(rows: pd.DataFrame) -> int:
    """The seed whose untouched run an ensemble carries."""
    return int(rows[rows.variant == SINGLE].seed.iloc[0])


def _single(label: str, rows: pd.DataFrame) -> Labelled:
    carried = rows.loc[(rows.variant == SINGLE) & (rows.seed == _carried(rows)), SCORED]
    return Labelled(label, carried, failing(references(rows)))


def _merged(model: str, rows: pd.DataFrame, window: str, mode: str) -> list[Labelled]:
    merged = rows[(rows.variant == "ensemble") & (rows.window == window) & (rows["mode"] == mode)]
    label = f"{model} + ensemble ({window}, {mode})"
    return [] if merged.empty else [Labelled(label, merged[SCORED], failing(references(rows)))]


def measured_row(row: Labelled, statistics: Mapping[str, Any]) -> dict[str, Any]:
    """model, source, tasks, n (cases), seeds, for each of GROUPS mean score with _low and _high, scorer_check.

    What has no task is None, and so is a mean over categories of which one has none.
    """
    seeds = row.runs.seed.nunique() if "seed" in row.runs else 1
    per_case = row.runs.groupby(["task", "case"]).score.mean()
    of_task = {task: scores.to_numpy() for task, scores in per_case.groupby("task")}
    row_of = {"model": row.label, "source": MEASURED, "tasks": len(of_task), "n": len(per_case), "seeds": seeds}
    categories = {
        (split, category): [task for task in of_task if (split_of(task), category_of(task)) == (split, category)]
        for split in SPLITS
        for category in CATEGORIES
    }
    asked = {"overall": list(categories)}
    for prefix, split in zip(("id", "ood"), SPLITS, strict=True):
        asked[prefix] = [(split, category) for category in CATEGORIES]
        asked |= {f"{prefix}_{category.lower()}": [(split, category)] for category in CATEGORIES}
    for group in GROUPS:
        found = (None, None, None)
        if all(categories[key] for key in asked[group]):
            weights = {
                task: WEIGHTS[split][CATEGORIES.index(category)] / len(categories[split, category])
                for split, category in asked[group]
                for task in categories[split, category]
            }
            scores = [of_task[task] for task in weights]
            found = bootstrap_group_means(scores, list(weights.values()), **statistics, bounds=SHARE)
        row_of |= dict(zip((group, f"{group}_low", f"{group}_high"), found, strict=True))
    return {**row_of, "scorer_check": row.check}


def table1(published: pd.DataFrame, measured: Sequence[Labelled], statistics: Mapping[str, Any]) -> pd.DataFrame:
    """The published rows, and below them the measured ones in their order; such as one more with an ensemble."""
    quoted = published.drop(columns="group").assign(source=QUOTED)
    ours = pd.DataFrame([measured_row(row, statistics) for row in measured])
    return _together(quoted, ours, [*ours.columns, "provenance"]).round(4)


def _together(quoted: pd.DataFrame, ours: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Quoted rows, which count nothing, above measured ones, whose counts stay whole numbers."""
    counted = [name for name in COUNTS if name in columns]
    return pd.concat([quoted, ours]).reindex(columns=columns).astype(dict.fromkeys(counted, "Int64"))


def shown1(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as it is printed: three places, and below each measured row its intervals."""
    rows = []
    for row in table.to_dict("records"):
        quoted = row["source"] == QUOTED
        of_row = [NONE if quoted else f"{row['n']:.0f} / {row['seeds']:.0f}"]
        rows.append([row["model"], row["source"], *of_row, *(number(row[group]) for group in GROUPS)])
        if not quoted:
            intervals = (interval(row[f"{group}_low"], row[f"{group}_high"]) for group in GROUPS)
            rows.append(["", "interval", "", *intervals])
    heads = [("", "Model"), ("", "Source"), ("", "n / seeds"), *HEADS]
    return pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(heads))


def shown_a1(table: pd.DataFrame) -> pd.DataFrame:
    """Table A1 as it is printed; table: of ensemble_table.table_a1."""
    return pd.DataFrame(
        [
            {
                "Window": row["window"],
                "Layers": NONE if pd.isna(row["layers"]) else row["layers"],
                "Mode": NONE if pd.isna(row["mode"]) else row["mode"],
                "Score": with_interval({**row, "score_low": row["low"], "score_high": row["high"]}, "score"),
                "Difference": with_interval(row, "difference"),
                "First frame repeated": number(row["floor"]),
            }
            for row in table.to_dict("records")
        ]
    )


def blocks(shown: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A table as it is printed in two, measured rows and quoted ones, each without the columns that it leaves empty."""
    source = next(column for column in shown if heading(column) == "Source")
    quoted = shown[source] == QUOTED
    parts = {MEASURED_HERE: shown[~quoted], QUOTED_THERE: shown[quoted]}
    parts = {words: rows.drop(columns=[source]) for words, rows in parts.items() if len(rows)}
    return {words: rows.loc[:, ~rows.isin([NONE]).all()] for words, rows in parts.items()}


def blocks_a1(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Table A1 in two: what was measured, and what is published of the windows."""
    quoted = table.dropna(subset=["published"]).drop_duplicates("window")
    published = pd.DataFrame({"Window": quoted["window"], "Score": quoted.published.map(number)})
    return {MEASURED_HERE: shown_a1(table)} | ({QUOTED_THERE: published} if len(published) else {})


def distilled_points(runs: pd.DataFrame, distilled: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of frames.by_setting of a distilled model in its own number of steps.

    runs: rows of single runs of the configured model, with a column own. distilled: of the distilled one, over the same
    cases. The difference is to the configured model in its own number of steps.
    """
    both = pd.concat([runs[runs.own], distilled.assign(own=False)])
    points = means_by_setting(both, "steps", statistics)
    return points[~points.own].assign(model=distilled.model.iloc[0])


def by_setting(published: pd.DataFrame, points: pd.DataFrame, setting: str, model: str) -> pd.DataFrame:
    """Table A2 (setting: frames) or A3 (steps): quoted rows, then the mean over tasks, or the one task there is.

    points: of frames.by_setting; a column model names another one that a row is of. Columns: model, source, the
    setting, own, tasks, n, seeds, score and its difference to the own value with intervals, the means of the
    references, the scorer check, provenance.
    """
    overall = points[points.task == MEAN] if MEAN in set(points.task) else points
    ours = overall.drop(columns=[name for name in points if name.startswith(("success", "task")) and name != "tasks"])
    named = ours.model.fillna(model) if "model" in ours else model
    ours = ours.assign(model=named, source=MEASURED).sort_values(setting, ascending=False)
    quoted = published.assign(source=QUOTED)
    columns = ["model", "source", *ours.columns.drop(["model", "source"]), "provenance"]
    return _together(quoted, ours, columns)


def shown_setting(table: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Table A2 or A3 as it is printed."""
    return pd.DataFrame(
        [
            {
                "Model": row["model"],
                "Source": row["source"],
                setting.capitalize(): f"{row[setting]}{' (own)' if row['own'] is True else ''}",
                "n / seeds": NONE if row["source"] == QUOTED else f"{row['n']:.0f} / {row['seeds']:.0f}",
                "Score": with_interval(row, "score"),
                "Difference to own": with_interval(row, "score_difference"),
                "First frame repeated": number(row.get("floor_static")),
                "Decoded noise": number(row.get("floor_noise")),
                "Ground truth": number(row.get("ground_truth")),
            }
            for row in table.to_dict("records")
        ]
    )


def number(value: float | None) -> str:
    """Three places; a dash for what there is not, which is no 0."""
    return NONE if pd.isna(value) else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    return NONE if pd.isna(low) or pd.isna(high) else f"[{low:.3f}, {high:.3f}]"


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """A value and, if it has one, its interval."""
    bounds = interval(row.get(f"{name}_low"), row.get(f"{name}_high"))
    return number(row.get(name)) + ("" if bounds == NONE else f" {bounds}")


def write(
    output: Mapping[str, str],
    table: pd.DataFrame,
    shown: Mapping[str, pd.DataFrame],
    caption: str,
    notes: Sequence[str],
) -> None:
    """The table as CSV; its blocks, by their headings, as Markdown and LaTeX (booktabs); its caption with the notes."""
    atomic_write(output["csv"], table.to_csv(index=False).encode())
    bodies = [part for words, rows in shown.items() for part in (f"**{words}**", markdown(rows))]
    atomic_write(output["md"], "\n\n".join([caption.strip(), *bodies, *notes, ""]).encode())
    parts = ["\\begin{table*}", "\\centering", f"\\caption{{{escaped(' '.join(caption.split()))}}}"]
    for words, rows in shown.items():
        parts += [f"\\par\\medskip\\textbf{{{escaped(words)}}}\\par\\smallskip", latex(rows)]
    parts += [f"\\par\\smallskip\\footnotesize {escaped(note)}" for note in notes]
    atomic_write(output["tex"], "\n".join([*parts, "\\end{table*}", ""]).encode())
    atomic_write(output["caption"], "\n\n".join([caption.strip(), " ".join(notes), ""]).encode())


def markdown(rows: pd.DataFrame) -> str:
    """A block in Markdown, with headings of two levels in one."""
    flat = rows.set_axis([" ".join(filter(None, c)) if isinstance(c, tuple) else c for c in rows], axis=1)
    return flat.to_markdown(index=False, disable_numparse=True)


def latex(rows: pd.DataFrame) -> str:
    """A block in LaTeX, made to fit the width of the text where it has many columns."""
    left = "l" * sum(heading(c) in ("Model", "Window") for c in rows)
    tabular = rows.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    columns = left + "r" * (rows.shape[1] - len(left))
    body = tabular.to_latex(hrules=True, column_format=columns, multicol_align="c")
    return body.strip() if rows.shape[1] < MANY else f"\\resizebox{{\\textwidth}}{{!}}{{%\n{body.strip()}}}"


def heading(column: str | tuple[str, str]) -> str:
    return column[-1] if isinstance(column, tuple) else column


def escaped(words: str) -> str:
    """For LaTeX."""
    return words.replace("\\", r"\textbackslash{}").translate({ord(sign): f"\\{sign}" for sign in "&%$#_{}"})
