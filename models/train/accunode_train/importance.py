"""How much of the score each ratio carries: weights that sum to 1."""

from collections.abc import Callable
from math import factorial

import numpy as np


def of_contributions(contributions: np.ndarray) -> np.ndarray:
    """Mean absolute distance of each contribution from its mean."""
    return _shares(np.abs(contributions - contributions.mean(axis=0)).mean(axis=0))


def of_shapley(
    log_odds: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Mean absolute exact Shapley value over the rows."""
    return _shares(np.abs(shapley(log_odds, inputs, reference)).mean(axis=0))


def shapley(
    log_odds: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Exact Shapley values against one reference row, by all 2^k substitutions."""
    count = inputs.shape[1]
    bits = np.arange(count)
    scores = [
        log_odds(np.where((subset >> bits) & 1, inputs, reference)) for subset in range(2**count)
    ]
    values = np.zeros(inputs.shape)
    for j in range(count):
        for subset in range(2**count):
            if subset >> j & 1:
                continue
            size = subset.bit_count()
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            values[:, j] += weight * (scores[subset | 1 << j] - scores[subset])
    return values


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()
