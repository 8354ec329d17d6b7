"""How many training statements lie in which bin: what the service's monitoring compares with.

Edges lie between two values that the service can store, so that a value is in the same bin before
and after it is rounded to the four decimals of its column.
"""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np

from accunode_train import artefact
from accunode_train import data as poland
from accunode_train.artefact import RATIOS, Artefact
from accunode_train.pooled import populations
from accunode_train.pooled.models import WEIGHTS
from accunode_train.ratios import Ratio

BINS = 10
FEWEST_RATIOS = 3
"""The service refuses a statement with fewer, so none is in the baseline."""
STEP = 0.0001
"""Of the columns that ratios are stored in."""
LABEL = "bankruptcy@1"
"""The definition of default that all training data use: bankruptcy within a year."""


def added(kind: str, version: str, built: Artefact, folder: Path) -> Artefact:
    """The artefact with `label` and `monitoring`, by the committed graph where there is one.

    Another processor may round a weight of the graph to the next grid point, and a statement that
    lies next to an edge would then be in the bin beside it.
    """
    committed = folder / "model.onnx"
    graph = committed.read_bytes() if committed.exists() else built.graph.SerializeToString(deterministic=True)
    return replace(built, manifest=built.manifest | facts(kind, version, graph, built.manifest))


def facts(kind: str, version: str, graph: bytes, manifest: dict) -> dict:
    """The fields `label` and `monitoring` of a manifest."""
    inputs = _inputs(kind, version)
    inputs = inputs[(~np.isnan(inputs)).sum(axis=1) >= FEWEST_RATIOS]
    outputs = artefact.run_graph(graph, manifest, inputs)
    score = outputs["log_odds_ensemble" if "ensemble" in manifest else "log_odds"]
    return {
        "label": LABEL,
        "monitoring": {
            "inputs": [_of_ratio(ratio, inputs[:, j]) for j, ratio in enumerate(RATIOS[kind])],
            "score": _of_score(score),
        },
    }


def _inputs(kind: str, version: str) -> np.ndarray:
    """The statements whose event is a bankruptcy within a year, each counting once."""
    if version == artefact.VERSION:
        return poland.load(RATIOS[kind]).inputs
    taught = populations.load(RATIOS[kind], WEIGHTS[kind])
    return np.vstack([p.inputs for p in taught if p.one_year])


def stored(values: np.ndarray) -> np.ndarray:
    """In steps of the column: four decimals, half away from zero.

    The service rounds the number as it was written. Published are at most seven digits, so it is
    the shortest decimal that gives the scored value.
    """
    written = (Decimal(np.format_float_positional(np.float32(value))) for value in values)
    steps = ((value / Decimal(str(STEP))).quantize(Decimal(1), ROUND_HALF_UP) for value in written)
    return np.array([float(step) for step in steps])


def _of_ratio(ratio: Ratio, values: np.ndarray) -> dict:
    present = stored(values[~np.isnan(values)])
    low, high = stored(np.array([ratio.low, ratio.high]))
    at_low, at_high = present <= low, present >= high
    inside = present[~at_low & ~at_high]
    cuts = _cuts(inside)
    counts = np.bincount(np.searchsorted(cuts, inside, side="left"), minlength=len(cuts) + 1)
    return {
        "name": ratio.name,
        "edges": [round((cut + 0.5) * STEP, 5) for cut in cuts.tolist()],
        "counts": counts.tolist(),
        "at_min": int(at_low.sum()),
        "at_max": int(at_high.sum()),
        "missing": int(np.isnan(values).sum()),
    }


def _of_score(log_odds: np.ndarray) -> dict:
    ordered = np.unique(log_odds)
    cuts = _cuts(log_odds)
    above = ordered[np.searchsorted(ordered, cuts, side="right")]
    edges = ((cuts + above) / 2).tolist()
    counts = np.bincount(np.searchsorted(edges, log_odds, side="right"), minlength=len(edges) + 1)
    return {"edges": edges, "counts": counts.tolist()}


def _cuts(values: np.ndarray) -> np.ndarray:
    """The last value of each bin but the last: deciles, fewer where values repeat."""
    cuts = np.unique(np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return cuts[cuts < values.max()]
