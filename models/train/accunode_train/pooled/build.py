"""Builds version 2 of both kinds: train, validate, export."""

from collections.abc import Callable

import numpy as np

from accunode_train import artefact, export, golden, importance
from accunode_train.artefact import Artefact
from accunode_train.manifest import log_odds_quantiles
from accunode_train.pooled import card, facts, models, rated, report
from accunode_train.pooled.curves import CurveCard
from accunode_train.pooled.models import WEIGHTS, QuarterlyModel
from accunode_train.pooled.populations import Population, load
from accunode_train.ratios import ANNUAL, QUARTERLY

CREATED = "2026-11-27"
VERSION = "2.0.0"


def annual() -> Artefact:
    populations = load(ANNUAL, WEIGHTS["annual"])
    model = models.train_annual(populations)
    inputs, event = _taught(populations)
    graph = export.annual_graph(model.card)
    rows = golden.golden_inputs(ANNUAL, inputs, event, model.card.cuts)
    weights = [_curve_weights(model.card, [p for p in populations if p.one_year])]
    manifest = facts.common(
        kind="annual",
        version=VERSION,
        created=CREATED,
        description="Probability of default over 12 months from five annual ratios: a calibrated "
        "logistic model on smooth monotone curves, learned from Polish and US companies.",
        ratios=ANNUAL,
        populations=populations,
        card=model.card,
        importance=_even(weights),
        operators=export.operators(graph),
        outputs=[{"name": "contributions", "columns": len(ANNUAL)}],
        sha256=artefact.sha256_of(graph),
        golden_rows=len(rows),
    )
    validation = report.figures("annual", populations, model, manifest)
    validation["rated"] = rated.summary(manifest["sha256"])
    return _artefact(graph, manifest | report.brief(validation), rows, model, inputs, validation)


def quarterly() -> Artefact:
    populations = load(QUARTERLY, WEIGHTS["quarterly"])
    model = models.train_quarterly(populations)
    inputs, event = _taught(populations)
    graph = export.quarterly_graph(model.card, model.forest)
    rows = golden.golden_inputs(QUARTERLY, inputs, event, model.card.cuts, model.forest)
    weights = [_shapley_weights(model, p) for p in populations if p.one_year]
    taught = [model.log_odds(p.inputs) for p in populations if p.one_year]
    manifest = facts.common(
        kind="quarterly",
        version=VERSION,
        created=CREATED,
        description="Probability of default over 12 months from six ratios of a quarterly statement: "
        "smooth monotone curves, gradient boosted trees and their blend, learned from Polish and US "
        "companies.",
        ratios=QUARTERLY,
        populations=populations,
        card=model.card,
        importance=_even(weights),
        operators=export.operators(graph),
        outputs=[
            {"name": "contributions", "columns": len(QUARTERLY)},
            {"name": "gbm_log_odds", "columns": 1},
        ],
        sha256=artefact.sha256_of(graph),
        golden_rows=len(rows),
    )
    manifest |= {
        "ensemble": {
            "weight_gbm": models.WEIGHT_GBM,
            "a": model.ensemble.slope,
            "b": model.ensemble.offset,
            "log_odds": "a * (weight_gbm * gbm + (1 - weight_gbm) * logistic) + b",
        },
        "percentiles": {
            name: log_odds_quantiles(np.concatenate([scores[name] for scores in taught]))
            for name in ("logistic", "gbm")
        },
        "shapley_reference": model.forest.medians.tolist(),
    }
    validation = report.figures("quarterly", populations, model, manifest)
    return _artefact(graph, manifest | report.brief(validation), rows, model, inputs, validation)


RELEASE: dict[str, Callable[[], Artefact]] = {"annual": annual, "quarterly": quarterly}


def _artefact(
    graph, manifest: dict, rows: np.ndarray, model, inputs: np.ndarray, validation: dict
) -> Artefact:
    built = Artefact(
        graph,
        manifest,
        rows,
        artefact.expected_outputs(model.log_odds(rows), manifest),
        model.log_odds,
        card.render,
        validation,
    )
    stress = np.vstack([rows, inputs])
    expected = artefact.expected_outputs(model.log_odds(stress), manifest)
    served = artefact.run_graph(graph.SerializeToString(deterministic=True), manifest, stress)
    artefact.require_close(served, expected, "onnxruntime")
    return built


def _taught(populations: list[Population]) -> tuple[np.ndarray, np.ndarray]:
    kept = [p for p in populations if p.one_year]
    return np.vstack([p.inputs for p in kept]), np.concatenate([p.event for p in kept])


def _curve_weights(card: CurveCard, populations: list[Population]) -> np.ndarray:
    """Mean absolute distance from the mean contribution, over the companies that have the ratio."""
    sizes = [[] for _ in card.ratios]
    for population in populations:
        contributions = card.contributions(population.inputs)
        for j, size in enumerate(sizes):
            present = contributions[~np.isnan(population.inputs[:, j]), j]
            if len(present):
                size.append(np.abs(present - present.mean()).mean())
    return np.array([np.mean(size) for size in sizes])


def _shapley_weights(model: QuarterlyModel, population: Population) -> np.ndarray:
    filled = np.where(np.isnan(population.inputs), model.forest.medians, population.inputs)
    return importance.of_shapley(lambda x: model.log_odds(x)["ensemble"], filled, model.forest.medians)


def _even(weights: list[np.ndarray]) -> np.ndarray:
    mean = np.mean(weights, axis=0)
    return mean / mean.sum()
