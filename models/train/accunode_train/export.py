"""ONNX graphs of standard operators only.

The service runs them with tract, which loads neither the tree nor the scaler operators of
ai.onnx.ml (or runs them slowly), so bins, curves and trees are spelled out as comparisons and matrix
products. Everything that is summed lies on the exact f32 grid.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from accunode_train.grid import require_exact_sum
from accunode_train.pooled.curves import CurveCard
from accunode_train.ratios import Ratio
from accunode_train.scorecard import Scorecard
from accunode_train.trees import Forest

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
INPUT = "ratios"
TESTED_OPERATORS = frozenset(
    "Less Greater Where IsNaN Gather Cast MatMul Add Mul Reshape Transpose Concat Identity Sigmoid".split()
)


class Graph:
    """Collects nodes and constants, naming them in order so that rebuilds are identical."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def floats(self, values) -> str:
        return self.constant(np.asarray(values, dtype=np.float32))

    def integers(self, values) -> str:
        return self.constant(np.asarray(values, dtype=np.int64))

    def apply(self, operator: str, *inputs: str, output: str | None = None, **attributes) -> str:
        if operator not in TESTED_OPERATORS:
            raise ValueError(f"operator {operator} is not in the tested list")
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def as_float(self, value: str) -> str:
        return self.apply("Cast", value, to=TensorProto.FLOAT)


def annual_graph(card: Scorecard | CurveCard) -> onnx.ModelProto:
    graph = Graph()
    x = _clip(graph, card.ratios)
    _contributions(graph, x, card)
    return _finish(graph, "annual", card.ratios, [("contributions", len(card.ratios))])


def quarterly_graph(card: Scorecard | CurveCard, forest: Forest) -> onnx.ModelProto:
    graph = Graph()
    x = _clip(graph, card.ratios)
    _contributions(graph, x, card)
    _forest(graph, x, forest)
    outputs = [("contributions", len(card.ratios)), ("gbm_log_odds", 1)]
    return _finish(graph, "quarterly", card.ratios, outputs)


def save(model: onnx.ModelProto, path: Path) -> None:
    path.write_bytes(model.SerializeToString(deterministic=True))


def operators(model: onnx.ModelProto) -> list[str]:
    return sorted({node.op_type for node in model.graph.node})


def _clip(graph: Graph, ratios: tuple[Ratio, ...]) -> str:
    """Nearest bound; comparisons with NaN are false, so a missing ratio passes through."""
    low = graph.floats([[r.low for r in ratios]])
    high = graph.floats([[r.high for r in ratios]])
    x = graph.apply("Where", graph.apply("Less", INPUT, low), low, INPUT)
    return graph.apply("Where", graph.apply("Greater", x, high), high, x)


def _contributions(graph: Graph, x: str, card: Scorecard | CurveCard) -> None:
    if isinstance(card, CurveCard):
        _curves(graph, x, card)
    else:
        _bins(graph, x, card)


def _curves(graph: Graph, x: str, card: CurveCard) -> None:
    """The stretch that x lies on, as three sums of steps; value + slope · (x − knot) on it."""
    columns = [j for j, cuts in enumerate(card.cuts) for _ in cuts]
    gathered = graph.apply("Gather", x, graph.integers(columns), axis=1)
    passed = graph.floats([np.concatenate(card.cuts)])
    above = graph.as_float(graph.apply("Greater", gathered, passed))

    def chosen(tables: list[np.ndarray]) -> str:
        first = graph.floats([[numbers[0] for numbers in tables]])
        steps = np.zeros((len(columns), len(tables)))
        steps[np.arange(len(columns)), columns] = np.concatenate([np.diff(t) for t in tables])
        return graph.apply("Add", graph.apply("MatMul", above, graph.floats(steps)), first)

    backwards = chosen([-table.knots for table in card.tables])
    along = graph.apply("Mul", chosen([t.slopes for t in card.tables]), graph.apply("Add", x, backwards))
    total = graph.apply("Add", along, chosen([t.values for t in card.tables]))
    neutral = graph.floats([[0.0] * len(card.ratios)])
    graph.apply("Where", graph.apply("IsNaN", x), neutral, total, output="contributions")


