import numpy as np
import pandas as pd
import pytest

from chainofsteps.figures import fig6, fig6_swaps, fig6_text, figA13, layer_curves, style
from chainofsteps.probes.swap.table import SCORES, summary
from tests.figures import legible
from tests.probes.swap.test_swap_score import STATISTICS, rows

LAYERS = 8
PARAMS = {
    "model": "tiny",
    "seeds": [1],
    "statistics": {"resamples": 200, "level": 0.95, "seed": 0},
    "swap": {
        "task": "object_sets",
        "modes": ["residual", "tokens"],
        "parts": {"objects": {"frames": "all", "rows": {"above": 0.25, "below": 0.75}}},
    },
    "readout": {"folds": 5, "shuffles": 3},
    "skipped": 1,
}


def activations(tasks=("grounding", "object_sets"), steps=(0, 10), branch="cond", best=5):
    """AUC and sparsity peak at layer `best`."""
    found = []
    for task in tasks:
        for step in steps:
            for layer in range(LAYERS):
                for part in ("given", "generated"):
                    auc = 0.9 if layer == best else 0.5
                    row = {"model": "m", "task": task, "branch": branch, "step": step, "layer": layer, "part": part}
                    row |= {
                        "n": 6,
                        "seeds": 1,
                        "auc_n": 6,
                        "auc": auc,
                        "null": 0.5,
                        "gain": auc - 0.5,
                        "hoyer": auc / 9,
                    }
                    for name in ("auc", "null", "gain", "hoyer"):
                        row |= {f"{name}_low": row[name] - 0.05, f"{name}_high": row[name] + 0.05}
                    found.append(row)
    return pd.DataFrame(found)


def curves():
    table = rows()
    source = table[table.run == "target"].assign(run="source", outcome="source")
    both = pd.concat([table[~(table.steps == "1")], source])
    return summary(both, STATISTICS).astype({"layer": "Int64"})


def matrix():
    table = rows()
    return summary(table[(table.run == "swap") & (table.steps != "0 1") & table.matrix], STATISTICS)


def readout(first=3):
    """The answer is read after layer `first` and later, with certainty."""
    rows = []
    for task in ("object_sets", "unique_maze"):
        for step in (0, 10):
            for layer in range(-1, LAYERS):
                right = float(layer >= first)
                row = {"model": "m", "task": task, "step": step, "layer": layer, "n": 64, "seeds": 1, "right": right}
                row |= {"right_low": right - 0.05, "right_high": right + 0.05, "null": 0.3, "chance": 0.25}
                rows.append(row | {"gain": right - 0.3, "gain_low": right - 0.4, "gain_high": right - 0.2})
    return pd.DataFrame(rows)


def maps(scale="row", branches=("cond",), layers=range(LAYERS)):
    rng = np.random.default_rng(0)
    norms = {branch: rng.random((len(layers), 5, 4, 4)) for branch in branches}
    return fig6.Maps(norms, list(layers), np.zeros((5, 64, 64, 3), np.uint8), "grounding 00000, seed 1, step 10", scale)


def test_rows_are_fractions_of_the_depth():
    assert maps().rows == [0, 2, 4, 6, 7]
    assert fig6.Maps({}, range(40), np.zeros(0), "", "row").rows == [0, 10, 20, 30, 39]  # those of the paper
    assert maps(layers=[3, 7]).rows == [0, 1] and maps(layers=[0]).rows == [0]


@pytest.mark.parametrize(("scale", "distinct"), [("row", 5), ("global", 1), ("cell", 25)])
def test_the_colour_scale_is_that_of_a_row_a_cell_or_all(scale, distinct):
    one = maps(scale)
    limits = one.limits(one.norms["cond"])
    assert limits.shape == (5, 5, 2) and len({tuple(pair) for pair in limits.reshape(-1, 2)}) == distinct
    cells = one.norms["cond"][one.rows][:, 0 if scale == "cell" else 1 :]  # else of the generated latent frames
    assert limits[..., 0].min() == cells.min() and limits[..., 1].max() == cells.max()


