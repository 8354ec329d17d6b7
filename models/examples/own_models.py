"""Trains models of one's own and writes each as a folder that AccuNode serves.

    python own_models.py OUTPUT [TRAINING_CSV]

    OUTPUT/own-annual-logistic/1.0.0   five annual ratios, scikit-learn
    OUTPUT/own-annual-trees/1.0.0      five annual ratios, LightGBM
    OUTPUT/own-quarterly/1.0.0         six quarterly ratios, both and their blend

A start, not a recipe: it tunes and validates nothing. docs/models.md explains each file.
"""

import csv
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

TRAINING_CSV = Path(__file__).parent.parent / "train/data/polish_companies_bankruptcy.csv.gz"
TARGET_DEFAULT_RATE = 0.015  # of the companies that will be scored, not of the sample
WEIGHT_OF_TREES = 0.8

# Name, unit, and the range that the service brings every value into, in the service's order.
ANNUAL = [
    ("long_term_debt_to_total_capital", "fraction", 0, 2),
    ("total_debt_to_ebitda", "multiple", 0, 50),
    ("net_income_margin", "fraction", -1, 1),
    ("ebit_to_interest_expense", "multiple", 0, 100),
    ("return_on_assets", "fraction", -1, 1),
]
QUARTERLY = [
    ("current_ratio", "multiple", 0, 10),
    ("quick_ratio", "multiple", 0, 10),
    ("debt_to_equity", "multiple", 0, 5),
    ("inventory_turnover", "multiple", 0, 50),
    ("receivables_turnover", "multiple", 0, 50),
    ("working_capital_to_total_assets", "fraction", -1, 1),
]


@dataclass
class Sample:
    """Training rows as the service will send them: f32, within range, NaN where missing."""

    definitions: list
    ratios: np.ndarray
    bankrupt: np.ndarray

    @property
    def medians(self):
        return np.nanmedian(self.ratios, axis=0).astype(np.float32)

    def filled(self, rows):
        """Missing is neutral: the median stands for it, in training and in the graph alike."""
        return np.where(np.isnan(rows), self.medians, rows).astype(np.float64)


def load(path, definitions):
    rows = np.genfromtxt(path, delimiter=",", names=True, encoding="utf-8")
    rows = rows[rows["duplicate"] == 0]
    columns = [np.clip(rows[name], low, high) for name, _, low, high in definitions]
    return Sample(definitions, np.column_stack(columns).astype(np.float32), rows["bankrupt"])


# --- Models: each gives its log-odds in f64, its graph and how much each ratio matters.


class Logistic:
    """Logistic regression on standardised ratios; the graph gets it as weights on the raw ones."""

    def __init__(self, sample):
        scaler = StandardScaler()
        x = scaler.fit_transform(sample.filled(sample.ratios))
        model = LogisticRegression(C=0.1, max_iter=1000).fit(x, sample.bankrupt)
        self.weights = model.coef_[0] / scaler.scale_
        self.bias = model.intercept_[0] - self.weights @ scaler.mean_
        self.importance = np.abs(model.coef_[0]) / np.abs(model.coef_[0]).sum()

    def log_odds(self, filled):
        return filled @ self.weights + self.bias

    def write(self, graph, filled, output):
        weighted = graph.apply("MatMul", filled, graph.floats(self.weights.reshape(-1, 1)))
        graph.apply("Add", weighted, graph.floats([[self.bias]]), output=output)


class Trees:
    """Gradient boosting. AccuNode runs no tree operators, so the graph spells trees out."""

    def __init__(self, sample):
        parameters = {
            "objective": "binary",
            "num_leaves": 6,
            "learning_rate": 0.1,
            "lambda_l2": 10.0,
            "use_missing": False,
            "seed": 1,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }
        data = lgb.Dataset(sample.filled(sample.ratios), sample.bankrupt)
        self.booster = lgb.train(parameters, data, num_boost_round=60)
        gain = self.booster.feature_importance("gain")
        self.importance = gain / gain.sum()

    def log_odds(self, filled):
        return self.booster.predict(filled, raw_score=True, num_threads=1)

    def write(self, graph, filled, output):
        """One column for each split, one for each leaf.

        A leaf is reached where every split on its way went the right way: then the sum of
        +1 for each step to the right and -1 for each step to the left, over the splits that
        went right, reaches the number of steps to the right, and in no other case.
        """
        splits, leaves = [], []
        for tree in self.booster.dump_model()["tree_info"]:
            walk(tree["tree_structure"], [], splits, leaves)
        ways = np.zeros((len(splits), len(leaves)), dtype=np.float32)
        needed = np.zeros((1, len(leaves)), dtype=np.float32)
        for leaf, (steps, _) in enumerate(leaves):
            for split, right in steps:
                ways[split, leaf] = 1 if right else -1
            needed[0, leaf] = sum(right for _, right in steps) - 0.5
        asked = graph.apply("Gather", filled, graph.integers([s[0] for s in splits]), axis=1)
        right = graph.apply("Greater", asked, graph.floats([[s[1] for s in splits]]))
        right = graph.apply("Cast", right, to=TensorProto.FLOAT)
        reached = graph.apply("Greater", graph.apply("MatMul", right, graph.floats(ways)), graph.floats(needed))
        reached = graph.apply("Cast", reached, to=TensorProto.FLOAT)
        values = graph.floats([[value] for _, value in leaves])
        graph.apply("MatMul", reached, values, output=output)


