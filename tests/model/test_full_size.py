"""The benchmark of the full size, small and on the CPU: on a GPU it is to run the first time it is tried."""

import json
import sys
from pathlib import Path

import pytest
import torch

from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.count import VideoSize

SIZE = VideoSize(17, 64, 64)
SMALL = {"num_attention_heads": 2, "attention_head_dim": 12, "ffn_dim": 32, "num_layers": 2, "text_dim": 16}
SAMPLING = Sampling(2, 5.0, dtype="bfloat16", device="cpu", batch_size=1, max_sequence_length=8)


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def test_every_figure_is_measured_and_a_run_goes_on_to_the_same_bits():
    import full_size

    torch._dynamo.reset()
    rows = full_size.forwards({**full_size.TRANSFORMER, **SMALL}, SIZE, SAMPLING, 1, compiler="eager")
    rows.append(full_size.decoding({"base_dim": 8, "num_res_blocks": 1}, SIZE, SAMPLING, 1))
    assert len({row["what"] for row in rows}) == len(rows) == 6
    assert all(row["same"] if "same" in row else row["seconds"] > 0 and row["peak_gb"] is None for row in rows)
    assert rows[0]["tokens"] == 5 * 4 * 4 and rows[0]["weights_gb"] > 0 < rows[0]["reckoned_beside_gb"]
    assert json.loads(json.dumps(rows)) == rows


def test_the_network_is_that_of_a_14b_checkpoint_in_bf16():
    import full_size

    network = full_size.network({**full_size.TRANSFORMER, "num_layers": 1}, torch.bfloat16, torch.device("meta"))
    assert network.config.in_channels == 36 and network.config.num_attention_heads * 128 == 5120
    dtypes = {name: weight.dtype for name, weight in network.named_parameters()}
    assert dtypes["blocks.0.ffn.net.2.weight"] == torch.bfloat16
    assert dtypes["condition_embedder.time_embedder.linear_1.weight"] == torch.float32
    assert dtypes["scale_shift_table"] == dtypes["blocks.0.scale_shift_table"] == torch.float32
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(monkeypatch, capsys):
    import full_size

    monkeypatch.setattr(sys, "argv", ["full_size.py"])
    with pytest.raises(SystemExit):
        full_size.main()
    assert capsys.readouterr().err.startswith("error: there is no GPU here")
