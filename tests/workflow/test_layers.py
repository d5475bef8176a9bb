"""Token activations and swapped layers of the run of everything: rules, tables, Figures 6 and A13."""

import pandas as pd
import pytest

from chainofsteps.files import read_json
from chainofsteps.probes.linear_readout.table import COLUMNS
from chainofsteps.store.reader import read_shard
from tests.workflow.everything import CASES, LAYERS, STEPS, WEIGHED
from tests.workflow.running import snakemake

pytestmark = pytest.mark.xdist_group("all")


def test_activations_are_kept_by_layer_and_told_by_part(finished):
    kept, _ = read_shard(finished / "results/two/activations/find_then_move/00.json").load("00001-seed1")
    assert set(kept) == {"grid", "step000-cond", "step003-cond"}
    assert kept["step000-cond"].shape == (LAYERS, 80) and kept["grid"].tolist() == [5, 4, 4]
    table = pd.read_csv(finished / "tables/activations.csv")
    assert len(table) == 2 * 2 * LAYERS * 2 and set(table.n) == {CASES}
    blank = table[(table.task == "object_sets") & (table.part == "given")]
    assert (blank.auc_n == 0).all() and blank.auc.isna().all() and blank.hoyer.between(0, 1).all()
    told = table[table.part == "generated"]
    assert told.auc.between(0, 1).all() and (told.auc - told.null - told.gain).abs().max() < 1e-3


def test_swaps_are_read_for_both_answers(finished):
    table = pd.read_csv(finished / "tables/swap.csv", dtype={"steps": str})
    counts = table.groupby("run").size().to_dict()
    of_modes = LAYERS * (2 + 2 + 1)  # residual with both readouts, tokens of two parts, full
    assert counts == {"swap": of_modes * 2, "target": 4, "source": 4, "same_text": LAYERS}
    assert set(table[table.readout == "final"]["mode"].dropna()) == {"residual"}
    rates = table[table.run != "same_text"]
    assert ((rates.flip + rates.kept + rates.other - 1).abs() < 1e-3).all() and set(rates.n) == {CASES}
    same = table[table.run == "same_text"]
    assert (same.distance == 0).all() and (same["mode"] == "full").all()
    matrix = pd.read_csv(finished / "tables/swap_matrix.csv")
    assert len(matrix) == LAYERS * STEPS * 2 and set(matrix.n) == {2} and set(matrix["mode"]) == {"residual"}


def test_each_pair_is_a_case_and_the_next(finished):
    rows = pd.read_csv(finished / "results/two/swap_score/object_sets/00.csv", dtype={"case": str, "source": str})
    pairs = rows.drop_duplicates(["case", "source"])[["case", "source"]].to_numpy().tolist()
    assert pairs == [["00000", "00001"], ["00001", "00000"]]
    assert read_json(finished / "results/two/swap/object_sets/00.json")["skipped"] == 0


@pytest.mark.parametrize(
    ("change", "target", "words"),
    [
        ({"activations": {"steps": [0, STEPS]}}, "tables/activations.csv", f"activations.steps: step {STEPS} is out"),
        ({"activations": {"branch": "both"}}, "tables/activations.csv", "runs no uncond branch"),
        ({"activations": {"shown": {"case": "00007"}}}, "figures/fig6.pdf", "case '00007' is not there"),
        ({"swap": {"steps": [[0], [1, STEPS]]}}, "tables/swap.csv", f"swap.steps: step {STEPS} is out of range"),
        ({"swap": {"layers": [LAYERS]}}, "tables/swap.csv", f"swap.layers: layer {LAYERS} is out of range"),
        ({"swap": {"task": "object_set"}}, "tables/swap.csv", "did you mean 'object_sets'?"),
    ],
)
def test_what_is_not_there_stops_before_anything_runs(finished, change, target, words):
    run = snakemake(finished, "-n", "--", target, change=change)
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout


def test_figures_are_drawn_with_their_points(finished):
    for figure, points in (("fig6", ("auc", "flips", "matrix", "readout")), ("figA13", ("sparsity",))):
        assert (finished / f"figures/{figure}.pdf").read_bytes().startswith(b"%PDF")
        for name in (f"{figure}.png", f"{figure}.txt", f"{figure}_caption.rst", *(f"{figure}_{p}.csv" for p in points)):
            assert (finished / "figures" / name).stat().st_size > 0
    caption = (finished / "figures/fig6_caption.rst").read_text()
    assert (
        "Figure 6. Model two. " in caption
        and "Seed 1." in caption
        and "find then move 00001, seed 1, step 3" in caption
        and f"{CASES} pairs" in caption
    )


def test_the_linear_readout_keeps_states_of_every_depth_and_step(finished):
    shards = [read_shard(finished / f"results/two/linear_readout/unique_maze/{shard}.json") for shard in ("00", "01")]
    kept = [shard.load(name)[0] for shard in shards for name in shard.identities]
    assert len(kept) == WEIGHED and all(set(states) == {"step000", "step002"} for states in kept)
    assert {tuple(states["step000"].shape[:2]) for states in kept} == {(LAYERS + 1, 80)}
    table = pd.read_csv(finished / "tables/linear_readout.csv")
    assert table.empty and list(table.columns) == COLUMNS  # random weights end in no listed answer


def test_the_ladder_has_every_model_puzzle_and_number_of_steps(finished):
    table = pd.read_csv(finished / "tables/ladder.csv")
    assert len(table) == 2 * 2 and set(table.model) == {"two"} and set(table.layers) == {LAYERS}
    assert set(table.steps) == {1, STEPS} and set(table.kind) == {"plain", "renoised"} and set(table.n) == {CASES}
    assert (table.solved == 0).all()