def test_the_drawn_rows_are_of_what_the_model_makes():
    both = pd.concat([activations(), activations(branch="uncond")])
    assert set(layer_curves.shown_rows(both).branch) == {"cond"}
    assert set(layer_curves.shown_rows(activations(branch="uncond")).part) == {"generated"}


def test_the_figure_has_its_panels(tmp_path):
    with style.styled():
        figure = fig6.draw(maps(), activations(), curves(), matrix(), readout())
        images = [axes for axes in figure.axes if axes.images]
        assert len(images) == 5 + 5 * 4  # the true video, and maps of all latent frames but the given one
        (heat,) = [axes for axes in figure.axes if axes.get_title().startswith("residual, one step")]
        cells = matrix().sort_values(["layer", "steps"]).flip
        assert heat.collections[0].get_array().ravel().tolist() == cells.tolist()
        assert [text.get_text() for text in heat.get_yticklabels()] == ["0", "1", "2", "3"]
        titles = [axes.get_title() for axes in figure.axes]
        assert "grounding (n = 6)" in titles and {"step 0: final video", "steps 0-1: final video"} <= set(titles)
        assert "residual, one step: final video (n = 2)" in titles
        (panel,) = [axes for axes in figure.axes if axes.get_title() == "unique maze (n = 64)"]
        drawn = {line.get_label(): line for line in panel.get_lines()}
        assert drawn["step 10"].get_ydata().tolist() == [0.0] * 4 + [1.0] * 5
        assert drawn["step 10"].get_xdata().tolist() == list(range(-1, LAYERS))
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
        figure = fig6.draw(maps(branches=("cond", "uncond")), activations(), curves(), matrix()[:0], readout()[:0])
        assert not any("one step" in axes.get_title() for axes in figure.axes)


def test_words_say_the_planted_layers():
    words = fig6_text.summary(activations(), curves(), readout())
    assert (
        "residual, step 0, final video, 4 pairs: the source's answer in at most 0.50 [0.20, 0.80], at layer 2" in words
    )
    assert "clean target 0.00 [0.00, 0.60], clean source 1.00" in words
    assert (
        "differs from the source's velocity by at most 0 of its norm, the most of 1 layers, mean over 4 pairs" in words
    )
    assert "to 0.90 [0.85, 0.95] (layer 5; null there 0.50" in words and "in layers 5, in none below it." in words
    caption = fig6_text.caption(maps(), curves(), matrix(), readout(), PARAMS)
    for part in (
        "Figure 6. Model tiny. At step 0",
        "Seed 1.",
        "one colour scale for each row",
        "95%",
        "4 pairs",
        "have the same answer: 1.",
        "objects (all latent frames, rows of tokens from 25% to 75% of them)",
        "(d) After which layer",
        "Each of 5 parts",
        "(3 deals)",
    ):
        assert part in caption
    assert "degenerate" in caption and caption.count("\n\n") == 2
    assert "object sets, step 10, 64 cases: the answer is read in at most 1.00 [0.95, 1.05], after layer 3" in words
    assert "(null there 0.30, chance 0.25); above its null from layer 3 on." in words
    assert "Beside or below (c)" in caption and "Beside or below (c)" not in fig6_text.caption(
        maps(), curves(), matrix()[:0], readout(), PARAMS
    )


