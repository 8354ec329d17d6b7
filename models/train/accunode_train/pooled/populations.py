"""The training populations: Polish companies, and US listed companies under two labels."""

import gzip
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accunode_train.data import BUNDLED, training_csv
from accunode_train.ratios import ANNUAL, QUARTERLY, Ratio, apply_input_rules

US_CSV = BUNDLED.parent / "us_listed_companies.csv.gz"
WITHIN_A_YEAR = "bankrupt_within_a_year"
EVENTUALLY = "company_failed_by_2018"


@dataclass(frozen=True)
class Population:
    """Statements of one country under one label; NaN is missing."""

    name: str
    weight: float
    """Of one row in the likelihood."""
    one_year: bool
    """Whether the event is a bankruptcy within a year, which is what is served."""
    inputs: np.ndarray
    event: np.ndarray
    year: np.ndarray
    """Zero where the source does not say."""
    identity: np.ndarray
    """The same for rows that are equal in all eleven ratios."""

    @property
    def rate(self) -> float:
        return float(self.event.mean())

    def rows(self, chosen: np.ndarray) -> "Population":
        fields = ("inputs", "event", "year", "identity")
        return replace(self, **{name: getattr(self, name)[chosen] for name in fields})


def load(ratios: tuple[Ratio, ...], weights: tuple[float, float, float]) -> list[Population]:
    """Poland, the US within a year, the US by 2018; exact Polish twins are left out.

    A weight is that of one row of each.
    """
    poland, us = _columns(training_csv()), _columns(US_CSV)
    poland = _chosen(poland, poland["duplicate"] == 0)
    within, eventually = (
        _chosen(us, us["label"] == label) for label in (WITHIN_A_YEAR, EVENTUALLY)
    )
    undated = np.zeros(len(poland["bankrupt"]))
    return [
        _population("Poland", weights[0], True, ratios, poland, poland["bankrupt"], undated),
        _population("US, one year", weights[1], True, ratios, within, within["event"], within["year"]),
        # A weak teacher: every statement of a company that failed some day counts as bad.
        _population("US, by 2018", weights[2], False, ratios, eventually, eventually["event"], eventually["year"]),
    ]


def without_twins(training: list[Population], tested: list[Population]) -> list[Population]:
    """The training rows that do not also stand among the tested ones under another label."""
    seen = np.concatenate([p.identity for p in tested])
    return [p.rows(~np.isin(p.identity, seen)) for p in training]


def pooled(populations: list[Population]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All rows: inputs, event, weight, and the place of the population they come from."""
    return (
        np.vstack([p.inputs for p in populations]),
        np.concatenate([p.event for p in populations]),
        np.concatenate([np.full(len(p.event), p.weight) for p in populations]),
        np.repeat(np.arange(len(populations)), [len(p.event) for p in populations]),
    )


def _columns(path: Path) -> dict[str, np.ndarray]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
    header, *rows = (line.split(",") for line in text.splitlines())
    columns = {}
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        if name == "label":
            columns[name] = np.array(cells)
        else:
            columns[name] = np.array([float(cell) if cell else np.nan for cell in cells])
    return columns


def _chosen(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def _population(
    name: str,
    weight: float,
    one_year: bool,
    ratios: tuple[Ratio, ...],
    columns: dict[str, np.ndarray],
    event: np.ndarray,
    year: np.ndarray,
) -> Population:
    inputs = np.column_stack([apply_input_rules(columns[r.name], r) for r in ratios])
    every = np.column_stack([columns[r.name] for r in (*ANNUAL, *QUARTERLY)])
    identity = np.array([hashlib.blake2b(row.tobytes(), digest_size=16).hexdigest() for row in every])
    return Population(
        name, weight, one_year, inputs, event.astype(np.float64), year.astype(int), identity
    )
