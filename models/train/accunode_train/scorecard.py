"""A logistic regression on weight-of-evidence bins, calibrated, as a table of points.

Points are the calibrated contributions to the log-odds, rounded to a grid of 2^-20. Sums of
such numbers are exact in f32 whatever their order, so the graph, the reference below and
every machine agree to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from accunode_train.binning import Bins, fit_bins
from accunode_train.calibration import Platt
from accunode_train.grid import on_grid
from accunode_train.ratios import Ratio, clip_to_bounds


@dataclass(frozen=True)
class Logistic:
    """The fitted model before calibration."""

    ratios: tuple[Ratio, ...]
    bins: tuple[Bins, ...]
    intercept: float
    coefficients: np.ndarray
    covariance: np.ndarray
    """Of (intercept, coefficients): the inverse of the penalised information matrix."""

    def evidence(self, inputs: np.ndarray) -> np.ndarray:
        return _evidence(self.bins, clip_to_bounds(inputs, self.ratios))

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        return self.intercept + self.evidence(inputs) @ self.coefficients


def fit_logistic(
    ratios: tuple[Ratio, ...], inputs: np.ndarray, bankrupt: np.ndarray, strength: float
) -> Logistic:
    """Fit bins and weights; `strength` is the inverse of the L2 penalty (C)."""
    bins = tuple(fit_bins(inputs[:, j], bankrupt, r.direction) for j, r in enumerate(ratios))
    evidence = _evidence(bins, inputs)
    # Newton's method converges to machine precision, so a rebuild elsewhere ends at the same point.
    fitted = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12, max_iter=200)
    fitted.fit(evidence, bankrupt)
    p = fitted.predict_proba(evidence)[:, 1]
    design = np.column_stack([np.ones(len(evidence)), evidence])
    information = design.T @ (design * (p * (1 - p))[:, None])
    information[1:, 1:] += np.eye(len(ratios)) / strength
    return Logistic(
        ratios, bins, float(fitted.intercept_[0]), fitted.coef_[0].copy(), np.linalg.inv(information)
    )


@dataclass(frozen=True)
class Scorecard:
    """The calibrated model: log-odds (on the sample's scale) = base + sum of contributions."""

    ratios: tuple[Ratio, ...]
    bins: tuple[Bins, ...]
    points: tuple[np.ndarray, ...]
    base_log_odds: float
    coefficients: np.ndarray
    covariance: np.ndarray

    @property
    def cuts(self) -> list[np.ndarray]:
        return [bins.cuts for bins in self.bins]

    def contributions(self, inputs: np.ndarray) -> np.ndarray:
        """One column per ratio; a missing ratio contributes exactly 0."""
        x = clip_to_bounds(inputs, self.ratios)
        columns = []
        for j, (bins, points) in enumerate(zip(self.bins, self.points, strict=True)):
            present = np.nan_to_num(x[:, j])
            columns.append(np.where(np.isnan(x[:, j]), 0.0, points[bins.index(present)]))
        return np.column_stack(columns)

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        """Summed left to right, as the service does it."""
        total = np.full(len(inputs), self.base_log_odds)
        for column in self.contributions(inputs).T:
            total = total + column
        return total


def calibrated(model: Logistic, platt: Platt) -> Scorecard:
    """Fold the calibration into weights, points and covariance."""
    coefficients = platt.slope * model.coefficients
    points = tuple(on_grid(c * bins.woe) for c, bins in zip(coefficients, model.bins, strict=True))
    return Scorecard(
        model.ratios,
        model.bins,
        points,
        platt.slope * model.intercept + platt.offset,
        coefficients,
        platt.slope**2 * model.covariance,
    )


def require_positive_weights(card: Scorecard) -> None:
    """Evidence for default must never lower the PD, and the service divides by the weights."""
    if np.any(card.coefficients <= 1e-3):
        raise ValueError(f"a weight is not positive: {card.coefficients}")


def standard_error(card: Scorecard, contributions: np.ndarray) -> np.ndarray:
    """Of the log-odds, from the contributions alone: x = [1, contribution_j / coefficient_j]."""
    x = np.column_stack([np.ones(len(contributions)), contributions / card.coefficients])
    return np.sqrt(np.einsum("ij,jk,ik->i", x, card.covariance, x))


def _evidence(bins: tuple[Bins, ...], inputs: np.ndarray) -> np.ndarray:
    return np.column_stack([b.evidence(inputs[:, j]) for j, b in enumerate(bins)])
