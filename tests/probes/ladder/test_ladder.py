"""The ladder of depths: both kinds of run against the plain way, and planted chains are found for what they are."""

import pandas as pd
import pytest
import torch
from claim_runs import INTERVAL

from chainofsteps.claims import UNMEASURED
from chainofsteps.claims.choice import steps_for_layers
from chainofsteps.errors import InputError
from chainofsteps.figures import figB3, figB3_text, style
from chainofsteps.model import schedule
from chainofsteps.probes.ladder.job import check_shared
from chainofsteps.probes.ladder.run import PlainAndRenoised
from chainofsteps.probes.ladder.table import COLUMNS, FINAL, first_shares, solved, summary
from chainofsteps.run.denoise import denoise, generator
from chainofsteps.run.probe import advance

SHAPE, STEPS = (1, 4, 2, 3, 3), 5
SIGMAS = schedule.sigmas(STEPS, 3.0)
STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
NUMBERS = (1, 4, 20)


class Nothing:
    """Conditioning of a model whose latents are all made."""

    @staticmethod
    def begin(noise):
        return noise


def velocity(latents, step):
    """x0_pred = a quarter of the latents, whatever the step."""
    return (latents - latents / 4) / SIGMAS[step]


def probe_of(noise):
    return PlainAndRenoised(noise, SIGMAS, Nothing, "maze/00000", 1)


def test_one_run_is_the_plain_one_and_the_other_hands_on_its_estimate_alone():
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    probe = probe_of(noise)
    plain, renoised = advance(probe, velocity, probe.begin()).latents
    torch.testing.assert_close(plain[None], denoise(velocity, noise, SIGMAS))
    x = noise
    for step in range(STEPS):
        eps = torch.randn(SHAPE, generator=generator("maze/00000", 1, "renoised", STEPS, step))
        x = (1 - SIGMAS[step + 1]) * x / 4 + SIGMAS[step + 1] * eps
    torch.testing.assert_close(renoised[None], x)
    half = advance(probe, velocity, probe.begin(), stop=2)
    assert torch.equal(
        advance(probe, velocity, probe.resume(half.to_tensors())).latents, torch.stack([plain, renoised])
    )


def test_an_exact_denoiser_ends_the_same_in_both_runs():
    """x0_pred is the answer at every step: there is nothing that the latents could hold beside it."""
    answer = torch.full(SHAPE, 2.0)
    probe = probe_of(torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)))
    finals = advance(probe, lambda x, step: (x - answer) / SIGMAS[step], probe.begin()).latents
    torch.testing.assert_close(finals, answer.expand(2, *SHAPE[1:]))


def test_latents_that_are_not_finite_stop_the_run():
    probe = probe_of(torch.zeros(SHAPE))
    with pytest.raises(InputError, match="maze/00000"):
        advance(probe, lambda x, step: x / 0, probe.begin())


def ladder(shallow, deep=1.0, renoised=None, cases=40, tasks=("maze", "long_maze")):
    """Rows of a model of 1 and of 8 layers. shallow, renoised: of the former, by number of steps, the share solved."""
    rows = []
    for task in tasks:
        for model, layers in (("one", 1), ("eight", 8), ("one again", 1)):
            for case in range(cases):
                about = {"model": model, "layers": layers, "task": task, "case": f"{case:05d}", "seed": 1}
                about["difficulty"] = 5.0
                for steps in NUMBERS:
                    for kind in ("plain", "renoised"):
                        share = (
                            {"plain": shallow, "renoised": renoised or shallow}[kind][steps] if layers == 1 else deep
                        )
                        right = float(case < share * cases)
                        end = {**about, "steps": steps, "kind": kind, "step": FINAL, "sigma": 0.0, "right": right}
                        rows.append({**end, "residual": 0.1, "solved": bool(right)})
                for step in range(20):
                    right = 0.9 if layers == 8 else 0.25 + 0.65 * step / 19
                    of_step = {**about, "steps": 20, "kind": "plain", "step": step, "sigma": 1 - step / 20}
                    rows.append({**of_step, "right": right, "observer": 0.25, "residual": 0.1, "solved": None})
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def test_steps_that_stand_in_for_layers_are_found():
    """Planted: 0.2 in one step, 0.8 in twenty, of 1.0 of the deep model: three quarters are made up."""
    rows = ladder({1: 0.2, 4: 0.5, 20: 0.8}, renoised={1: 0.2, 4: 0.2, 20: 0.4})
    found = steps_for_layers(rows, 20, ["tic_tac_toe"], INTERVAL)
    assert (found.n, found.fewest, found.seeds) == (80, 40, 1)
    assert (
        found.estimate == pytest.approx(0.75) and found.null == pytest.approx(0.25) and found.clean == pytest.approx(1)
    )
    assert 0.5 < found.low < 0.75 < found.high < 1
    alone = steps_for_layers(rows[rows.task == "maze"], 20, ["long_maze"], INTERVAL)
    assert alone.estimate == pytest.approx(0.75) and alone.n == 40


