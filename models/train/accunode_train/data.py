"""The training sample: UCI "Polish companies bankruptcy" (set 365, CC BY 4.0)."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accunode_train.ratios import Ratio, apply_input_rules

BUNDLED = Path(__file__).resolve().parent.parent / "data" / "polish_companies_bankruptcy.csv.gz"


@dataclass(frozen=True)
class Sample:
    """Scored inputs (NaN = missing), the label and what was left out."""

    ratios: tuple[Ratio, ...]
    inputs: np.ndarray
    bankrupt: np.ndarray
    duplicates_dropped: int

    @property
    def defaults(self) -> int:
        return int(self.bankrupt.sum())

    @property
    def base_rate(self) -> float:
        return float(self.bankrupt.mean())


def training_csv() -> Path:
    """`ACCUNODE_TRAINING_DATA` when set, else the bundled copy."""
    return Path(os.environ.get("ACCUNODE_TRAINING_DATA") or BUNDLED)


def load(ratios: tuple[Ratio, ...], path: Path | None = None) -> Sample:
    """Read the sample without its exact twins: they would sit on both sides of a fold."""
    rows = np.genfromtxt(path or training_csv(), delimiter=",", names=True, encoding="utf-8")
    kept = rows[rows["duplicate"] == 0]
    inputs = np.column_stack([apply_input_rules(kept[r.name], r) for r in ratios])
    return Sample(ratios, inputs, kept["bankrupt"].astype(np.int64), len(rows) - len(kept))
