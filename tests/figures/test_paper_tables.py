from pathlib import Path

import pandas as pd
import pytest

from chainofsteps.figures import paper_captions, paper_notes, paper_tables
from chainofsteps.names import BENCHMARK, IN_DOMAIN
from chainofsteps.probes.frames.table import MEAN
from chainofsteps.probes.frames.table import by_setting as means_by_setting

PUBLISHED = Path(__file__).parents[2] / "workflow" / "published"
STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}


@pytest.fixture
def published():
    return pd.read_csv(PUBLISHED / "table1.csv")


def skill(score=1.0, puzzles=BENCHMARK, cases=4):
    rows = [(name, case, score, score == 1.0, 0.1, 1.0) for name in puzzles for case in range(cases)]
    return pd.DataFrame(rows, columns=["puzzle", "case", "score", "success", "static", "ground_truth"])


def of_tasks(*given):
    """The same as rows of a measured row."""
    return skill(*given).rename(columns={"puzzle": "task"})


def test_weights_make_the_published_averages_of_the_published_categories(published):
    whole = published.dropna(subset=["id_abstraction"])
    assert len(whole) == 10
    for prefix, weights in zip(("id", "ood"), paper_tables.WEIGHTS.values(), strict=True):
        assert sum(weights) == 50
        columns = [f"{prefix}_{category.lower()}" for category in paper_tables.CATEGORIES]
        assert (whole[columns] @ weights / 50).tolist() == pytest.approx(whole[prefix].tolist(), abs=1.1e-3)


def test_the_remark_on_the_ensemble_is_right(published):
    row = published.set_index("model").loc["VBVR-Wan2.2 + ensemble"]
    assert (row.id, row.ood, row.overall) == (0.78, 0.65, 0.716) and round((row.id + row.ood) / 2, 3) != row.overall


def test_categories_are_weighted_as_in_the_benchmark_and_tasks_alike_within_one():
    runs = of_tasks().assign(score=lambda table: (table.task == "next_size").astype(float))
    runs.loc[runs.task == "tic_tac_toe", "score"] = 1.0
    row = paper_tables.measured_row(paper_tables.Labelled("m", runs, None), STATISTICS)
    assert row["id_abstraction"] == 1 and row["ood_abstraction"] == 0
    assert row["id_knowledge"] == pytest.approx(1 / 3), "one of three puzzles"
    assert row["id"] == pytest.approx((15 * 1 + 9 / 3) / 50) and row["overall"] == pytest.approx(row["id"] / 2)
    assert (row["tasks"], row["n"], row["seeds"]) == (21, 84, 1)


def test_seeds_are_averaged_within_a_case():
    runs = pd.concat([of_tasks(1.0).assign(seed=1), of_tasks(0.5).assign(seed=2)])
    row = paper_tables.measured_row(paper_tables.Labelled("m", runs, None), STATISTICS)
    assert (row["n"], row["seeds"]) == (84, 2)
    assert row["overall"] == pytest.approx(0.75)
    assert 0.5 < row["overall_low"] < 0.7 and 0.75 < row["overall_high"] < 0.85  # four cases of a puzzle that agree


def test_a_category_without_a_task_is_a_dash_and_so_are_its_averages(published, tmp_path):
    only = [name for name in IN_DOMAIN if name != "next_size"]
    rows = [paper_tables.Labelled("with ensemble", of_tasks(0.0, only)[["task", "case", "score"]], "passed")]
    table = paper_tables.table1(published, rows, STATISTICS)
    last = paper_tables.shown1(table).iloc[-2]
    assert last["In domain"].tolist() == ["–", "–", "0.000", "0.000", "0.000", "0.000"]
    assert set(last["Out of domain"]) == {"–"} and last["", "Overall"] == "–"


