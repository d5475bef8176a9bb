import math

import numpy as np
import pytest
from scipy import stats

from chainofsteps.errors import InputError
from chainofsteps.statistics import SHARE, bootstrap_group_means, bootstrap_mean, bootstrap_statistic, paired_bootstrap


def test_interval_of_a_normal_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    estimate, low, high = bootstrap_mean(values, resamples=5000)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert estimate == pytest.approx(values.mean())
    assert (estimate - low, high - estimate) == pytest.approx((half, half), rel=0.06)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_interval_covers_the_true_mean_as_often_as_it_says(level):
    generator = np.random.default_rng(1)
    sets = 400
    hits = 0
    for seed in range(sets):
        _, low, high = bootstrap_mean(generator.normal(0.5, 1.0, 60), resamples=500, level=level, seed=seed)
        hits += low <= 0.5 <= high
    # three standard errors of a share, and what a percentile interval of 60 values falls short
    assert hits / sets == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / sets) + 0.01)


def test_seeds_of_a_case_are_not_cases():
    per_case = np.random.default_rng(2).normal(size=(20, 1))
    repeated = np.repeat(per_case, 5, axis=1)
    assert bootstrap_mean(repeated) == pytest.approx(bootstrap_mean(per_case[:, 0]), rel=1e-12)


def test_seed_decides_the_interval():
    values = np.random.default_rng(3).random(24)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_equal_scores_have_an_interval_of_no_width():
    assert bootstrap_mean(np.ones(24)) == (1.0, 1.0, 1.0)


def test_one_case_has_no_interval():
    estimate, low, high = bootstrap_mean([[0.2, 0.4]])
    assert estimate == pytest.approx(0.3) and math.isnan(low) and math.isnan(high)


def test_paired_interval_knows_the_cases_are_the_same():
    generator = np.random.default_rng(4)
    cases = generator.normal(0, 10, 50)  # cases differ far more than the two conditions
    a, b = cases + 1 + generator.normal(0, 0.1, 50), cases + generator.normal(0, 0.1, 50)
    estimate, low, high = paired_bootstrap(a, b)
    assert estimate == pytest.approx(a.mean() - b.mean())
    assert 0.9 < low < 1.0 < high < 1.1


def test_paired_interval_covers_the_true_difference():
    generator = np.random.default_rng(5)
    sets = 300
    hits = 0
    for seed in range(sets):
        cases = generator.normal(0, 3, 60)
        a, b = cases + generator.normal(0.2, 1, 60), cases + generator.normal(0, 1, 60)
        _, low, high = paired_bootstrap(a, b, resamples=400, seed=seed)
        hits += low <= 0.2 <= high
    assert hits / sets == pytest.approx(0.95, abs=0.05)


def test_paired_sides_may_differ_in_seeds_but_not_in_cases():
    a = np.random.default_rng(6).random((10, 3))
    assert paired_bootstrap(a, np.zeros(10)) == bootstrap_mean(a)
    with pytest.raises(InputError, match="10 and 9"):
        paired_bootstrap(a, np.zeros(9))


def test_group_means_count_by_their_weights_and_not_by_their_cases():
    groups = [np.ones(2), np.zeros((6, 2))]
    assert bootstrap_group_means(groups) == (0.5, 0.5, 0.5)
    assert bootstrap_group_means(groups, [3, 1]) == (0.75, 0.75, 0.75)
    estimate, low, high = bootstrap_group_means([*groups, [0.2]])
    assert estimate == pytest.approx(0.4) and math.isnan(low) and math.isnan(high)


def test_cases_are_drawn_within_their_group():
    generator = np.random.default_rng(8)
    far_apart = [generator.normal(0, 1, 100), generator.normal(50, 1, 100)]
    estimate, low, high = bootstrap_group_means(far_apart)
    # of all 200 drawn together the interval would be 14 wide; here it is 2 x 1.96 x sqrt(2 / 100) / 2
    assert high - low == pytest.approx(0.277, rel=0.2) and low < estimate < high
    one = generator.random(30)
    assert bootstrap_group_means([one]) == pytest.approx(bootstrap_mean(one))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one"),
        (np.zeros((2, 2, 2)), "shape"),
        ([0.5, math.nan, math.inf], "2 of 3 values are not finite"),
    ],
)
def test_unusable_values_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        bootstrap_mean(values)


def test_statistic_of_all_cases_is_exact_for_the_mean_and_refuses_what_is_not_finite():
    values = np.random.default_rng(0).normal(size=(40, 3))
    estimate, low, high = bootstrap_statistic(values, lambda drawn: drawn[:, 0].mean(), resamples=2000)
    expected = bootstrap_mean(values[:, 0])
    assert (estimate, low, high) == pytest.approx(expected, abs=0.03)
    with pytest.raises(InputError, match="not finite"):
        bootstrap_statistic([[1.0], [np.nan]], np.mean)
    assert np.isnan(bootstrap_statistic([[1.0, 2.0]], np.mean)[1:]).all()


def test_cases_that_all_agree_leave_the_interval_of_a_share():
    ones = np.ones(16)
    mean, low, high = bootstrap_mean(ones, bounds=SHARE)
    assert (mean, high) == (1.0, 1.0) and low == pytest.approx(stats.beta.ppf(0.025, 16, 1))  # Clopper and Pearson
    assert bootstrap_mean(ones)[1:] == (1.0, 1.0)
    _, low, high = paired_bootstrap(ones, ones)
    assert -low == high == pytest.approx(1 - stats.beta.ppf(0.025, 16, 1))


def test_groups_that_agree_widen_the_interval_of_their_mean():
    varied, same = np.tile([0.0, 1.0], 8), np.full(6, 0.5)
    alone = bootstrap_group_means([varied, same])
    wide = bootstrap_group_means([varied, same], bounds=SHARE)
    others = 1 - 0.025 ** (1 / 6)
    assert wide[0] == alone[0]
    assert wide[0] - wide[1] == pytest.approx(math.hypot(alone[0] - alone[1], 0.5 * others * 0.5))
    assert wide[2] - wide[0] == pytest.approx(math.hypot(alone[2] - alone[0], 0.5 * others * 0.5))


def test_few_cases_that_nearly_agree_are_no_surer_than_cases_that_agree():
    near = bootstrap_mean([0.268, 0.269], bounds=SHARE)
    assert near == pytest.approx(bootstrap_mean([0.2685, 0.2685], bounds=SHARE))
    six = np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    assert bootstrap_mean(six, bounds=SHARE) == bootstrap_mean(six)  # enough for a bootstrap
    apart = bootstrap_group_means([[0.268, 0.269], six], bounds=SHARE)
    assert apart[2] - apart[0] > bootstrap_group_means([six, six], bounds=SHARE)[2] - six.mean()


@pytest.mark.parametrize("number", [2, 3, 4, 5])
@pytest.mark.parametrize("draw", ["uniform", "share of .3", "near one"])
def test_interval_of_few_cases_covers_the_true_mean(number, draw):
    generator, sets = np.random.default_rng(number), 300
    values, mean = {
        "uniform": (generator.uniform(size=(sets, number)), 0.5),
        "share of .3": (generator.uniform(size=(sets, number)) < 0.3, 0.3),
        "near one": (generator.beta(18, 2, size=(sets, number)), 0.9),
    }[draw]
    found = [bootstrap_mean(of_set.astype(float), resamples=200, bounds=SHARE) for of_set in values]
    assert np.mean([low <= mean <= high for _, low, high in found]) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / sets)
