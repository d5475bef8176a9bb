"""The ladder of depths: the same clips for every rung, none held out; a rung trains, goes on and is exported."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from diffusers import WanTransformer3DModel

from chainofsteps.bench.puzzles import is_held_out
from chainofsteps.errors import InputError
from chainofsteps.model.load import check_checkpoint
from chainofsteps.training import ladder, mixture

MODEL = Path(__file__).parents[2] / "models" / "embedded"


def test_no_clip_is_held_out_and_each_seed_has_its_own():
    clips = [ladder.fresh("unique_maze_6", seed) for seed in range(4)]
    assert not any(is_held_out(clip.layout) for clip in clips)
    assert len({clip.video.tobytes() for clip in clips}) == 4
    assert np.array_equal(clips[2].video, ladder.fresh("unique_maze_6", 2).video)


def test_batches_follow_the_step_alone_in_the_stated_shares():
    found = Counter(ladder.bucket_of_step(step).name for step in range(2000))
    for bucket in ladder.BUCKETS:
        assert found[bucket.name] / 2000 == pytest.approx(bucket.share, abs=0.03)
        assert bucket.batch * np.prod(bucket.latent_shape[1:]) / 4 == pytest.approx(mixture.TOKENS, rel=0.15)
    assert sum(bucket.share for bucket in ladder.BUCKETS) == pytest.approx(1)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_rung_has_its_depth_and_says_nothing_at_first(depth):
    rung = ladder.built(depth)
    assert len(rung.blocks) == depth and not rung.proj_out.weight.any() and not rung.proj_out.bias.any()


def test_a_rung_trains_goes_on_and_is_exported(tmp_path, monkeypatch):
    bucket = ladder.Bucket(5, 64, 1.0, 16, ("unique_maze",))
    monkeypatch.setattr(ladder, "BUCKETS", (bucket,))
    monkeypatch.setattr(mixture, "TOKENS", 128)
    monkeypatch.setattr(ladder, "RUNGS", {"1": (1, 0)})
    ladder.write_pool(tmp_path, MODEL)
    with np.load(tmp_path / "pool" / "5x64.npz") as pool:
        assert pool["latents"].shape == (16, *bucket.latent_shape) and pool["ids"].shape[0] == 16
    with pytest.raises(InputError, match="1-seed0 holds no transformer; run: train --depth 1 --seed 0"):
        ladder.export(tmp_path, MODEL, tmp_path / "ladder")
    ladder.train(0, 1, tmp_path, MODEL, depth=1, steps=2, seed=0)
    ladder.train(0, 1, tmp_path, MODEL, depth=1, steps=2, seed=0)  # there is nothing left to do
    ladder.export(tmp_path, MODEL, tmp_path / "ladder")
    rung = tmp_path / "ladder" / "1"
    assert len(WanTransformer3DModel.from_pretrained(rung / "transformer").blocks) == 1
    assert os.path.samefile(rung / "vae", MODEL / "vae")
    facts = check_checkpoint(rung)
    assert facts["layers"] == 1 and "vae/diffusion_pytorch_model.safetensors" in facts["files"]  # through the link
    curve = pd.read_csv(tmp_path / "ladder" / "learning_curve.csv")
    assert list(curve.columns) == ["rung", "layers", "step", "loss"] and set(curve.rung) <= {1}


def test_each_stage_gets_what_was_given_to_it(monkeypatch):
    asked = []
    for name in ("write_pool", "export", "launch"):
        monkeypatch.setattr(ladder, name, lambda *given, name=name: asked.append((name, *given)))
    paths = ["--work", "w", "--model", "m", "--folder", "f"]
    train = ["--depth", "2", "--steps", "5", "--seed", "3", "--processes", "4"]
    for words in (["pool", *paths], ["export", *paths], ["train", *paths, *train]):
        monkeypatch.setattr("sys.argv", ["ladder", *words])
        ladder.main()
    work, model, folder = map(Path, "wmf")
    assert asked == [
        ("write_pool", work, model),
        ("export", work, model, folder),
        ("launch", ladder.train, 4, work, model, 2, 5, 3),
    ]
