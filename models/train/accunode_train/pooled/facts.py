"""The manifest of version 2: all the service needs to know, and what the card and the report tell."""

import numpy as np

from accunode_train import export, golden
from accunode_train.manifest import (
    FORMAT,
    HIGH_MULTIPLE,
    LEVELS,
    OUT_OF_SCOPE_SECTORS,
    TARGET_DEFAULT_RATE,
)
from accunode_train.manifest import TRAINING as POLAND
from accunode_train.pooled.curves import CurveCard
from accunode_train.pooled.level import base_rate
from accunode_train.pooled.populations import Population
from accunode_train.pooled.ramps import quantiles
from accunode_train.ratios import Ratio

TRAINING = {
    "dataset": "Pooled: Polish companies bankruptcy (UCI set 365), and US listed companies 1999-2018 "
    "(sowide/bankruptcy_dataset)",
    "licence": "CC BY 4.0, both",
    "source": [POLAND["source"], "https://github.com/sowide/bankruptcy_dataset"],
    "citation": [
        POLAND["citation"],
        "Lombardo, G., Pellegrino, M., Adosoglou, G., Cagnoni, S., Pardalos, P. M., Poggi, A. (2022). "
        "Machine Learning for Bankruptcy Prediction in the American Stock Market: Dataset and "
        "Benchmarks. Future Internet 14(8), 244",
        "Pellegrino, M., Lombardo, G., Adosoglou, G., Cagnoni, S., Pardalos, P. M., Poggi, A. (2024). "
        "A Multi-Head LSTM Architecture for Bankruptcy Prediction with Time Series Accounting Data. "
        "Future Internet 16(3), 79",
    ],
    "changes": "ratios derived from the published figures and brought into AccuNode's ranges; exact "
    "duplicates left out; a part of each source held out and not used",
    "population": "Polish companies outside finance and real estate; companies listed in the US",
    "period": "Poland 2000-2013, United States 1999-2018",
    "horizon_months": 12,
}


def common(
    *,
    kind: str,
    version: str,
    created: str,
    description: str,
    ratios: tuple[Ratio, ...],
    populations: list[Population],
    card: CurveCard,
    importance: np.ndarray,
    operators: list[str],
    outputs: list[dict],
    sha256: str,
    golden_rows: int,
) -> dict:
    """Without the figures of the validation."""
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
            "operators": operators,
        },
        "inputs": inputs(ratios, populations, card, importance),
        "accepts_missing": True,
        "base_rate": base_rate(populations),
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
            "rows": sum(len(p.event) for p in populations),
            "defaults": int(sum(p.event.sum() for p in populations)),
            "populations": [
                {
                    "name": p.name,
                    "rows": len(p.event),
                    "events": int(p.event.sum()),
                    "weight_of_a_row": p.weight,
                    "event": "bankrupt within a year" if p.one_year else "failed by 2018",
                }
                for p in populations
            ],
        },
        "golden": {"file": "golden.csv", "rows": golden_rows, "tolerance": golden.TOLERANCE},
    }


def inputs(
    ratios: tuple[Ratio, ...],
    populations: list[Population],
    card: CurveCard,
    importance: np.ndarray,
) -> list[dict]:
    """Distributions and means over the one-year populations, each counting the same."""
    taught = [p for p in populations if p.one_year]
    means = mean_contributions(card, taught)
    rows = []
    for j, ratio in enumerate(ratios):
        levels = quantiles(taught, j, LEVELS)
        rows.append(
            {
                "name": ratio.name,
                "label": ratio.label,
                "unit": ratio.unit,
                "min": float(ratio.low),
                "max": float(ratio.high),
                "p1": float(levels[1]),
                "p99": float(levels[99]),
                "median": float(levels[50]),
                "missing_share": float(np.mean([np.isnan(p.inputs[:, j]).mean() for p in taught])),
                "mean_contribution": float(means[j]),
                "importance": float(importance[j]),
                "quantiles": levels.tolist(),
            }
        )
    return rows


def mean_contributions(card: CurveCard, taught: list[Population]) -> np.ndarray:
    """What the reasons are compared with: never above 0, what a missing ratio contributes.

    So no explanation counts a missing ratio as good news.
    """
    means = np.mean([card.contributions(p.inputs).mean(axis=0) for p in taught], axis=0)
    return np.minimum(means, 0.0)
