"""Platt calibration, and the prior correction from the sample to a population."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class Platt:
    """calibrated log-odds = slope * raw log-odds + offset."""

    slope: float
    offset: float

    def __call__(self, log_odds: np.ndarray) -> np.ndarray:
        return self.slope * log_odds + self.offset


def fit_platt(out_of_fold_log_odds: np.ndarray, bankrupt: np.ndarray) -> Platt:
    """Maximum likelihood on log-odds the model gave to rows it had not seen."""
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    fitted.fit(out_of_fold_log_odds[:, None], bankrupt)
    return Platt(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-log_odds))


def prior_odds_factor(target_default_rate: float, base_rate: float) -> float:
    """k = [pi/(1-pi)] * [(1-pi_s)/pi_s]."""
    return target_default_rate / (1 - target_default_rate) * (1 - base_rate) / base_rate


def probability_of_default(
    log_odds: np.ndarray, target_default_rate: float, base_rate: float
) -> np.ndarray:
    """PD = p*k / (p*k + 1 - p) with p = sigmoid(log-odds on the sample's scale)."""
    return sigmoid(log_odds + np.log(prior_odds_factor(target_default_rate, base_rate)))
