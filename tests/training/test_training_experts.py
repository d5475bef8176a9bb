"""The variant with two experts: each is the single transformer, tuned gently at its own sigmas."""

from types import SimpleNamespace

import torch
from diffusers import WanTransformer3DModel

from chainofsteps.training import dit, experts, text


def test_both_experts_start_from_the_single_one_at_a_part_of_its_rate(tmp_path, monkeypatch):
    torch.manual_seed(0)
    transformer, text_encoder = dit.build_transformer(), text.build_text_encoder(16)
    transformer.save_pretrained(tmp_path / "transformer")
    text_encoder.save_pretrained(tmp_path / "text_encoder")
    runs = []

    def run(folder, module, optimizers, steps, *, seed, rank, world):
        runs.append(SimpleNamespace(name=folder.name, module=module, steps=steps, seed=seed, world=world, trained=[]))
        runs[-1].rates = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
        return SimpleNamespace(train=runs[-1].trained.append, put_average=lambda module: None)

    monkeypatch.setattr(experts, "build_tokenizer", lambda: None)
    monkeypatch.setattr(experts, "token_ids", lambda tokenizer, prompts: prompts)
    monkeypatch.setattr(experts, "Run", run)
    monkeypatch.setattr(experts, "batches", lambda *given: given)
    experts.train_experts(0, 1, tmp_path, steps=3, seed=5)
    assert [(one.name, one.steps, one.seed, one.world) for one in runs] == [
        ("expert-high-run", 3, 7, 1),
        ("expert-low-run", 3, 8, 1),
    ]
    for one, name in zip(runs, ("high", "low"), strict=True):
        assert one.rates == [experts.RATE * dit.MUON_RATE, experts.RATE * dit.ADAMW_RATE]
        assert one.trained == [(tmp_path, 1, one.seed, "")]
        assert not any(p.requires_grad for p in one.module.text_encoder.parameters())
        kept = WanTransformer3DModel.from_pretrained(tmp_path / f"expert-{name}").state_dict()
        assert all(torch.equal(kept[key], tensor) for key, tensor in transformer.state_dict().items())
