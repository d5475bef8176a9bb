import pytest
import torch
from diffusers import WanTransformer3DModel
from transformers import T5TokenizerFast

from chainofsteps.errors import InputError
from chainofsteps.training import dit, experts, export, text, vae


def batch(size=2):
    torch.manual_seed(1)
    ids = text.token_ids(text.build_tokenizer(), ["mark the red circle"] * size)
    shape = (size, 16, 5, 8, 8)
    return {"latents": torch.randn(shape), "condition": torch.randn(shape), "ids": ids}


def flow_matching():
    torch.manual_seed(0)
    return dit.FlowMatching(dit.build_transformer(), text.build_text_encoder(len(text.build_tokenizer())))


def test_untrained_loss_is_that_of_predicting_nothing():
    """proj_out starts at zero, so the loss is the mean square of x1 - x0: 1 + 1."""
    assert abs(flow_matching()(batch(8))["loss"].item() - 2) < 0.1


def test_network_sees_the_noisy_latents_the_mask_and_the_condition(monkeypatch):
    module, seen, given = flow_matching(), {}, batch()

    def forward(latents_in, timestep, prompt_embeds, return_dict):
        seen.update(latents_in=latents_in, timestep=timestep)
        return (torch.zeros_like(latents_in[:, :16]),)

    monkeypatch.setattr(module.transformer, "forward", forward)
    torch.manual_seed(5)
    module(given)
    torch.manual_seed(5)
    x1 = torch.randn_like(given["latents"])
    sigma = (seen["timestep"] / 1000).view(-1, 1, 1, 1, 1)
    assert torch.allclose(seen["latents_in"][:, :16], (1 - sigma) * given["latents"] + sigma * x1, atol=1e-5)
    assert (seen["latents_in"][:, 16:20, 0] == 1).all() and (seen["latents_in"][:, 16:20, 1:] == 0).all()
    assert torch.equal(seen["latents_in"][:, 20:], given["condition"])


def test_every_parameter_has_one_optimizer():
    module = flow_matching()
    chosen = [p for optimizer in dit.optimizers(module) for group in optimizer.param_groups for p in group["params"]]
    assert len(chosen) == len({id(p) for p in chosen}) == len(list(module.parameters()))


def test_band_bounds_the_sigmas_that_are_seen(monkeypatch):
    for low, high in experts.bands().values():
        module, seen = dit.FlowMatching(dit.build_transformer(), flow_matching().text_encoder, (low, high)), {}

        def forward(latents_in, timestep, prompt_embeds, return_dict, seen=seen):
            seen["sigma"] = timestep / 1000
            return (torch.zeros_like(latents_in[:, :16]),)

        monkeypatch.setattr(module.transformer, "forward", forward)
        module(batch(64))
        is_high = high == 1.0
        assert ((seen["sigma"] >= experts.BOUNDARY - 1e-6) == is_high).all()


def test_a_frozen_text_encoder_is_not_trained():
    module = flow_matching()
    module.text_encoder.requires_grad_(False)
    chosen = [p for optimizer in dit.optimizers(module) for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in chosen} == {id(p) for p in module.transformer.parameters()}


def test_training_goes_on_from_a_folder_that_knows_the_same_words(tmp_path, monkeypatch):
    monkeypatch.setattr(dit, "batches", lambda *_: None)
    monkeypatch.setattr(dit, "IN_DOMAIN", ())
    vae.build_vae().save_pretrained(tmp_path / "vae")
    torch.manual_seed(7)
    text_encoder = text.build_text_encoder(len(text.build_tokenizer()))
    begun = export.assemble(tmp_path, dit.build_transformer(), text_encoder).to(torch.bfloat16)
    begun.save_pretrained(tmp_path / "begun")
    dit.train_dit(0, 1, tmp_path, steps=0, seed=0, begin_with=tmp_path / "begun")
    kept = WanTransformer3DModel.from_pretrained(tmp_path / "transformer").state_dict()
    assert all(torch.equal(kept[name], value.float()) for name, value in begun.transformer.state_dict().items())
    words = T5TokenizerFast(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁other", -1.0)], extra_ids=0)
    words.save_pretrained(tmp_path / "begun" / "tokenizer")
    with pytest.raises(InputError, match="knows other words"):
        dit.train_dit(0, 1, tmp_path, steps=0, seed=0, begin_with=tmp_path / "begun")
