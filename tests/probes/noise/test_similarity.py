import math

import pytest
import torch

from chainofsteps.errors import InputError
from chainofsteps.probes.noise.similarity import Similarity, cka, token_features

N, P = 80, 64  # tokens of the embedded model and their features


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gram(x, kernel):
    """The Gram matrix, entry by entry."""
    n = len(x)
    if kernel == "linear":
        x = x - x.mean(dim=0)
        return torch.tensor([[float(x[i] @ x[j]) for j in range(n)] for i in range(n)], dtype=torch.float64)
    squared = torch.tensor(
        [[float(((x[i] - x[j]) ** 2).sum()) for j in range(n)] for i in range(n)], dtype=torch.float64
    )
    above = sorted(float(squared[i, j]) for i in range(n) for j in range(i + 1, n))
    median = above[(len(above) - 1) // 2]
    return torch.exp(-squared / (2 * median))


def hsic(k, l, unbiased):  # noqa: E741
    """By the published formulas, in Gram space: tr(K H L H), and Song et al. (2012) eq. 5."""
    n = len(k)
    if not unbiased:
        h = torch.eye(n, dtype=torch.float64) - 1 / n
        return torch.trace(k @ h @ l @ h)
    k, l = k.clone().fill_diagonal_(0), l.clone().fill_diagonal_(0)  # noqa: E741
    one = torch.ones(n, dtype=torch.float64)
    total = (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    return (torch.trace(k @ l) + total - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))


def by_gram(x, y, kernel, unbiased):
    k, l = gram(x, kernel), gram(y, kernel)  # noqa: E741
    return hsic(k, l, unbiased) / (hsic(k, k, unbiased) * hsic(l, l, unbiased)).sqrt()


EVERY_FORM = [(kernel, unbiased) for kernel in ("linear", "rbf") for unbiased in (True, False)]


@pytest.mark.parametrize(("kernel", "unbiased"), EVERY_FORM)
def test_the_published_formula(kernel, unbiased):
    x = randn(21, 6) + 3
    y = x[:, :4] * 0.5 + randn(21, 4, seed=1) - 2
    expected = float(by_gram(x, y, kernel, unbiased))
    assert float(cka(x, y, kernel, unbiased)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize(("n", "p", "q"), [(80, 64, 64), (30, 100, 7), (4, 2, 3)])
def test_feature_space_is_gram_space(unbiased, n, p, q):
    x, y = randn(n, p), randn(n, q, seed=1) + 10
    assert float(cka(x, y, unbiased=unbiased)) == pytest.approx(float(by_gram(x, y, "linear", unbiased)), abs=1e-10)


@pytest.mark.parametrize(("kernel", "unbiased"), EVERY_FORM)
def test_one_for_equal_rotated_scaled_and_shifted_features(kernel, unbiased):
    x = randn(N, P)
    rotation, _ = torch.linalg.qr(randn(P, P, seed=1))
    for y in (x, x @ rotation, 7 * x, x + randn(P, seed=2)):
        assert float(cka(x, y, kernel, unbiased)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_unbiased_is_zero_on_average_for_independent_features_and_biased_is_not(kernel):
    x, y = randn(300, N, P), randn(300, N, P, seed=1)
    unbiased = cka(x, y, kernel)
    assert abs(float(unbiased.mean())) < 4 * float(unbiased.std()) / math.sqrt(300)
    assert float(unbiased.std()) < 0.05
    assert float(cka(x, y, kernel, unbiased=False).mean()) > 0.4


def test_biased_linear_value_that_the_default_avoids():
    x, y = randn(300, N, P), randn(300, N, P, seed=1)
    assert float(cka(x, y, unbiased=False).mean()) == pytest.approx(0.44, abs=0.01)


@pytest.mark.parametrize(("kernel", "unbiased"), EVERY_FORM)
def test_known_value_with_part_of_the_features_shared(kernel, unbiased):
    """Features of which a share of the variance is common: CKA grows with it, from 0 to 1."""
    x, noise = randn(2000, 4), randn(2000, 4, seed=1)
    values = [float(cka(x, math.sqrt(r) * x + math.sqrt(1 - r) * noise, kernel, unbiased)) for r in (0, 0.25, 0.5, 1)]
    assert values == sorted(values)
    if kernel == "linear":  # ||cov(x, y)||^2 = r for white features of unit variance
        assert values == pytest.approx([0, 0.25, 0.5, 1], abs=0.04)


@pytest.mark.parametrize(("kernel", "unbiased"), EVERY_FORM)
def test_a_batch_is_its_items(kernel, unbiased):
    x, y = randn(3, N, 8), randn(N, 5, seed=1)
    batch = cka(x, y, kernel, unbiased)
    assert batch.shape == (3,)
    assert batch.tolist() == pytest.approx([float(cka(item, y, kernel, unbiased)) for item in x], abs=1e-12)


def test_float32_features_with_a_large_offset_are_not_harmed():
    x, y = randn(N, P), randn(N, P, seed=1) * 0.2
    y = x + y
    exact = float(cka(x, y))
    offset = randn(P, seed=2).float() * 1000
    assert float(cka(x.float() + offset, y.float() + offset)) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_constant_features_are_refused(kernel):
    with pytest.raises(InputError, match="the same for all samples"):
        cka(randn(N, P), torch.full((N, P), 0.1), kernel)


def test_rbf_of_many_samples_is_refused_with_its_size():
    x = torch.ones(1, 1).expand(32760, 64)
    with pytest.raises(InputError, match="up to 8192 samples; 32760 would need matrices of 8.6 GB: set sim.* linear"):
        cka(x, x, "rbf")


def test_rbf_with_most_samples_equal_is_refused():
    x = torch.zeros(N, P)
    x[0] = 1
    with pytest.raises(InputError, match="more than half"):
        cka(x, x, "rbf")


def test_unusable_arguments_are_refused():
    x = randn(N, P)
    with pytest.raises(InputError, match="80 and 79"):
        cka(x, x[1:])
    with pytest.raises(InputError, match="at least 4 samples, not 3"):
        cka(x[:3], x[:3])
    with pytest.raises(InputError, match="linear, rbf"):
        cka(x, x, "cosine")


def test_a_token_is_a_patch_of_the_latents():
    latents = torch.arange(2 * 3 * 4 * 6 * 8).reshape(2, 3, 4, 6, 8).float()
    tokens = token_features(latents)
    assert tokens.shape == (2, 4 * 3 * 4, 3 * 2 * 2)
    frame, row, column = 2, 1, 3
    patch = latents[1, :, frame, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    assert torch.equal(tokens[1, (frame * 3 + row) * 4 + column], patch.reshape(-1))
    assert torch.equal(token_features(latents[1]), tokens[1])


def test_latents_that_cannot_be_cut_into_patches_are_refused():
    with pytest.raises(InputError, match="5x8"):
        token_features(torch.zeros(16, 5, 5, 8))


def test_settings_come_from_the_configuration():
    section = {"features": ["x0_pred", "block:3"], "kernel": "rbf", "unbiased": False, "sensitivity": "mean"}
    settings = Similarity.from_config(section)
    assert settings == Similarity(["x0_pred", "block:3"], "rbf", False) and settings.layer == 3
    x, y = randn(N, P), randn(N, P, seed=1)
    assert float(settings.dissimilarity(x, y)) == 1 - float(cka(x, y, "rbf", False))
    assert Similarity().layer is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": "blocks"},
        {"features": "block:"},
        {"features": ["x0_pred", "x0_pred"]},
        {"features": []},
        {"features": ["block:1", "block:2"]},
        {"kernel": "cosine"},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InputError, match="similarity: "):
        Similarity(**wrong)
