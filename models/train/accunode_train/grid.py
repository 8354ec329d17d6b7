"""Numbers whose f32 sums are exact.

A multiple of 2^-20 below 16 in absolute value fits f32's 24 significant bits, so any order of
adding such numbers gives the same bits as long as no partial sum leaves that range.
"""

import numpy as np

STEP = 2.0**-20
EXACT_BELOW = 16.0


def on_grid(values: np.ndarray | float) -> np.ndarray:
    """The nearest multiples of the step (off by at most 5e-7)."""
    return np.round(np.asarray(values, dtype=np.float64) / STEP) * STEP


def require_exact_sum(largest_terms: np.ndarray) -> None:
    """Refuse terms whose absolute values could add up beyond the exact range."""
    total = float(np.abs(largest_terms).sum())
    if total >= EXACT_BELOW:
        raise ValueError(f"sums up to {total} are not exact in f32")
