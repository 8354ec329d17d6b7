"""The figures of the validation: what the card and the pages of the report tell."""

from collections.abc import Callable

import numpy as np

from accunode_train.calibration import prior_odds_factor, sigmoid
from accunode_train.pooled import models, validation
from accunode_train.pooled.populations import Population, load
from accunode_train.ratios import ANNUAL, QUARTERLY, Ratio

SERVED = {"annual": "logistic", "quarterly": "ensemble"}
PD_EDGES = 0.0005 * 2.0 ** np.arange(0, 11)
"""From 0.05 % in doublings to 51 %."""
STRETCH = 121


def figures(kind: str, populations: list[Population], model, manifest: dict) -> dict:
    """All of `validation.json`."""
    ratios = {"annual": ANNUAL, "quarterly": QUARTERLY}[kind]
    train = {"annual": _scores(models.train_annual), "quarterly": _scores(models.train_quarterly)}[kind]
    served = SERVED[kind]
    found = validation.cross_validate(train, populations)
    shift = np.log(prior_odds_factor(manifest["target_default_rate"], manifest["base_rate"]))
    told: dict[str, dict] = {}
    for population in populations:
        if not population.one_year:
            continue
        by_name = found[population.name]
        unseen = {name: figure.pop("unseen") for name, figure in by_name.items()}[served]
        at_home = validation.at_home(unseen, population, populations)
        pd = sigmoid(unseen + shift)
        told[population.name] = {
            "scores": by_name,
            "calibration": validation.calibration(at_home, population.event),
            "pd": _distribution(pd),
        }
    return {
        "model": f"{manifest['name']} {manifest['version']}",
        "sha256": manifest["sha256"],
        "cross_validation": told,
        "time_split": validation.time_split(train, populations),
        "across": validation.across(train, populations),
        "comparison": comparison(kind, ratios, populations),
        "curves": shapes(model.card),
    }


def brief(found: dict) -> dict:
    """What the manifest keeps of it."""
    return {
        "metrics": {
            "cross_validation": {
                population: told["scores"] for population, told in found["cross_validation"].items()
            },
            "time_split": found["time_split"],
        },
        "comparison": found["comparison"],
    }


def comparison(kind: str, ratios: tuple[Ratio, ...], populations: list[Population]) -> list[dict]:
    """Other ways to score the same companies, the best first where it is known."""
    rows = []
    if kind == "annual":
        boosted = validation.cross_validate(
            lambda training: {"gbm": models.fit_trees(training, ratios).log_odds}, populations
        )
        rows.append({"name": "gradient boosting on the same ratios", "auc": _aucs(boosted, "gbm")})
    rows.append({"name": "Altman Z'', without retained earnings", "auc": _altman()})
    for j, ratio in enumerate(ratios):
        direction = ratio.direction or models.QUARTERLY_FORM.directions[j]
        score = validation.alone(ratios, j, direction)
        taught = [p for p in populations if not np.isnan(p.inputs[:, j]).all()]
        rows.append({"name": f"{ratio.label} alone", "auc": validation.whole(score, taught)})
    return rows


def shapes(card) -> list[dict]:
    """Each curve at even steps of its range, as the graph gives it."""
    found = []
    for ratio, table in zip(card.ratios, card.tables, strict=True):
        x = np.linspace(ratio.low, ratio.high, STRETCH).astype(np.float32).astype(np.float64)
        values = table(x)
        found.append(
            {
                "name": ratio.name,
                "x": [float(f"{v:.6g}") for v in x],
                "contribution": [float(f"{v:.5f}") for v in values],
            }
        )
    return found


def _scores(train: Callable) -> validation.Train:
    def trained(populations: list[Population]) -> dict[str, validation.Score]:
        model = train(populations)
        names = model.log_odds(populations[0].inputs[:1])
        return {name: (lambda x, name=name: model.log_odds(x)[name]) for name in names}

    return trained


def _aucs(found: dict[str, dict], name: str) -> dict[str, dict]:
    return {
        population: {"value": by[name]["auc"]["mean"], "interval_95": by[name]["auc"]["interval_95"]}
        for population, by in found.items()
    }


def _altman() -> dict[str, dict]:
    """6.56 · working capital/assets + 6.72 · return on assets + 1.05 · equity/debt.

    Retained earnings (3.26) are in neither source, and return on assets is after interest and tax:
    this is the part of Altman's Z'' that the eleven ratios hold.
    """
    both = load((ANNUAL[4], QUARTERLY[5], QUARTERLY[2]), (1.0, 1.0, 1.0))

    def score(inputs: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(inputs), np.nanmedian(inputs, axis=0), inputs)
        equity = np.clip(1 / np.maximum(filled[:, 2], 1e-3), 0, 10)
        return -(6.56 * filled[:, 1] + 6.72 * filled[:, 0] + 1.05 * equity)

    return validation.whole(score, both)


def _distribution(pd: np.ndarray) -> dict:
    counts, _ = np.histogram(pd, bins=np.r_[0, PD_EDGES, 1])
    return {
        "edges": PD_EDGES.tolist(),
        "shares": (counts / len(pd)).tolist(),
        "quantiles": {
            f"{int(q * 100)}%": float(f"{np.quantile(pd, q):.4g}")
            for q in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
        },
        "mean": float(pd.mean()),
        "distinct": float(len(np.unique(pd)) / len(pd)),
    }
