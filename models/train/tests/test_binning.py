import numpy as np

from accunode_train.binning import SMALLEST_SHARE, fit_bins


def sample(direction: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    x = random.normal(size=4000).astype(np.float32).astype(np.float64)
    bankrupt = (random.random(4000) < 1 / (1 + np.exp(2 - direction * x))).astype(int)
    return x, bankrupt


def test_evidence_moves_in_the_declared_direction():
    for direction in (+1, -1):
        x, bankrupt = sample(direction)
        assert np.all(np.diff(fit_bins(x, bankrupt, direction).woe) * direction > 0)


def test_a_free_ratio_finds_its_own_direction():
    x, bankrupt = sample(-1)
    assert np.all(np.diff(fit_bins(x, bankrupt, 0).woe) < 0)


def test_no_bin_is_smaller_than_its_share():
    x, bankrupt = sample(+1)
    bins = fit_bins(x, bankrupt, +1)
    assert np.bincount(bins.index(x)).min() >= SMALLEST_SHARE * len(x)


def test_missing_is_no_evidence_and_leaves_the_bins_alone():
    x, bankrupt = sample(+1)
    with_missing = fit_bins(np.r_[x, np.full(500, np.nan)], np.r_[bankrupt, np.ones(500, int)], +1)
    alone = fit_bins(x, bankrupt, +1)
    np.testing.assert_array_equal(with_missing.woe, alone.woe)
    assert alone.evidence(np.array([np.nan]))[0] == 0.0


def test_a_cut_belongs_to_the_bin_below():
    x, bankrupt = sample(+1)
    bins = fit_bins(x, bankrupt, +1)
    above = np.nextafter(bins.cuts.astype(np.float32), np.float32(np.inf)).astype(np.float64)
    np.testing.assert_array_equal(bins.index(bins.cuts) + 1, bins.index(above))


def test_a_heap_at_the_upper_bound_stays_a_bin_of_its_own():
    x, bankrupt = sample(+1)
    x = np.minimum(x, 0.5)
    bins = fit_bins(x, np.where(x == 0.5, 1, bankrupt), +1)
    assert np.all(x[bins.index(x) == len(bins.cuts)] == 0.5)
