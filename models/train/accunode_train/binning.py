"""Monotone weight-of-evidence bins: a ratio becomes a few steps of evidence for default.

Twenty quantile bins are pooled until the default rate moves in one direction only, then
joined until each holds at least 4 % of the rows. WOE = ln(share of defaults / share of
survivors); positive means riskier. A missing ratio is no evidence at all: WOE 0, because
in the training data missing says who delivered the numbers rather than how the firm stood.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

QUANTILE_BINS = 20
SMALLEST_SHARE = 0.04
SMOOTHING = 0.5


@dataclass(frozen=True)
class Bins:
    """`woe[i]` holds for cuts[i-1] < x <= cuts[i]; every cut is an f32 number."""

    cuts: np.ndarray
    woe: np.ndarray

    def index(self, x: np.ndarray) -> np.ndarray:
        """The bin of each present value."""
        return np.searchsorted(self.cuts, x, side="left")

    def evidence(self, x: np.ndarray) -> np.ndarray:
        """WOE of each value, 0 where it is missing."""
        return np.where(np.isnan(x), 0.0, self.woe[self.index(np.nan_to_num(x))])


def fit_bins(x: np.ndarray, bankrupt: np.ndarray, direction: int) -> Bins:
    """Bin the present values of one ratio; `direction` as in `Ratio`."""
    present = ~np.isnan(x)
    x, bankrupt = x[present], bankrupt[present]
    cuts = _quantile_cuts(x)
    rows, bad = _counts(x, bankrupt, cuts)
    direction = direction or _better_direction(rows, bad)
    blocks = _join_small(_monotone_blocks(rows, bad, direction), rows, bad)
    cuts = np.array([cuts[block[-1]] for block in blocks[:-1]])
    rows, bad = _counts(x, bankrupt, cuts)
    # Smoothing can turn round two bins of nearly the same rate but different size.
    woe = isotonic_regression(_woe(rows, bad), sample_weight=rows, increasing=direction > 0)
    changes = np.diff(woe) != 0
    return Bins(cuts[changes], woe[np.r_[True, changes]])


def _quantile_cuts(x: np.ndarray) -> np.ndarray:
    """Cuts at observed values; a heap at the maximum (a clamped bound) stays a bin of its own."""
    levels = np.arange(1, QUANTILE_BINS) / QUANTILE_BINS
    cuts = np.quantile(x, levels, method="inverted_cdf")
    below_top = x[x < x.max()]
    cuts = np.where(cuts >= x.max(), below_top.max(), cuts)
    return np.unique(cuts)


def _counts(x: np.ndarray, bankrupt: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = np.searchsorted(cuts, x, side="left")
    rows = np.bincount(index, minlength=len(cuts) + 1)
    bad = np.bincount(index, weights=bankrupt, minlength=len(cuts) + 1)
    return rows.astype(np.float64), bad


def _monotone_rate(rows: np.ndarray, bad: np.ndarray, direction: int) -> np.ndarray:
    return isotonic_regression(bad / rows, sample_weight=rows, increasing=direction > 0)


def _better_direction(rows: np.ndarray, bad: np.ndarray) -> int:
    def misfit(direction: int) -> float:
        return float((rows * (bad / rows - _monotone_rate(rows, bad, direction)) ** 2).sum())

    return min((+1, -1), key=misfit)


def _monotone_blocks(rows: np.ndarray, bad: np.ndarray, direction: int) -> list[list[int]]:
    rate = _monotone_rate(rows, bad, direction)
    starts = np.flatnonzero(np.r_[True, np.diff(rate) != 0])
    return [list(block) for block in np.split(np.arange(len(rate)), starts[1:])]


def _join_small(blocks: list[list[int]], rows: np.ndarray, bad: np.ndarray) -> list[list[int]]:
    """Join the smallest block to the neighbour whose rate is nearest until none is too small."""
    blocks = [list(block) for block in blocks]

    def rate(block: list[int]) -> float:
        return bad[block].sum() / rows[block].sum()

    while len(blocks) > 1:
        sizes = [rows[block].sum() for block in blocks]
        small = int(np.argmin(sizes))
        if sizes[small] >= SMALLEST_SHARE * rows.sum():
            break
        neighbours = [i for i in (small - 1, small + 1) if 0 <= i < len(blocks)]
        nearest = min(neighbours, key=lambda i: abs(rate(blocks[i]) - rate(blocks[small])))
        left, right = sorted((small, nearest))
        blocks[left : right + 1] = [blocks[left] + blocks[right]]
    return blocks


def _woe(rows: np.ndarray, bad: np.ndarray) -> np.ndarray:
    good = rows - bad
    return np.log(
        (bad + SMOOTHING) / (bad.sum() + SMOOTHING) * (good.sum() + SMOOTHING) / (good + SMOOTHING)
    )
