"""The manifest: all the service needs to know about a graph, and where it comes from."""

import json
import re

import numpy as np

from accunode_train import export, golden
from accunode_train.data import Sample
from accunode_train.scorecard import Scorecard

FORMAT = 1
TARGET_DEFAULT_RATE = 0.015
HIGH_MULTIPLE = 3
LEVELS = np.linspace(0, 1, 101)

OUT_OF_SCOPE_SECTORS = [
    "Asset Management",
    "Banking",
    "Banks",
    "Capital Markets",
    "Consumer Finance",
    "Diversified Financials",
    "Financial",
    "Financial Services",
    "Financials",
    "Insurance",
    "Investment Funds",
    "Mortgage Finance",
    "Mortgage REITs",
    "Real Estate",
    "Real Estate Investment Trusts",
    "REITs",
]

TRAINING = {
    "dataset": "Polish companies bankruptcy (UCI Machine Learning Repository, set 365), file 5year: "
    "statements one year before the outcome",
    "licence": "CC BY 4.0",
    "source": "https://archive.ics.uci.edu/dataset/365/polish+companies+bankruptcy+data",
    "citation": "Tomczak, S. (2016). Polish Companies Bankruptcy [Dataset]. "
    "UCI Machine Learning Repository. https://doi.org/10.24432/C5F600",
    "changes": "ratios derived from the published indicators and brought into AccuNode's ranges; "
    "exact duplicates left out; a quarter of the statements held out and not used",
    "population": "Polish companies outside finance and real estate",
    "period": "bankrupt companies 2000-2012, operating companies 2007-2013",
    "horizon_months": 12,
}


def common(
    *,
    kind: str,
    version: str,
    created: str,
    description: str,
    sample: Sample,
    card: Scorecard,
    importance: np.ndarray,
    metrics: dict,
    comparison: list[dict],
    graph_operators: list[str],
    outputs: list[dict],
    sha256: str,
    golden_rows: int,
) -> dict:
    """The part both kinds share; `importance` sums to 1 in the order of the inputs."""
    return {
        "format": FORMAT,
        "name": kind,
        "version": version,
        "kind": kind,
        "description": description,
        "created": created,
        "sha256": sha256,
        "onnx": {
            "file": "model.onnx",
            "opset": export.OPSET,
            "ir_version": export.IR_VERSION,
            "input": export.INPUT,
            "outputs": outputs,
            "operators": graph_operators,
        },
        "inputs": _inputs(sample, card, importance),
        "accepts_missing": True,
        "base_rate": sample.base_rate,
        "target_default_rate": TARGET_DEFAULT_RATE,
        "thresholds": {"medium": TARGET_DEFAULT_RATE, "high": HIGH_MULTIPLE * TARGET_DEFAULT_RATE},
        "form": {
            "type": "scorecard",
            "base_log_odds": card.base_log_odds,
            "coefficients": card.coefficients.tolist(),
            "covariance": card.covariance.tolist(),
            "standard_error": "sqrt(x' covariance x), x = [1, contribution_j / coefficients_j, ...]",
        },
        "scope": {"out_of_scope_sectors": OUT_OF_SCOPE_SECTORS},
        "training": TRAINING
        | {
            "rows": len(sample.bankrupt),
            "defaults": sample.defaults,
            "duplicates_dropped": sample.duplicates_dropped,
        },
        "metrics": metrics,
        "comparison": comparison,
        "golden": {"file": "golden.csv", "rows": golden_rows, "tolerance": golden.TOLERANCE},
    }


def text(facts: dict) -> str:
    """Indented JSON with every list of numbers on one line."""
    indented = json.dumps(facts, indent=2, ensure_ascii=False)
    numbers = re.compile(r"\[\s*(-?\d[^\[\]\"{}]*?)\s*\]")
    return numbers.sub(lambda found: "[" + " ".join(found[1].split()) + "]", indented) + "\n"


def log_odds_quantiles(log_odds: np.ndarray) -> list[float]:
    return np.quantile(log_odds, LEVELS).tolist()


def _inputs(sample: Sample, card: Scorecard, importance: np.ndarray) -> list[dict]:
    mean_contributions = card.contributions(sample.inputs).mean(axis=0)
    rows = []
    for j, ratio in enumerate(sample.ratios):
        present = sample.inputs[~np.isnan(sample.inputs[:, j]), j]
        quantiles = np.quantile(present, LEVELS)
        rows.append(
            {
                "name": ratio.name,
                "label": ratio.label,
                "unit": ratio.unit,
                "min": float(ratio.low),
                "max": float(ratio.high),
                "p1": float(quantiles[1]),
                "p99": float(quantiles[99]),
                "median": float(quantiles[50]),
                "missing_share": float(1 - len(present) / len(sample.inputs)),
                "mean_contribution": float(mean_contributions[j]),
                "importance": float(importance[j]),
                "quantiles": quantiles.tolist(),
            }
        )
    return rows
