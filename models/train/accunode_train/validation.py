"""Cross-validation: everything that is learned is learned again inside every fold."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve
from sklearn.model_selection import RepeatedStratifiedKFold

from accunode_train.calibration import sigmoid

FOLDS = 5
REPEATS = 2
SEED = 2016
BOOTSTRAPS = 1000


class Scores(Protocol):
    """A trained model: calibrated log-odds by the name of the probability they give."""

    def log_odds(self, inputs: np.ndarray) -> dict[str, np.ndarray]: ...


class RawScores(Protocol):
    def log_odds(self, inputs: np.ndarray) -> np.ndarray: ...


def out_of_fold(
    fit: Callable[[np.ndarray, np.ndarray], RawScores], inputs: np.ndarray, bankrupt: np.ndarray
) -> np.ndarray:
    """Raw log-odds of every row by models that did not see it: [repeats, rows]."""
    scores = np.empty((REPEATS, len(bankrupt)))
    for repeat, train, test in _splits(inputs, bankrupt, SEED + 1):
        scores[repeat, test] = fit(inputs[train], bankrupt[train]).log_odds(inputs[test])
    return scores


def cross_validate(
    train_model: Callable[[np.ndarray, np.ndarray], Scores], inputs: np.ndarray, bankrupt: np.ndarray
) -> dict[str, dict]:
    """Figures per probability: mean, spread and range over the folds, and an interval for the AUC."""
    folds: dict[str, list[dict[str, float]]] = {}
    unseen: dict[str, np.ndarray] = {}
    for _, train, test in _splits(inputs, bankrupt, SEED):
        model = train_model(inputs[train], bankrupt[train])
        for name, scores in model.log_odds(inputs[test]).items():
            folds.setdefault(name, []).append(_figures(bankrupt[test], scores))
            unseen.setdefault(name, np.zeros(len(bankrupt)))[test] += scores / REPEATS
    summary = {}
    for name, rows in folds.items():
        summary[name] = {figure: _spread([row[figure] for row in rows]) for figure in rows[0]}
        summary[name]["auc"]["interval_95"] = _auc_interval(bankrupt, unseen[name])
    return summary


def single_ratio_auc(values: np.ndarray, bankrupt: np.ndarray, direction: int) -> dict:
    """The same folds scored by one ratio alone (missing as its median): a bar to clear."""
    filled = direction * np.where(np.isnan(values), np.nanmedian(values), values)
    splits = _splits(filled[:, None], bankrupt, SEED)
    return _spread([float(roc_auc_score(bankrupt[test], filled[test])) for _, _, test in splits])


def _splits(inputs: np.ndarray, bankrupt: np.ndarray, seed: int):
    split = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    for i, (train, test) in enumerate(split.split(inputs, bankrupt)):
        yield i // FOLDS, train, test


def _figures(bankrupt: np.ndarray, log_odds: np.ndarray) -> dict[str, float]:
    p = sigmoid(log_odds)
    false_alarms, hits, _ = roc_curve(bankrupt, log_odds)
    return {
        "auc": float(roc_auc_score(bankrupt, log_odds)),
        "ks": float(np.max(hits - false_alarms)),
        "brier": float(brier_score_loss(bankrupt, p)),
        "log_loss": float(log_loss(bankrupt, p)),
        "mean_predicted": float(p.mean()),
    }


def _spread(values: list[float]) -> dict:
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "min": min(values),
        "max": max(values),
        "folds": len(values),
    }


def _auc_interval(bankrupt: np.ndarray, scores: np.ndarray) -> list[float]:
    """Percentiles of a stratified bootstrap of the out-of-fold scores."""
    random = np.random.default_rng(SEED)
    bad, good = scores[bankrupt == 1], scores[bankrupt == 0]
    labels = np.r_[np.ones(len(bad)), np.zeros(len(good))]
    draws = [
        roc_auc_score(labels, np.r_[random.choice(bad, len(bad)), random.choice(good, len(good))])
        for _ in range(BOOTSTRAPS)
    ]
    return [float(q) for q in np.quantile(draws, [0.025, 0.975])]
