"""The annual model: a calibrated scorecard over five ratios."""

from dataclasses import dataclass

import numpy as np

from accunode_train import scorecard
from accunode_train.calibration import fit_platt
from accunode_train.ratios import ANNUAL
from accunode_train.scorecard import Logistic, Scorecard
from accunode_train.validation import REPEATS, out_of_fold

STRENGTH = 0.03
"""C of the L2 penalty."""


@dataclass(frozen=True)
class AnnualModel:
    """One probability, `logistic`."""

    card: Scorecard

    def log_odds(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        return {"logistic": self.card.log_odds(inputs)}


def train(inputs: np.ndarray, bankrupt: np.ndarray) -> AnnualModel:
    """Fit, then calibrate on out-of-fold scores of the same rows."""
    unseen = out_of_fold(_fit, inputs, bankrupt)
    platt = fit_platt(unseen.ravel(), np.tile(bankrupt, REPEATS))
    return AnnualModel(scorecard.calibrated(_fit(inputs, bankrupt), platt))


def _fit(inputs: np.ndarray, bankrupt: np.ndarray) -> Logistic:
    return scorecard.fit_logistic(ANNUAL, inputs, bankrupt, STRENGTH)
