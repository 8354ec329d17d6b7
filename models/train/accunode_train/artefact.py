"""One artefact folder: model.onnx, manifest.json, golden.csv and CARD.md; and how version 1 is built."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from accunode_train import annual, card, export, golden, importance, manifest, quarterly
from accunode_train.calibration import Platt, probability_of_default
from accunode_train.data import Sample, load
from accunode_train.ratios import ANNUAL, QUARTERLY, Ratio
from accunode_train.scorecard import require_positive_weights
from accunode_train.validation import cross_validate, single_ratio_auc

CREATED = "2026-11-23"
VERSION = "1.0.0"
RATIOS: dict[str, tuple[Ratio, ...]] = {"annual": ANNUAL, "quarterly": QUARTERLY}


@dataclass(frozen=True)
class Artefact:
    """What is written into the folder."""

    graph: onnx.ModelProto
    manifest: dict
    golden_inputs: np.ndarray
    golden_outputs: dict[str, np.ndarray]
    log_odds: Callable[[np.ndarray], dict[str, np.ndarray]]
    render: Callable[[dict, dict | None], str] = lambda facts, _: card.render(facts)
    """The card, from manifest and validation."""
    validation: dict | None = None
    """The figures behind the pages of the report."""

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        export.save(self.graph, folder / "model.onnx")
        names = [entry["name"] for entry in self.manifest["inputs"]]
        golden.write(folder / "golden.csv", names, self.golden_inputs, self.golden_outputs)
        (folder / "manifest.json").write_text(manifest.text(self.manifest), encoding="utf-8")
        (folder / "CARD.md").write_text(self.render(self.manifest, self.validation), encoding="utf-8")
        if self.validation is not None:
            (folder / "validation.json").write_text(manifest.text(self.validation), encoding="utf-8")


def build(kind: str) -> Artefact:
    """Version 1: train on the whole sample, validate, export and compare the graph with the reference."""
    sample = load(RATIOS[kind])
    artefact = _build_annual(sample) if kind == "annual" else _build_quarterly(sample)
    stress = np.vstack([artefact.golden_inputs, sample.inputs])
    expected = expected_outputs(artefact.log_odds(stress), artefact.manifest)
    model = artefact.graph.SerializeToString(deterministic=True)
    require_close(run_graph(model, artefact.manifest, stress), expected, "onnxruntime")
    return artefact


RELEASE: dict[str, Callable[[], Artefact]] = {
    kind: lambda kind=kind: build(kind) for kind in RATIOS
}


def expected_outputs(log_odds: dict[str, np.ndarray], facts: dict) -> dict[str, np.ndarray]:
    """Golden columns from log-odds on the sample's scale."""
    single = len(log_odds) == 1
    suffix = {name: "" if single else f"_{name}" for name in log_odds}
    columns = {f"log_odds{suffix[name]}": values for name, values in log_odds.items()}
    for name, values in log_odds.items():
        columns[f"pd{suffix[name]}"] = probability_of_default(
            values, facts["target_default_rate"], facts["base_rate"]
        )
    return columns


