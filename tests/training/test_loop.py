import json

import pytest
import torch

from chainofsteps.training.loop import Run


class Fit(torch.nn.Module):
    """A line and a matrix, so that both optimizers have something to do."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.matrix = torch.nn.Parameter(torch.randn(4, 4))
        self.bias = torch.nn.Parameter(torch.randn(4))

    def forward(self, x):
        return {"loss": (x @ self.matrix + self.bias - x.roll(1, 1)).square().mean()}


def run(folder, steps=12, until=None):
    """Train to the end, or be stopped before step ``until``."""
    module = Fit()
    optimizers = [torch.optim.Muon([module.matrix], lr=0.02), torch.optim.AdamW([module.bias], lr=0.1)]
    made = Run(folder, module, optimizers, steps, warmup=2, save_every=4)

    def batch(generator, step):
        if until is not None and generator.initial_seed() // 64 == until:
            raise KeyboardInterrupt
        return torch.randn(8, 4, generator=generator)

    return made, batch


def test_resumed_run_ends_in_the_same_bits(tmp_path):
    whole, batch = run(tmp_path / "whole")
    whole.train(batch)
    stopped, batch = run(tmp_path / "stopped", until=6)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(batch)
    again, batch = run(tmp_path / "stopped")
    assert again.start == 4
    again.train(batch)
    for name, value in whole.module.named_parameters():
        assert torch.equal(value, dict(again.module.named_parameters())[name])
        assert torch.equal(whole.ema[name], again.ema[name])


def test_what_follows_a_checkpoint_is_done_again_where_it_was_cut_short(tmp_path):
    made, batch = run(tmp_path)

    def stopped(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.train(batch, stopped)
    done = []
    again, batch = run(tmp_path)
    again.train(batch, done.append)
    assert done == [4, 8, 12]


def test_a_log_says_since_which_step_its_clock_runs(tmp_path):
    stopped, batch = run(tmp_path, until=6)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(batch)
    again, batch = run(tmp_path)
    again.train(batch)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(row["step"], row["since"]) for row in rows] == [(4, 0), (8, 4), (12, 4)]


def test_loss_falls_and_average_follows(tmp_path):
    made, batch = run(tmp_path, steps=300)
    x = torch.randn(256, 4)
    before = made.module(x)["loss"].item()
    made.train(batch)
    assert made.module(x)["loss"].item() < 0.2 * before
    average = Fit()
    made.put_average(average)
    assert average(x)["loss"].item() < 0.5 * before
    assert not torch.equal(average.bias, made.module.bias)


def test_learning_rate_rises_holds_and_falls(tmp_path):
    made, _ = run(tmp_path, steps=100)
    rates = [made.rate(step) for step in range(100)]
    assert rates[0] == 0.5 and rates[1:60] == [1.0] * 59
    assert rates[60:] == sorted(rates[60:], reverse=True) and rates[-1] == pytest.approx(1 / 40)
