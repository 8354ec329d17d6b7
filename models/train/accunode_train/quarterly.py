"""The quarterly model: a scorecard and boosted trees over six ratios, and their blend."""

from dataclasses import dataclass

import numpy as np

from accunode_train import scorecard, trees
from accunode_train.calibration import Platt, fit_platt
from accunode_train.ratios import QUARTERLY
from accunode_train.scorecard import Logistic, Scorecard
from accunode_train.trees import Boosted, Forest
from accunode_train.validation import REPEATS, out_of_fold

STRENGTH = 0.1
WEIGHT_GBM = 0.8


@dataclass(frozen=True)
class QuarterlyModel:
    """Three probabilities: `logistic`, `gbm` and `ensemble`, the one that is served."""

    card: Scorecard
    forest: Forest
    ensemble: Platt

    def log_odds(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        logistic, gbm = self.card.log_odds(inputs), self.forest.log_odds(inputs)
        return {
            "logistic": logistic,
            "gbm": gbm,
            "ensemble": self.ensemble(blend(gbm, logistic)),
        }


def blend(gbm: np.ndarray, logistic: np.ndarray) -> np.ndarray:
    return WEIGHT_GBM * gbm + (1 - WEIGHT_GBM) * logistic


def train(inputs: np.ndarray, bankrupt: np.ndarray) -> QuarterlyModel:
    """Fit both, calibrate each on out-of-fold scores, then calibrate their blend."""
    repeated = np.tile(bankrupt, REPEATS)
    unseen_logistic = out_of_fold(_fit_logistic, inputs, bankrupt).ravel()
    unseen_gbm = out_of_fold(_fit_gbm, inputs, bankrupt).ravel()
    logistic, gbm = fit_platt(unseen_logistic, repeated), fit_platt(unseen_gbm, repeated)
    ensemble = fit_platt(blend(gbm(unseen_gbm), logistic(unseen_logistic)), repeated)
    return QuarterlyModel(
        scorecard.calibrated(_fit_logistic(inputs, bankrupt), logistic),
        trees.calibrated(_fit_gbm(inputs, bankrupt), gbm),
        ensemble,
    )


def _fit_logistic(inputs: np.ndarray, bankrupt: np.ndarray) -> Logistic:
    return scorecard.fit_logistic(QUARTERLY, inputs, bankrupt, STRENGTH)


def _fit_gbm(inputs: np.ndarray, bankrupt: np.ndarray) -> Boosted:
    return trees.fit_boosted(QUARTERLY, inputs, bankrupt)