def walk(node, steps, splits, leaves):
    if "leaf_value" in node:
        leaves.append((steps, node["leaf_value"]))
        return
    at = len(splits)
    splits.append((node["split_feature"], f32_below(node["threshold"])))
    walk(node["left_child"], [*steps, (at, False)], splits, leaves)
    walk(node["right_child"], [*steps, (at, True)], splits, leaves)


def f32_below(threshold):
    """The largest f32 that is not above: x > it then says the same of every f32 x."""
    rounded = np.float32(threshold)
    return np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded


# --- The four files.


class Graph:
    """Collects an ONNX graph of operators that the service has tested."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, values, dtype):
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def floats(self, values):
        return self.constant(values, np.float32)

    def integers(self, values):
        return self.constant(values, np.int64)

    def apply(self, operator, *inputs, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def bytes(self, name, width, outputs):
        def value(name, columns):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", columns])

        ends = [value(output, 1) for output in outputs]
        graph = helper.make_graph(self.nodes, name, [value("ratios", width)], ends, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


def write(root, name, kind, sample, models):
    """`models`: by the name of its output; two of them are blended."""
    graph = Graph()
    missing = graph.apply("IsNaN", "ratios")
    filled = graph.apply("Where", missing, graph.floats([sample.medians]), "ratios")
    for output, model in models.items():
        model.write(graph, filled, output)
    onnx_bytes = graph.bytes(name, len(sample.definitions), models)

    rows = golden_rows(sample)
    log_odds = {output: model.log_odds(sample.filled(rows)) for output, model in models.items()}
    base_rate = float(sample.bankrupt.mean())
    manifest = {
        "format": 1,
        "name": name,
        "version": "1.0.0",
        "kind": kind,
        "description": f"An example: {' and '.join(type(m).__name__.lower() for m in models.values())}.",
        "sha256": hashlib.sha256(onnx_bytes).hexdigest(),
        "inputs": inputs(sample, np.mean([m.importance for m in models.values()], axis=0)),
        "accepts_missing": True,
        "base_rate": base_rate,
        "target_default_rate": TARGET_DEFAULT_RATE,
        "thresholds": {"medium": TARGET_DEFAULT_RATE, "high": 3 * TARGET_DEFAULT_RATE},
        "form": {"type": "log_odds"},
        "training": {"dataset": "Polish companies bankruptcy (UCI set 365)", "licence": "CC BY 4.0"},
        "golden": {"file": "golden.csv", "rows": len(rows), "tolerance": 1e-6},
    }
    if kind == "quarterly":
        logistic, trees = log_odds["logistic_log_odds"], log_odds["gbm_log_odds"]
        blend = WEIGHT_OF_TREES * trees + (1 - WEIGHT_OF_TREES) * logistic
        expected = {"pd_logistic": logistic, "pd_gbm": trees, "pd_ensemble": blend}
        known = sample.filled(sample.ratios)
        manifest["form"] = {"type": "pair"}
        manifest["ensemble"] = {"weight_gbm": WEIGHT_OF_TREES, "a": 1.0, "b": 0.0}
        manifest["percentiles"] = {
            "logistic": percentiles(models["logistic_log_odds"].log_odds(known)),
            "gbm": percentiles(models["gbm_log_odds"].log_odds(known)),
        }
    else:
        expected = {"pd": log_odds["log_odds"]}

    folder = Path(root) / name / "1.0.0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(onnx_bytes)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "CARD.md").write_text(f"# {name}\n\nAn example. Nothing about it was validated.\n")
    with (folder / "golden.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*(d[0] for d in sample.definitions), *expected])
        for at, row in enumerate(rows):
            pds = (default_probability(z[at], base_rate) for z in expected.values())
            table.writerow([*("" if np.isnan(x) else str(x) for x in row), *map(repr, pds)])


def inputs(sample, importance):
    described = []
    for (name, unit, low, high), values, weight in zip(sample.definitions, sample.ratios.T, importance):
        p1, median, p99 = np.nanquantile(values, [0.01, 0.5, 0.99]).tolist()
        described.append(
            {"name": name, "unit": unit, "min": float(low), "max": float(high)}
            | {"p1": p1, "median": median, "p99": p99, "importance": float(weight)}
        )
    return described


def golden_rows(sample):
    """Typical companies, the bounds, each ratio missing, nothing at all."""
    low, high = (np.array([[d[at] for d in sample.definitions]]) for at in (2, 3))
    gaps = np.where(np.eye(len(sample.definitions), dtype=bool), np.nan, sample.medians)
    nothing = np.full_like(low, np.nan, dtype=float)
    return np.vstack([sample.ratios[::60], low, high, gaps, nothing]).astype(np.float32)


def percentiles(log_odds):
    return np.quantile(log_odds, np.linspace(0, 1, 101)).tolist()


def default_probability(log_odds, base_rate):
    """From the sample's default rate to that of the companies that will be scored."""
    odds = TARGET_DEFAULT_RATE / (1 - TARGET_DEFAULT_RATE)
    shift = np.log(odds * (1 - base_rate) / base_rate)
    return float(1 / (1 + np.exp(-(log_odds + shift))))


def main(root, path=TRAINING_CSV):
    annual, quarterly = load(path, ANNUAL), load(path, QUARTERLY)
    write(root, "own-annual-logistic", "annual", annual, {"log_odds": Logistic(annual)})
    write(root, "own-annual-trees", "annual", annual, {"log_odds": Trees(annual)})
    both = {"logistic_log_odds": Logistic(quarterly), "gbm_log_odds": Trees(quarterly)}
    write(root, "own-quarterly", "quarterly", quarterly, both)


if __name__ == "__main__":
    main(*sys.argv[1:])
