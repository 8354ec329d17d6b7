"""Gradient boosted trees (LightGBM) and a plain f64 evaluation of them."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from accunode_train.calibration import Platt
from accunode_train.grid import on_grid
from accunode_train.ratios import Ratio, clip_to_bounds

TREES = 120
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 6,
    "lambda_l2": 10.0,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "monotone_constraints_method": "advanced",
    "use_missing": False,
    "seed": 365,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Boosted:
    """A fitted booster with the medians that stand in for missing ratios."""

    ratios: tuple[Ratio, ...]
    medians: np.ndarray
    booster: lgb.Booster

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        filled = fill_missing(clip_to_bounds(inputs, self.ratios), self.medians)
        return self.booster.predict(filled, raw_score=True, num_threads=1)


def fit_boosted(ratios: tuple[Ratio, ...], inputs: np.ndarray, bankrupt: np.ndarray) -> Boosted:
    """Train on median-filled inputs: missing must not tell the trees anything."""
    medians = np.nanmedian(inputs, axis=0).astype(np.float32).astype(np.float64)
    # A turnover's sign is not settled by economics, so 0 leaves it free.
    parameters = PARAMETERS | {"monotone_constraints": [r.direction for r in ratios]}
    data = lgb.Dataset(fill_missing(inputs, medians), bankrupt)
    return Boosted(ratios, medians, lgb.train(parameters, data, num_boost_round=TREES))


def fill_missing(inputs: np.ndarray, medians: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(inputs), medians, inputs)


@dataclass(frozen=True)
class Tree:
    """`splits[i]` = (input, threshold): right when x > threshold. A leaf is the (split, right?) path to it."""

    splits: tuple[tuple[int, float], ...]
    paths: tuple[tuple[tuple[int, bool], ...], ...]
    values: np.ndarray

    def __call__(self, filled: np.ndarray) -> np.ndarray:
        right = np.column_stack([filled[:, i] > t for i, t in self.splits])
        total = np.zeros(len(filled))
        for path, value in zip(self.paths, self.values, strict=True):
            here = np.ones(len(filled), dtype=bool)
            for split, goes_right in path:
                here &= right[:, split] == goes_right
            total[here] = value
        return total


@dataclass(frozen=True)
class Forest:
    """The calibrated trees: log-odds (sample scale) = offset + sum of leaves, all on the exact grid."""

    ratios: tuple[Ratio, ...]
    medians: np.ndarray
    trees: tuple[Tree, ...]
    offset: float

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        filled = fill_missing(clip_to_bounds(inputs, self.ratios), self.medians)
        return self.offset + sum(tree(filled) for tree in self.trees)


def calibrated(model: Boosted, platt: Platt) -> Forest:
    """Fold the calibration into the leaves and round thresholds down to f32."""
    dumped = model.booster.dump_model()["tree_info"]
    trees = tuple(_tree(info["tree_structure"], platt.slope) for info in dumped)
    return Forest(model.ratios, model.medians, trees, float(on_grid(platt.offset)))


def round_down_to_f32(threshold: float) -> float:
    """The largest f32 <= threshold: the same f32 inputs lie above it."""
    rounded = np.float32(threshold)
    if float(rounded) > threshold:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return float(rounded)


def _tree(root: dict, slope: float) -> Tree:
    splits: list[tuple[int, float]] = []
    paths: list[tuple[tuple[int, bool], ...]] = []
    values: list[float] = []

    def walk(node: dict, path: tuple[tuple[int, bool], ...]) -> None:
        if "leaf_value" in node:
            paths.append(path)
            values.append(node["leaf_value"])
            return
        if node["decision_type"] != "<=":
            raise ValueError(f"unexpected split {node['decision_type']}")
        split = len(splits)
        splits.append((node["split_feature"], round_down_to_f32(node["threshold"])))
        walk(node["left_child"], (*path, (split, False)))
        walk(node["right_child"], (*path, (split, True)))

    walk(root, ())
    if not splits:
        raise ValueError("a tree without a split")
    return Tree(tuple(splits), tuple(paths), on_grid(slope * np.array(values)))