def run_graph(model: bytes, facts: dict, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """What the service computes: the graph in f32, everything after it in f64."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {export.INPUT: inputs.astype(np.float32)})
    results = {name: value.astype(np.float64) for name, value in zip(names, values, strict=True)}
    logistic = np.full(len(inputs), facts["form"]["base_log_odds"])
    for column in results["contributions"].T:
        logistic = logistic + column
    log_odds = {"logistic": logistic}
    if "ensemble" in facts:
        blend = facts["ensemble"]
        weight = blend["weight_gbm"]
        gbm = results["gbm_log_odds"][:, 0]
        log_odds["gbm"] = gbm
        log_odds["ensemble"] = blend["a"] * (weight * gbm + (1 - weight) * logistic) + blend["b"]
    return expected_outputs(log_odds, facts)


def require_close(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray], who: str) -> None:
    """Every column within the golden tolerance."""
    for column, values in expected.items():
        distance = float(np.abs(actual[column] - values).max())
        if not distance <= golden.TOLERANCE:
            raise ValueError(f"{who}: {column} is off by {distance}")


def _build_annual(sample: Sample) -> Artefact:
    model = annual.train(sample.inputs, sample.bankrupt)
    require_positive_weights(model.card)
    graph = export.annual_graph(model.card)
    rows = golden.golden_inputs(sample.ratios, sample.inputs, sample.bankrupt, model.card.cuts)
    facts = manifest.common(
        kind="annual",
        version=VERSION,
        created=CREATED,
        description="Probability of default over 12 months from five annual ratios: "
        "a calibrated logistic scorecard on monotone weight-of-evidence bins.",
        sample=sample,
        card=model.card,
        importance=importance.of_contributions(model.card.contributions(sample.inputs)),
        metrics=cross_validate(annual.train, sample.inputs, sample.bankrupt),
        comparison=[_alone(sample, "total_debt_to_ebitda")],
        graph_operators=export.operators(graph),
        outputs=[{"name": "contributions", "columns": len(sample.ratios)}],
        sha256=sha256_of(graph),
        golden_rows=len(rows),
    )
    return Artefact(
        graph, facts, rows, expected_outputs(model.log_odds(rows), facts), model.log_odds
    )


def _build_quarterly(sample: Sample) -> Artefact:
    model = quarterly.train(sample.inputs, sample.bankrupt)
    require_positive_weights(model.card)
    graph = export.quarterly_graph(model.card, model.forest)
    rows = golden.golden_inputs(
        sample.ratios, sample.inputs, sample.bankrupt, model.card.cuts, model.forest
    )
    training_log_odds = model.log_odds(sample.inputs)
    filled = np.where(np.isnan(sample.inputs), model.forest.medians, sample.inputs)
    facts = manifest.common(
        kind="quarterly",
        version=VERSION,
        created=CREATED,
        description="Probability of default over 12 months from six ratios of a quarterly statement: "
        "a calibrated logistic scorecard, gradient boosted trees and their blend.",
        sample=sample,
        card=model.card,
        importance=importance.of_shapley(
            lambda x: model.log_odds(x)["ensemble"], filled, model.forest.medians
        ),
        metrics=cross_validate(quarterly.train, sample.inputs, sample.bankrupt),
        comparison=[_alone(sample, "debt_to_equity")],
        graph_operators=export.operators(graph),
        outputs=[
            {"name": "contributions", "columns": len(sample.ratios)},
            {"name": "gbm_log_odds", "columns": 1},
        ],
        sha256=sha256_of(graph),
        golden_rows=len(rows),
    ) | _ensemble_facts(model.ensemble, model.forest.medians, training_log_odds)
    return Artefact(
        graph, facts, rows, expected_outputs(model.log_odds(rows), facts), model.log_odds
    )


def _ensemble_facts(
    ensemble: Platt, medians: np.ndarray, training_log_odds: dict[str, np.ndarray]
) -> dict:
    return {
        "ensemble": {
            "weight_gbm": quarterly.WEIGHT_GBM,
            "a": ensemble.slope,
            "b": ensemble.offset,
            "log_odds": "a * (weight_gbm * gbm + (1 - weight_gbm) * logistic) + b",
        },
        "percentiles": {
            name: manifest.log_odds_quantiles(training_log_odds[name])
            for name in ("logistic", "gbm")
        },
        "shapley_reference": medians.tolist(),
    }


def _alone(sample: Sample, name: str) -> dict:
    j = [r.name for r in sample.ratios].index(name)
    ratio = sample.ratios[j]
    auc = single_ratio_auc(sample.inputs[:, j], sample.bankrupt, ratio.direction)
    return {"name": f"{name} alone", "auc": auc}


def sha256_of(graph: onnx.ModelProto) -> str:
    """Of the file that the graph is written to."""
    return hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()
