"""Golden rows: inputs with the outputs an f64 reference expects, independent of ONNX.

The rows go to the model as they are, not through the input rules, so they also prove the
clipping inside the graph.
"""

import csv
from pathlib import Path

import numpy as np

from accunode_train.ratios import Ratio, as_scored
from accunode_train.trees import Forest

SEED = 2016
TOLERANCE = 1e-6
SURVIVORS, BANKRUPT, SCATTERED = 80, 60, 40
THRESHOLDS_PER_INPUT = 12


def golden_inputs(
    ratios: tuple[Ratio, ...],
    inputs: np.ndarray,
    bankrupt: np.ndarray,
    cuts: list[np.ndarray],
    forest: Forest | None = None,
) -> np.ndarray:
    """Typical rows, bounds and beyond, missing values, and both sides of every cut."""
    random = np.random.default_rng(SEED)
    typical = np.vstack(
        [
            inputs[random.choice(np.flatnonzero(bankrupt == 0), SURVIVORS, replace=False)],
            inputs[random.choice(np.flatnonzero(bankrupt == 1), BANKRUPT, replace=False)],
        ]
    )
    complete = inputs[~np.isnan(inputs).any(axis=1)]
    scattered = complete[random.choice(len(complete), SCATTERED, replace=False)]
    scattered = np.where(random.random(scattered.shape) < 0.3, np.nan, scattered)
    median = np.nanmedian(inputs, axis=0)
    groups = [
        typical,
        scattered,
        _extremes(ratios, median),
        _missing(np.vstack([median, complete[:3]])),
    ]
    for j in range(len(ratios)):
        groups.append(_both_sides(median, j, cuts[j]))
        if forest is not None:
            thresholds = sorted({cut for tree in forest.trees for i, cut in tree.splits if i == j})
            groups.append(_both_sides(median, j, _thinned(np.array(thresholds))))
    return as_scored(np.vstack(groups))


def write(path: Path, names: list[str], inputs: np.ndarray, outputs: dict[str, np.ndarray]) -> None:
    """Inputs as the shortest decimals that read back to the same f32; outputs in full f64."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*names, *outputs])
        for x, *expected in zip(inputs, *outputs.values(), strict=True):
            rows.writerow([*(_f32_text(v) for v in x), *(repr(float(v)) for v in expected)])


def read(path: Path, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The inputs (the first `count` columns) and the expected outputs by column name."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    values = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])
    outputs = {name: values[:, count + i] for i, name in enumerate(header[count:])}
    return as_scored(values[:, :count]), outputs


def _f32_text(value: float) -> str:
    if np.isnan(value):
        return ""
    text = np.format_float_positional(np.float32(value), unique=True, trim="0")
    if np.float32(float(text)) != np.float32(value):
        raise ValueError(f"{text} does not read back as {value!r}")
    return text


def _extremes(ratios: tuple[Ratio, ...], median: np.ndarray) -> np.ndarray:
    """All at their bounds, then one at a time at a bound and beyond it."""
    low = np.array([r.low for r in ratios], dtype=np.float64)
    high = np.array([r.high for r in ratios], dtype=np.float64)
    worst = np.array([r.high if r.direction > 0 else r.low for r in ratios], dtype=np.float64)
    best = np.where(worst == low, high, low)
    rows = [median, low, high, worst, best]
    for j, ratio in enumerate(ratios):
        for value in (ratio.low, ratio.high, ratio.low - 1.5, 3 * ratio.high, 1e6):
            rows.append(np.where(np.arange(len(ratios)) == j, value, median))
    return np.vstack(rows)


def _missing(complete: np.ndarray) -> np.ndarray:
    """Each input missing, each input alone present, and nothing at all."""
    count = complete.shape[1]
    one = np.eye(count, dtype=bool)
    rows = [np.where(mask, np.nan, row) for row in complete for mask in (*one, *~one)]
    return np.vstack([*rows, np.full(count, np.nan)])


def _both_sides(median: np.ndarray, j: int, cuts: np.ndarray) -> np.ndarray:
    """The cut itself belongs below, the next f32 above (of normal ones: a processor may flush the rest)."""
    cuts = cuts.astype(np.float32)
    above = np.nextafter(cuts, np.float32(np.inf))
    above = np.where(cuts == 0, np.finfo(np.float32).tiny, above)
    rows = np.tile(median, (2 * len(cuts), 1))
    rows[0::2, j] = cuts
    rows[1::2, j] = above
    return rows


def _thinned(values: np.ndarray) -> np.ndarray:
    if len(values) <= THRESHOLDS_PER_INPUT:
        return values
    return values[np.linspace(0, len(values) - 1, THRESHOLDS_PER_INPUT).astype(int)]