def test_words_of_cases_that_a_scorer_reads_say_so():
    of_scores = {f"{name}{end}": end == "_high" for name in SCORES for end in ("_low", "_high")}
    shown = curves().assign(**{**of_scores, "score_target": 0.9, "score_source": 0.1})
    shown = shown[shown.run != "same_text"]
    words = fig6_text.summary(activations(), shown, fig6.NO_READOUT)
    assert "the clean target scores 0.90 [0.00, 1.00] as the target's and 0.10 [0.00, 1.00] as the source's" in words
    assert "shows its own outcome in 1.00 [0.40, 1.00] of 4 pairs" in words and "Linear readout" not in words
    caption = fig6_text.caption(maps(), shown, matrix()[:0], fig6.NO_READOUT, PARAMS)
    for part in ("these have each a first frame of its own", "scores as the source's by 0.25 or more above", "(c)"):
        assert part in caption
    assert "their videos differ in size or length: 1." in caption and "blank first frame" not in caption
    assert "clean target scores" not in fig6_text.summary(activations(), curves(), readout())
    with style.styled():
        figure = fig6.draw(maps(), activations(), shown, matrix()[:0], fig6.NO_READOUT)
    assert "step 0: final video" in [axes.get_title() for axes in figure.axes]


def test_sets_of_steps_in_words():
    assert fig6_swaps.readout_words("x0_pred", "0 1 2").endswith("of step 2")
    assert [fig6_swaps.steps_words(steps) for steps in ("0", "0 1 2", "0 3")] == ["step 0", "steps 0-2", "steps 0, 3"]


def test_swaps_of_several_layers_and_parts_are_curves_of_their_own():
    table = curves()
    wide = table[table.run == "swap"].assign(width=3)
    parts = [
        table[table.run == "swap"].assign(**{"mode": "tokens", "part": part}) for part in ("objects", "first_frame")
    ]
    swaps = pd.concat([table[table.run == "swap"], wide, *parts])
    found = {label: look for label, look, _ in fig6_swaps.series(swaps[swaps.steps == "0"])}
    assert list(found) == ["residual", "residual, 3 layers", "tokens objects", "tokens first frame"]
    looks = {(look["color"], look["linestyle"]) for look in found.values()}
    assert len(looks) == 4


def test_figure_a13_says_where_norms_are_sparse(tmp_path):
    with style.styled():
        figure = figA13.draw(activations())
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    sparsity = [0.9 / 9 if layer == 5 else 0.5 / 9 for layer in range(LAYERS)]
    drawn = {axes.get_title(): [line.get_ydata() for line in axes.lines] for axes in figure.axes if axes.get_title()}
    assert list(drawn) == ["grounding (n = 6)", "object sets (n = 6)"]
    for steps in drawn.values():
        np.testing.assert_allclose(steps, [sparsity, sparsity])  # two steps, with their intervals
    assert [len(axes.collections) for axes in figure.axes if axes.get_title()] == [2, 2]
    words = figA13.summary(activations())
    assert "grounding, step 10, 6 cases" in words and "0.100 [0.050, 0.150], layer 5." in words
    assert figA13.caption(activations(), "tiny", 0.95).startswith("Figure A13. Model tiny. On a scale of 0 to 1")
    assert "at most 0.100 [0.050, 0.150] (grounding, step 0, layer 5)" in figA13.finding(activations())


def test_the_finding_names_the_first_layer_and_the_most_of_the_flips():
    words = fig6_text.finding(curves(), readout())
    assert "at step 0 a linear map reads the answer above its null from layer 3 on (object sets)" in words
    assert "(mode residual) flips the answer of the" in words and "in at most 0.50 [0.20, 0.80] of 4 pairs" in words
    none = readout().assign(gain_low=-1.0)
    assert "above its null in no layer (object sets), in no layer (unique maze)" in fig6_text.finding(curves(), none)


def test_flip_rates_that_do_not_move_are_told():
    still = curves().assign(flip=0.0, flip_low=0.0, flip_high=0.1)
    with style.styled():
        figure = fig6.draw(maps(), activations(), still, matrix().assign(flip=0.0), readout())
        titles = [axes.get_title() for axes in figure.axes]
        assert not any("final video" in title for title in titles)
        (told,) = (
            text.get_text() for axes in figure.axes for text in axes.texts if "whatever is swapped" in text.get_text()
        )
        assert "shows in at most 0.00 [0.00, 0.10] of 4 pairs" in told
        assert f"flip rate 0.00 in all {len(matrix())} cells, 2 pairs each." in told
        legible.check(figure)