def test_every_published_row_is_marked_and_every_measured_one_has_n_and_intervals(published):
    table = paper_tables.table1(published, paper_tables.from_skill("tiny", skill(0.5)), STATISTICS)
    quoted, measured = table[: len(published)], table[len(published) :]
    assert set(quoted.source) == {"quoted, second-hand"} and quoted.n.isna().all() and quoted.provenance.notna().all()
    assert measured.model.tolist() == ["first frame repeated (floor)", "tiny", "ground truth through the VAE"]
    assert measured.overall.tolist() == [0.1, 0.5, 1.0] and set(measured.n) == {84}
    assert ",21,84,1," in table.to_csv(index=False).splitlines()[-1]  # whole numbers, though quoted rows have none
    shown = paper_tables.shown1(table)
    assert shown.shape == (len(published) + 2 * 3, 3 + 13)
    assert shown.iloc[-1]["", "Overall"] == "[0.813, 1.000]" and shown.iloc[-2]["", "n / seeds"] == "84 / 1"


def points():
    rows = [
        {"task": task, "frames": count, "own": count == 17, "tasks": 1 + (task == MEAN), "n": 8, "seeds": 1}
        | {"score": 0.5, "score_low": 0.4, "score_high": 0.6, "score_difference": 0.0, "success": 0.0}
        | {"score_difference_low": -0.1, "score_difference_high": 0.1, "floor_static": 0.02}
        for task in ("shelf", "bounce", MEAN)
        for count in (5, 17)
    ]
    return pd.DataFrame(rows)


def test_settings_are_the_mean_over_tasks_beside_what_is_quoted():
    quoted = pd.read_csv(PUBLISHED / "tableA2.csv", dtype={"frames": str})
    table = paper_tables.by_setting(quoted, points(), "frames", "tiny")
    assert table.source.tolist() == ["quoted, second-hand"] * 4 + ["measured"] * 2
    shown = paper_tables.shown_setting(table, "frames")
    assert shown.Frames.tolist() == ["own", "17", "9", "5", "17 (own)", "5"]
    assert shown.Score.tolist()[1:5] == ["0.663", "0.632", "0.619", "0.500 [0.400, 0.600]"]
    assert shown["Decoded noise"].tolist() == ["–"] * 6 and shown["First frame repeated"].tolist()[-1] == "0.020"