def test_steps_that_do_not_are_found_too():
    found = steps_for_layers(ladder({1: 0.5, 4: 0.5, 20: 0.5}), 20, [], INTERVAL)
    assert (found.estimate, found.low, found.high) == (0, 0, 0)


def test_it_is_not_measured_without_depths_steps_or_a_gap():
    rows = ladder({1: 0.2, 4: 0.5, 20: 0.8})
    for part in (rows[rows.layers == 1], rows[rows.steps == 20], rows[:0], ladder({1: 0.95, 4: 1.0, 20: 1.0})):
        assert steps_for_layers(part, 20, [], INTERVAL) is UNMEASURED
    assert steps_for_layers(rows, 20, ["maze", "long_maze"], INTERVAL) is UNMEASURED


def test_where_the_bits_are_found_is_told():
    shares = first_shares(ladder({1: 0.2, 4: 0.5, 20: 0.8})).groupby("model").share.mean()
    assert shares["eight"] == pytest.approx(1) and shares["one"] == pytest.approx(0, abs=1e-9)
    blind = ladder({1: 0.2, 4: 0.5, 20: 0.8}).assign(right=0.25)
    assert first_shares(blind).empty  # nothing was found at all


def test_solved_takes_the_weight_and_what_is_left_over():
    assert solved(0.7, 0.5, 0.5) and not solved(0.69, 0.1, 0.5) and not solved(1.0, 0.51, 0.5)


def test_the_table_has_shares_with_intervals():
    table = summary(ladder({1: 0.2, 4: 0.5, 20: 0.8}), STATISTICS)
    cell = table[(table.model == "one") & (table.task == "maze") & (table.steps == 20) & (table.kind == "plain")]
    assert cell.solved.tolist() == [0.8] and cell.n.tolist() == [40] and 0.6 < cell.solved_low.iloc[0] < 0.8
    assert len(table) == 3 * 2 * 3 * 2
    sure = table[(table.model == "eight") & (table.kind == "plain")]
    assert (sure.solved == 1).all() and (sure.solved_low < 0.95).all()  # all agree, and the interval stays wide


def test_the_figure_and_its_words(tmp_path):
    rows = ladder({1: 0.2, 4: 0.5, 20: 0.8})
    table = summary(rows, STATISTICS)
    with style.styled():
        figure = figB3.draw(table, rows, STATISTICS)
        titles = [axes.get_title() for axes in figure.axes]
        assert "maze (n = 40)" in titles and "long maze (n = 40)" in titles
        axes = figure.axes[titles.index("maze (n = 40)")]
        drawn = [line.get_ydata().tolist() for line in axes.get_lines() if len(line.get_xdata()) == 3]
        assert [0.2, 0.5, 0.8] in drawn and [1.0, 1.0, 1.0] in drawn
        passes = next(axes for axes in figure.axes if axes.get_xlabel() == "layers x steps")
        assert {tuple(line.get_xdata()) for line in passes.get_lines()} == {(1, 4, 20), (8, 32, 160)}
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    words = figB3_text.summary(table, rows, STATISTICS)
    assert words.startswith(
        "A model of 1 layer solves 0.20 of the cases in 1 step and 0.80 in 20; one of 8 layers 1.00 and"
    )
    assert (
        "maze, 1 layer: solved 0.20 [" in words
        and "eight, 8 layers: 1.00 [1.00, 1.00] of the bits" in words
        and "one, 1 layer: 0.00" in words
    )
    caption = figB3_text.caption(table, {"residual": 0.5}, STATISTICS)
    assert caption.startswith(
        "Figure B3. Models one, eight, one again. 1 layer solves 0.20 of the cases in 1 step and 0.80"
    )
    assert "Models of 1, 8 layers" in caption and "Grey: one again." in caption


def test_models_of_another_family_are_refused():
    files = {"vae/a": {"sha256": "1"}, "transformer/a": {"sha256": "2"}, "text_encoder/a": {"sha256": "3"}}
    base = {"folder": "base", "files": files}
    check_shared({"folder": "x", "files": {**files, "transformer/a": {"sha256": "9"}}}, base)
    with pytest.raises(InputError, match="x has another vae than the configured model"):
        check_shared({"folder": "x", "files": {**files, "vae/a": {"sha256": "9"}}}, base)
