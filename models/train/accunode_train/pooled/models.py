"""What is trained: the annual curves, and for quarters the curves, trees and their blend."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import StratifiedKFold

from accunode_train import trees
from accunode_train.calibration import Platt
from accunode_train.pooled import curves, ramps
from accunode_train.pooled.curves import CurveCard
from accunode_train.pooled.level import fit_level, logit
from accunode_train.pooled.populations import Population, pooled, without_twins
from accunode_train.pooled.ramps import Form
from accunode_train.ratios import ANNUAL, QUARTERLY, Ratio
from accunode_train.trees import Boosted, Forest

ANNUAL_FORM = Form(
    ramps=12,
    penalty=10.0,
    smallest_rise=0.05,
    directions=(+1, +1, -1, -1, -1),
    coverage_weight=0.1,
    coverage_penalty=1000.0,
    smallest_coverage_rise=0.004,
)
# Turnovers have no sign that economics settles. Sooner-paid companies fail more often in all three
# populations; of inventories the populations disagree, and the textbook's direction is taken.
QUARTERLY_FORM = Form(
    ramps=6, penalty=10.0, smallest_rise=0.02, directions=(-1, -1, +1, -1, +1, -1)
)
WEIGHTS = {"annual": (1.0, 2.0, 0.1), "quarterly": (1.0, 1.5, 0.1)}
"""Of a row of each population: there are fewer bankruptcies in the US one, and the last label is weak."""
WEIGHT_GBM = 0.8
TREES = 90
TREE_PARAMETERS = trees.PARAMETERS | {"lambda_l2": 30.0}
FOLDS = 5
SEED = 2018


@dataclass(frozen=True)
class AnnualModel:
    """One probability, `logistic`."""

    card: CurveCard

    def log_odds(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        return {"logistic": self.card.log_odds(inputs)}


@dataclass(frozen=True)
class QuarterlyModel:
    """Three probabilities: `logistic`, `gbm` and `ensemble`, the one that is served."""

    card: CurveCard
    forest: Forest
    ensemble: Platt

    def log_odds(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        logistic, gbm = self.card.log_odds(inputs), self.forest.log_odds(inputs)
        return {"logistic": logistic, "gbm": gbm, "ensemble": self.ensemble(blend(gbm, logistic))}


def blend(gbm: np.ndarray, logistic: np.ndarray) -> np.ndarray:
    return WEIGHT_GBM * gbm + (1 - WEIGHT_GBM) * logistic


def train_annual(populations: list[Population]) -> AnnualModel:
    """Fit, then calibrate on out-of-fold scores of the same rows."""
    unseen = out_of_fold(fit_annual, populations)
    return AnnualModel(_card(fit_annual(populations), fit_level(populations, unseen), populations))


def train_quarterly(populations: list[Population]) -> QuarterlyModel:
    """Fit both, calibrate each on out-of-fold scores, then calibrate their blend."""
    unseen_curves = out_of_fold(fit_curves, populations)
    unseen_trees = out_of_fold(fit_trees, populations)
    logistic, gbm = fit_level(populations, unseen_curves), fit_level(populations, unseen_trees)
    blended = [
        blend(gbm(t), logistic(c)) for t, c in zip(unseen_trees, unseen_curves, strict=True)
    ]
    return QuarterlyModel(
        _card(fit_curves(populations), logistic, populations),
        trees.calibrated(fit_trees(populations), gbm),
        fit_level(populations, blended),
    )


def fit_annual(populations: list[Population]) -> ramps.Ramps:
    return ramps.fit(ANNUAL, populations, ANNUAL_FORM)


def fit_curves(populations: list[Population]) -> ramps.Ramps:
    return ramps.fit(QUARTERLY, populations, QUARTERLY_FORM)


def fit_trees(populations: list[Population], ratios: tuple[Ratio, ...] = QUARTERLY) -> Boosted:
    """Boosted from each population's own log-odds; missing ratios are the median of all."""
    inputs, event, weight, _ = pooled(populations)
    medians = np.array([_median(populations, j) for j in range(len(ratios))])
    start = np.concatenate([np.full(len(p.event), logit(p.rate)) for p in populations])
    parameters = TREE_PARAMETERS | {"monotone_constraints": [r.direction for r in ratios]}
    data = lgb.Dataset(trees.fill_missing(inputs, medians), event, weight=weight, init_score=start)
    return Boosted(ratios, medians, lgb.train(parameters, data, num_boost_round=TREES))


def out_of_fold(
    fit: Callable[[list[Population]], ramps.Ramps | Boosted], populations: list[Population]
) -> list[np.ndarray]:
    """Scores of every one-year row by models that did not see it, nor a twin of it."""
    scores = [np.zeros(len(p.event)) for p in populations]
    for training, tested in folds(populations, SEED):
        model = fit(training)
        for place, rows in tested.items():
            scores[place][rows] = model.log_odds(populations[place].inputs[rows])
    return scores


def folds(populations: list[Population], seed: int):
    """Pairs of training populations and the tested rows of the one-year ones, by their place.

    The weak teacher is never tested and gives all its rows but the twins of tested ones.
    """
    splits = {
        place: list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed + place).split(p.inputs, p.event))
        for place, p in enumerate(populations)
        if p.one_year
    }
    for fold in range(FOLDS):
        tested = {place: split[fold][1] for place, split in splits.items()}
        kept = [
            p.rows(splits[place][fold][0]) if place in splits else p
            for place, p in enumerate(populations)
        ]
        yield without_twins(kept, [populations[place].rows(rows) for place, rows in tested.items()]), tested


def _median(populations: list[Population], j: int) -> float:
    return float(np.float32(ramps.quantiles(populations, j, np.array([0.5]))[0]))


def _card(model: ramps.Ramps, level: Platt, populations: list[Population]) -> CurveCard:
    inputs, _, weight, _ = pooled([p for p in populations if p.one_year])
    return curves.calibrated(model, level, inputs, weight)
