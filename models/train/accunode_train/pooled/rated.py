"""What the annual model says of companies with an agency rating.

The file is for evaluation only: nothing is learned from it and no row of it is kept. It is not part of
the project, so its summary is: `build.sh rate` writes it anew where ACCUNODE_RATED_COMPANIES names the
file (`rating_rank` 0 = AAA … 21 = D, and the annual ratios).
"""

import json
import os
from pathlib import Path

import numpy as np

from accunode_train import artefact
from accunode_train.data import BUNDLED
from accunode_train.ratios import ANNUAL, apply_input_rules

SUMMARY = BUNDLED.parent / "rated_summary.json"
CLASSES = (("AAA", 0), ("AA", 3), ("A", 6), ("BBB", 9), ("BB", 12), ("B", 15), ("CCC and below", 21))
"""A class and its last rank."""
LONG_RUN = (0.0, 0.0002, 0.0005, 0.0015, 0.006, 0.031, 0.26)
"""Defaults within a year, global averages since 1981, rounded (S&P Global Ratings' annual study)."""


def summary(sha256: str) -> dict | None:
    """The kept summary, if it is about this very graph."""
    if not SUMMARY.exists():
        return None
    kept = json.loads(SUMMARY.read_text(encoding="utf-8"))
    return kept if kept["sha256"] == sha256 else None


def rate(folder: Path) -> dict:
    """Score the rated companies by a built annual model and keep what is told of them."""
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rows = np.genfromtxt(
        os.environ["ACCUNODE_RATED_COMPANIES"], delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    inputs = np.column_stack([apply_input_rules(rows[r.name].astype(float), r) for r in ANNUAL])
    rank = rows["rating_rank"].astype(int)
    pd = artefact.run_graph((folder / "model.onnx").read_bytes(), facts, inputs)["pd"]
    coverage = inputs[:, 3]
    filled = np.where(np.isnan(coverage), np.nanmedian(coverage), coverage)
    kept = {
        "model": f"{facts['name']} {facts['version']}",
        "sha256": facts["sha256"],
        "rows": len(rank),
        "rank_correlation": _spearman(pd, rank),
        "rank_correlation_of_coverage_alone": _spearman(-filled, rank),
        "classes": _classes(pd, rank),
    }
    SUMMARY.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return kept


def _classes(pd: np.ndarray, rank: np.ndarray) -> list[dict]:
    place = np.searchsorted([last for _, last in CLASSES], rank)
    found = []
    for at, ((name, _), long_run) in enumerate(zip(CLASSES, LONG_RUN, strict=True)):
        low, median, high = np.quantile(pd[place == at], [0.25, 0.5, 0.75])
        found.append(
            {
                "class": name,
                "companies": int((place == at).sum()),
                "pd_quartiles": [float(f"{q:.4g}") for q in (low, median, high)],
                "long_run_default_rate": long_run,
            }
        )
    return found


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    return round(float(np.corrcoef(_ranks(a), _ranks(b))[0, 1]), 4)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ties share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
