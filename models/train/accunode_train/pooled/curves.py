"""The calibrated ramps as tables that f32 arithmetic evaluates the same way everywhere.

On a stretch the contribution is value + slope · (x − knot). The three numbers of a stretch are sums of
steps that f32 adds exactly in any order; what follows are one subtraction, one multiplication and one
addition, each rounded as IEEE 754 says. So runtime, batch and processor change no bit.
"""

from dataclasses import dataclass

import numpy as np

from accunode_train.calibration import Platt
from accunode_train.grid import STEP, require_exact_sum
from accunode_train.pooled.ramps import Ramps
from accunode_train.ratios import Ratio, clip_to_bounds

BITS = 23
"""Sums of multiples of a step are exact below 2^24 steps; one bit is kept in hand."""


@dataclass(frozen=True)
class Table:
    """One ratio's stretches: stretch i holds for knots[i] < x <= knots[i + 1]."""

    knots: np.ndarray
    """The left ends."""
    values: np.ndarray
    slopes: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """In f32, as the graph does it; 0 where the ratio is missing."""
        at = np.searchsorted(self.knots[1:], np.nan_to_num(x), side="left")
        knots, values, slopes = (
            column.astype(np.float32)[at] for column in (self.knots, self.values, self.slopes)
        )
        y = slopes * (x.astype(np.float32) - knots) + values
        return np.where(np.isnan(x), 0.0, y.astype(np.float64))


@dataclass(frozen=True)
class CurveCard:
    """The calibrated model: log-odds (on the sample's scale) = base + sum of contributions."""

    ratios: tuple[Ratio, ...]
    tables: tuple[Table, ...]
    base_log_odds: float
    covariance: np.ndarray
    """Of (base, a factor on each ratio's contributions)."""

    @property
    def coefficients(self) -> np.ndarray:
        return np.ones(len(self.ratios))

    @property
    def cuts(self) -> list[np.ndarray]:
        return [table.knots[1:] for table in self.tables]

    def contributions(self, inputs: np.ndarray) -> np.ndarray:
        """One column per ratio; a missing ratio contributes exactly 0."""
        x = clip_to_bounds(inputs, self.ratios)
        return np.column_stack([table(x[:, j]) for j, table in enumerate(self.tables)])

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        """Summed left to right, as the service does it."""
        total = np.full(len(inputs), self.base_log_odds)
        for column in self.contributions(inputs).T:
            total = total + column
        return total


def calibrated(model: Ramps, platt: Platt, inputs, weight) -> CurveCard:
    """Fold the calibration into the curves; `inputs` and `weight` are the rows that teach the level."""
    tables = tuple(_table(curve, platt.slope) for curve in model.curves)
    card = CurveCard(model.ratios, tables, platt.offset, np.empty(0))
    return CurveCard(model.ratios, tables, platt.offset, _covariance(card, inputs, weight))


def _table(curve, slope: float) -> Table:
    """Left ends, values and slopes, from the lower bound to the upper one, each on its grid."""
    knots = _on_exact_grid(curve.knots)
    signed = curve.direction * slope * curve.rises
    slopes = _on_exact_grid(signed / np.diff(knots))
    value = slope * ((0.0 if curve.direction > 0 else curve.rises.sum()) - curve.neutral)
    values = [np.round(value / STEP) * STEP]
    # Rounded onwards in the curve's own direction: at a knot it never turns back.
    onwards = np.ceil if curve.direction > 0 else np.floor
    for width, steep in zip(np.diff(knots)[:-1], slopes[:-1], strict=True):
        values.append(onwards((values[-1] + steep * width) / STEP) * STEP)
    require_exact_sum(np.r_[values[0], np.diff(values)])
    return Table(knots[:-1], np.array(values), slopes)


def _on_exact_grid(numbers: np.ndarray) -> np.ndarray:
    """Rounded so that the first number and the steps between them add up exactly in f32."""
    total = abs(numbers[0]) + np.abs(np.diff(numbers)).sum()
    step = 2.0 ** (np.ceil(np.log2(max(total, STEP))) - BITS)
    return np.round(numbers / step) * step


def _covariance(card: CurveCard, inputs: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Inverse information of the base and of a factor on each curve, a standard deviation of 1 before."""
    design = np.column_stack([np.ones(len(inputs)), card.contributions(inputs)])
    p = 1 / (1 + np.exp(-card.log_odds(inputs)))
    information = design.T @ (design * (weight * p * (1 - p))[:, None])
    information[1:, 1:] += np.eye(len(card.ratios))
    return np.linalg.inv(information)