def _bins(graph: Graph, x: str, card: Scorecard) -> None:
    """First bin's points plus the step of every cut below x; 0 where x is missing."""
    columns, cuts, steps = [], [], []
    for j, (bins, points) in enumerate(zip(card.bins, card.points, strict=True)):
        require_exact_sum(np.r_[points[0], np.diff(points)])
        for cut, step in zip(bins.cuts, np.diff(points), strict=True):
            row = np.zeros(len(card.ratios))
            row[j] = step
            columns.append(j)
            cuts.append(cut)
            steps.append(row)
    gathered = graph.apply("Gather", x, graph.integers(columns), axis=1)
    above = graph.as_float(graph.apply("Greater", gathered, graph.floats([cuts])))
    first = graph.floats([[points[0] for points in card.points]])
    total = graph.apply("Add", graph.apply("MatMul", above, graph.floats(steps)), first)
    neutral = graph.floats([[0.0] * len(card.ratios)])
    graph.apply("Where", graph.apply("IsNaN", x), neutral, total, output="contributions")


def _forest(graph: Graph, x: str, forest: Forest) -> None:
    """All trees at once: right turns [T,N,S] times path matrix [T,S,L] finds each row's leaf.

    A path adds 1 for a split to take to the right and subtracts 1 for one to take to the left,
    so the sum reaches the number of right turns at the one leaf a row falls into.
    """
    count = len(forest.trees)
    width = max(len(tree.splits) for tree in forest.trees)
    leaves = max(len(tree.values) for tree in forest.trees)
    column = np.zeros((count, width), dtype=np.int64)
    threshold = np.full((count, width), np.inf, dtype=np.float32)
    path = np.zeros((count, width, leaves), dtype=np.float32)
    needed = np.full((count, 1, leaves), 99.0, dtype=np.float32)  # 99: a leaf nothing reaches
    value = np.zeros((count, leaves))
    for t, tree in enumerate(forest.trees):
        for s, (index, cut) in enumerate(tree.splits):
            column[t, s], threshold[t, s] = index, cut
        for leaf, (steps, points) in enumerate(zip(tree.paths, tree.values, strict=True)):
            for split, goes_right in steps:
                path[t, split, leaf] = 1.0 if goes_right else -1.0
            needed[t, 0, leaf] = sum(goes_right for _, goes_right in steps) - 0.5
            value[t, leaf] = points
    require_exact_sum(np.r_[np.abs(value).max(axis=1), forest.offset])

    medians = graph.floats([forest.medians])
    filled = graph.apply("Where", graph.apply("IsNaN", x), medians, x)
    gathered = graph.apply("Gather", filled, graph.integers(column.ravel()), axis=1)
    right = graph.as_float(graph.apply("Greater", gathered, graph.floats(threshold.reshape(1, -1))))
    right = graph.apply("Reshape", right, graph.integers([-1, count, width]))
    right = graph.apply("Transpose", right, perm=[1, 0, 2])
    agreed = graph.apply("MatMul", right, graph.floats(path))
    # One row of T*L numbers before they are compared: the runtime compares long rows several
    # times as fast as many short ones.
    agreed = graph.apply("Transpose", agreed, perm=[1, 0, 2])
    agreed = graph.apply("Reshape", agreed, graph.integers([-1, count * leaves]))
    here = graph.as_float(graph.apply("Greater", agreed, graph.floats(needed.reshape(1, -1))))
    total = graph.apply("MatMul", here, graph.floats(value.reshape(-1, 1)))
    graph.apply("Add", total, graph.floats([[forest.offset]]), output="gbm_log_odds")


def _finish(
    graph: Graph, name: str, ratios: tuple[Ratio, ...], outputs: list[tuple[str, int]]
) -> onnx.ModelProto:
    def tensor(tensor_name: str, columns: int):
        return helper.make_tensor_value_info(tensor_name, TensorProto.FLOAT, ["N", columns])

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            name,
            [tensor(INPUT, len(ratios))],
            [tensor(*output) for output in outputs],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        ir_version=IR_VERSION,
        producer_name="accunode-train",
    )
    helper.set_model_props(model, {"ratios": ",".join(r.name for r in ratios)})
    onnx.checker.check_model(model, full_check=True)
    return model
