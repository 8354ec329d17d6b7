"""How good the models are, on rows they did not see: everything is learned again inside every fold."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from accunode_train.calibration import sigmoid
from accunode_train.pooled.level import base_rate, logit
from accunode_train.pooled.models import folds
from accunode_train.pooled.populations import Population, without_twins
from accunode_train.ratios import Ratio

REPEATS = 2
SEED = 2026
BOOTSTRAPS = 1000
LAST_TRAINING_YEAR = 2016
DECILES = 10

Score = Callable[[np.ndarray], np.ndarray]
Train = Callable[[list[Population]], dict[str, Score]]


def cross_validate(train: Train, populations: list[Population]) -> dict[str, dict]:
    """Per population and per name of a score: figures over 5 folds × 2, and the mean score of a row."""
    unseen: dict[str, list[np.ndarray]] = {}
    figures: dict[tuple[int, str], list[dict]] = {}
    for repeat in range(REPEATS):
        for training, tested in folds(populations, SEED + 100 * repeat):
            for name, score in train(training).items():
                sums = unseen.setdefault(name, [np.zeros(len(p.event)) for p in populations])
                for place, rows in tested.items():
                    population = populations[place]
                    scores = score(population.inputs[rows])
                    sums[place][rows] += scores / REPEATS
                    found = _figures(population.event[rows], at_home(scores, population, populations))
                    figures.setdefault((place, name), []).append(found)
    summary: dict[str, dict] = {}
    for (place, name), rows in figures.items():
        population = populations[place]
        entry = {figure: spread([row[figure] for row in rows]) for figure in rows[0]}
        entry["auc"]["interval_95"] = auc_interval(population.event, unseen[name][place])
        summary.setdefault(population.name, {})[name] = entry | {"unseen": unseen[name][place]}
    return summary


def at_home(scores: np.ndarray, population: Population, populations: list[Population]) -> np.ndarray:
    """Log-odds on the sample's scale, moved to the population's own rate of events."""
    return scores + logit(population.rate) - logit(base_rate(populations))


def time_split(train: Train, populations: list[Population]) -> dict:
    """Poland and the US up to a year teach, later US statements are tested.

    The weak teacher stays out: who had failed by 2018 was not known before.
    """
    poland, us = (p for p in populations if p.one_year)
    tested = us.rows(us.year > LAST_TRAINING_YEAR)
    training = without_twins([poland, us.rows(us.year <= LAST_TRAINING_YEAR)], [tested])
    return _tested(train(training), tested) | {"last_training_year": LAST_TRAINING_YEAR}


def across(train: Train, populations: list[Population]) -> dict[str, dict]:
    """What a model of one country is worth in the other."""
    poland, us, weak = populations
    return {
        us.name: _tested(train([poland]), us),
        poland.name: _tested(train([us, weak]), poland),
    }


def _tested(scores: dict[str, Score], tested: Population) -> dict:
    facts: dict = {"rows": len(tested.event), "events": int(tested.event.sum()), "auc": {}}
    for name, score in scores.items():
        values = score(tested.inputs)
        interval = auc_interval(tested.event, values)
        facts["auc"][name] = {
            "value": float(roc_auc_score(tested.event, values)),
            "interval_95": interval,
        }
    return facts


def alone(ratios: tuple[Ratio, ...], j: int, direction: int) -> Score:
    """A single ratio as a score; missing as the middle of what is there."""

    def score(inputs: np.ndarray) -> np.ndarray:
        x = inputs[:, j]
        return direction * np.where(np.isnan(x), np.nanmedian(x) if not np.isnan(x).all() else 0.0, x)

    return score


def whole(score: Score, populations: list[Population]) -> dict[str, dict]:
    """A score that learns nothing: its AUC in each one-year population, with an interval."""
    found = {}
    for population in populations:
        if population.one_year:
            values = score(population.inputs)
            found[population.name] = {
                "value": float(roc_auc_score(population.event, values)),
                "interval_95": auc_interval(population.event, values),
            }
    return found


def calibration(log_odds: np.ndarray, event: np.ndarray) -> list[dict]:
    """Predicted and observed shares of tenths of the rows, with Wilson's 95 % interval."""
    predicted = sigmoid(log_odds)
    order = np.argsort(predicted, kind="stable")
    bins = []
    for rows in np.array_split(order, DECILES):
        count, bad = len(rows), float(event[rows].sum())
        low, high = wilson(bad, count)
        bins.append(
            {
                "rows": count,
                "predicted": float(predicted[rows].mean()),
                "observed": bad / count,
                "interval_95": [low, high],
            }
        )
    return bins


def wilson(bad: float, count: int) -> tuple[float, float]:
    z = 1.96
    share = bad / count
    middle = share + z * z / (2 * count)
    width = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    below = 1 + z * z / count
    return max(0.0, float((middle - width) / below)), float((middle + width) / below)


def spread(values: list[float]) -> dict:
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "min": min(values),
        "max": max(values),
        "folds": len(values),
    }


def auc_interval(event: np.ndarray, scores: np.ndarray) -> list[float]:
    """Percentiles of a stratified bootstrap."""
    random = np.random.default_rng(SEED)
    bad, good = np.sort(scores[event == 1]), np.sort(scores[event == 0])
    # How many good ones lie below each bad one, ties as half: the AUC of a draw is a mean of counts.
    draws = []
    for _ in range(BOOTSTRAPS):
        some_bad = bad[random.integers(len(bad), size=len(bad))]
        some_good = np.sort(good[random.integers(len(good), size=len(good))])
        below = np.searchsorted(some_good, some_bad, side="left")
        upto = np.searchsorted(some_good, some_bad, side="right")
        draws.append(float((below + upto).mean() / 2 / len(good)))
    return [float(q) for q in np.quantile(draws, [0.025, 0.975])]


def _figures(event: np.ndarray, log_odds: np.ndarray) -> dict[str, float]:
    p = sigmoid(log_odds)
    false_alarms, hits, _ = roc_curve(event, log_odds)
    return {
        "auc": float(roc_auc_score(event, log_odds)),
        "ks": float(np.max(hits - false_alarms)),
        "brier": float(brier_score_loss(event, p)),
        "log_loss": float(log_loss(event, p)),
        "mean_predicted": float(p.mean()),
    }