def test_files_hold_the_rows_the_notes_and_booktabs(published, tmp_path):
    output = {kind: str(tmp_path / f"t.{kind}") for kind in ("csv", "md", "tex", "caption")}
    table = paper_tables.table1(published, paper_tables.from_skill("my_model", skill(0.5)), STATISTICS)
    caption, notes = (
        paper_captions.table1(table, "my_model", 0.95),
        paper_notes.notes("table1", 84, {}, table.scorer_check),
    )
    paper_tables.write(output, table, paper_tables.blocks(paper_tables.shown1(table)), caption, notes)
    read = {kind: Path(path).read_text() for kind, path in output.items()}
    assert len(pd.read_csv(output["csv"])) == len(published) + 3
    for kind in ("md", "tex", "caption"):
        assert "cannot be compared" in read[kind] and "0.671 and 0.666" in read[kind], kind
        assert "first frame repeated at most 0.3): all tasks pass." in read[kind], kind
    lines = [line for line in read["md"].splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * 3 + 2 + len(published) and "In domain Knowledge" in lines[0]
    measured, quoted = read["md"].split("**Quoted, second-hand")
    assert "my_model" in measured and "Sora 2" not in measured.partition("**Measured here**")[2]
    assert "Sora 2" in quoted and "| my_model" not in quoted and "first frame repeated (floor)" not in quoted
    assert (
        read["tex"].count(r"\begin{tabular}") == 2
        and "\n\n" not in read["tex"].partition("caption{")[2].partition("}")[0]
    )
    assert read["caption"].startswith("Table 1. Model my_model. Overall score: first frame repeated (floor) 0.100")
    assert (
        all(rule in read["tex"] for rule in (r"\toprule", r"\midrule", r"\bottomrule")) and r"my\_model" in read["tex"]
    )
    assert read["tex"].count(r"\\") >= len(published) + 6 and "84 cases of 21 tasks" in read["caption"]
    assert "95\\% bootstrap" in read["tex"]


def ensembles():
    """Single runs of two seeds, the first of them carried, and an ensemble, of two cases of every puzzle."""
    rows = []
    for task in BENCHMARK:
        for case in ("00000", "00001"):
            blank = {"task": task, "case": case, "window": None, "mode": None}
            rows += [{**blank, "variant": "single", "seed": s, "score": score} for s, score in ((3, 0.5), (1, 0.25))]
            rows.append({**blank, "variant": "ensemble", "window": "20-29", "mode": "mean", "score": 0.75})
    return pd.DataFrame(rows)


def test_an_ensemble_stands_beside_the_run_that_it_carries(published):
    rows = paper_tables.from_ensemble("m", ensembles(), "20-29", "mean")
    table = paper_tables.table1(published, rows, STATISTICS).iloc[-2:]
    assert table.overall.tolist() == [0.5, 0.75] and table.seeds.tolist() == [1, 1] and table.n.tolist() == [42, 42]
    assert table.model.tolist() == ["m, seed 3 of the ensemble's cases", "m + ensemble (20-29, mean)"]
    assert paper_tables.from_ensemble("m", ensembles(), "0-9", "mean") == []


def test_cases_of_the_benchmark_have_floor_model_ensemble_and_ceiling(published):
    """Two tasks of VBVR-Bench, whose halves and categories are its own."""
    tasks = ("O-39_maze_data-generator", "G-31_directed_graph_navigation_data-generator")
    rows = [
        {
            "task": task,
            "case": "00000",
            "variant": variant,
            "window": window,
            "mode": mode,
            "seed": seed,
            "score": score,
        }
        for task in tasks
        for variant, window, mode, seed, score in (
            ("single", None, None, 1, 0.5),
            ("ensemble", "20-29", "mean", None, 0.75),
            ("floor_static", None, None, None, 0.25),
            ("ground_truth", None, None, None, 0.9),
        )
    ]
    measured = paper_tables.from_bench("m", pd.DataFrame(rows), "20-29", "mean")
    table = paper_tables.table1(published, measured, STATISTICS).iloc[-4:].set_index("model")
    assert table.index.tolist() == [
        "first frame repeated (floor)",
        "m",
        "m + ensemble (20-29, mean)",
        "ground truth through the VAE",
    ]
    assert table.ood_spatiality.tolist() == table.id_spatiality.tolist() == [0.25, 0.5, 0.75, 0.9]
    assert table.overall.isna().all() and set(table.tasks) == {2}
    assert set(table.scorer_check) == {"passed"}  # 0.9 and 0.25
    assert [row.label for row in paper_tables.from_bench("m", pd.DataFrame(rows), "0-9", "mean")][1] == "m"
    worse = pd.DataFrame(rows).assign(case="00001")
    worse.loc[(worse.task == tasks[1]) & (worse.variant == "ground_truth"), "score"] = 0.8
    measured = paper_tables.from_bench("m", pd.concat([pd.DataFrame(rows), worse]), "20-29", "mean")
    table = paper_tables.table1(published, measured, STATISTICS)
    failed = f"{tasks[1]} (true clip 0.85)"
    assert set(table.scorer_check[-4:]) == {failed} and table.scorer_check[:-4].isna().all()
    assert paper_notes.notes("table1", 4, {}, table.scorer_check)[-1].startswith(
        "Scorer check (true clip through the VAE at least 0.9, "
    )
    assert f"1 task fails, {failed}." in paper_notes.notes("table1", 4, {}, table.scorer_check)[-1]


def test_rows_of_the_other_benchmark_are_not_compared_with_quoted_ones():
    scorer = {"repo": "Video-Reason/VBVR-Pro-Bench", "commit": "abcdefabc", "mode": "task_specific"}
    for table in ("table1", "tableA1", "tableA2", "tableA3"):
        notes = " ".join(paper_notes.notes(table, 500, scorer, ["passed"]))
        assert "500 of the 500 cases of VBVR-Pro-Bench, by VBVR-Pro-Bench's scorer at commit abcdefa" in notes
        assert "cannot be compared" in notes and "two can be compared" not in notes


@pytest.mark.parametrize(
    ("cases", "scorer", "words"),
    [
        (84, {}, "this project's own puzzles, by their own rules: in value the two cannot be compared"),
        (10, {"mode": "task_specific"}, "10 of the 500 cases of VBVR-Bench, by EvalKit at commit abcdefa"),
        (500, {"mode": "weighted"}, "the quoted rows are task_specific, so in value the two cannot be compared"),
        (500, {"mode": "task_specific"}, "all 500 cases of VBVR-Bench, by EvalKit at commit abcdefa (task_specific)"),
    ],
)
def test_notes_say_whether_measured_rows_can_be_compared(cases, scorer, words):
    scorer = scorer and {"commit": "abcdefabc", **scorer}
    for table in ("table1", "tableA1", "tableA2", "tableA3"):
        notes = " ".join(paper_notes.notes(table, cases, scorer, ["passed"]))
        assert words in notes and "{" not in notes
        comparable = cases == 500 and scorer["mode"] == "task_specific"
        assert ("two can be compared" in notes) == comparable != ("cannot be compared" in notes)


def few_steps(model, steps, score):
    cases = [("shelf", f"{case:05d}") for case in range(4)] + [("bounce", f"{case:05d}") for case in range(8)]
    rows = [{"task": task, "case": case, "seed": 1, "steps": steps, "score": score} for task, case in cases]
    return pd.DataFrame(rows).assign(model=model, exact=False)


def test_a_distilled_model_stands_beside_few_steps_of_the_same_with_its_paired_difference():
    runs = pd.concat([few_steps("tiny", 50, 0.75), few_steps("tiny", 4, 0.25)]).assign(own=lambda of: of.steps == 50)
    more = paper_tables.distilled_points(runs, few_steps("fast", 4, 0.5), STATISTICS)
    measured = pd.concat([means_by_setting(runs, "steps", STATISTICS), more])
    quoted = pd.read_csv(PUBLISHED / "tableA3.csv", dtype={"steps": str})
    table = paper_tables.by_setting(quoted, measured, "steps", "tiny")
    ours = table[table.source == "measured"].sort_values(["steps", "model"])
    assert ours[["model", "steps", "score"]].values.tolist() == [
        ["fast", 4, 0.5],
        ["tiny", 4, 0.25],
        ["tiny", 50, 0.75],
    ]
    assert ours.score_difference.tolist() == [-0.25, -0.5, 0.0] and set(ours.n) == {12}
    assert table.n.dtype == table.seeds.dtype == "Int64"  # no 12.0 in the file, though quoted rows have no number
    shown = paper_tables.shown_setting(table, "steps")
    assert shown[shown.Source == "measured"].Steps.tolist() == ["50 (own)", "4", "4"]
    told = {name: " ".join(paper_notes.notes("tableA3", 12, {}, ["passed"], "tiny", name)) for name in (None, "fast")}
    assert "none of it distilled" in told[None] and "none of it distilled" not in told["fast"]
    assert "Measured rows of fast are of a distilled model in its own number of steps" in told["fast"]
    assert "{" not in told["fast"] + told[None]


def test_table_a1_quotes_beside_what_is_measured():
    blank = {"model": "m", "window_of_layers": 40, "n": 42, "seeds": "1", "seeds_merged": "1 2", "floor": 0.1}
    interval = {"low": 0.4, "high": 0.6}
    rows = [
        {**blank, "window": "none", "score": 0.5, **interval, "published": 0.685},
        {**blank, "window": "5-7", "layers": "1-1", "mode": "mean", "score": 0.5, **interval, "difference": 0.0}
        | {"difference_low": -0.1, "difference_high": 0.1},
    ]
    shown = paper_tables.shown_a1(pd.DataFrame(rows))
    assert not any("quoted" in column.lower() for column in shown)
    measured, quoted = paper_tables.blocks_a1(pd.DataFrame(rows)).values()
    assert len(measured) == 2 and quoted.values.tolist() == [["none", "0.685"]]
    assert shown.Difference.tolist() == ["–", "0.000 [-0.100, 0.100]"]
    assert shown.Score.tolist() == ["0.500 [0.400, 0.600]"] * 2
    assert "42 cases, seeds 1, 2" in paper_captions.table_a1(pd.DataFrame(rows), 0.95)
