"""The bins that monitoring compares with."""

import json
from pathlib import Path

import numpy as np
import pytest

from accunode_train import monitoring
from accunode_train.ratios import ANNUAL, Ratio

MODELS = Path(__file__).resolve().parents[2]
SHARE = Ratio("share", "Share", "fraction", 0, 1, +1)


def test_deciles_are_even_and_special_values_have_bins_of_their_own():
    values = np.concatenate([np.arange(1, 1001) / 2000, np.zeros(30), np.ones(7), np.full(3, np.nan)])
    bins = monitoring._of_ratio(SHARE, values.astype(np.float32).astype(float))
    assert bins["counts"] == [100] * 10
    assert (bins["at_min"], bins["at_max"], bins["missing"]) == (30, 7, 3)
    assert bins["edges"][0] == 0.05005


def test_repeated_values_share_a_bin():
    bins = monitoring._of_ratio(SHARE, np.repeat([0.1, 0.2, 0.3], [80, 15, 5]))
    assert bins["edges"] == [0.10005, 0.20005]
    assert bins["counts"] == [80, 15, 5]


def test_values_are_rounded_as_they_were_written():
    # Half of a step is rounded away from zero, although the scored f32 number is below it.
    scored = np.array([0.55485, -0.55485, 35.06005]).astype(np.float32).astype(float)
    np.testing.assert_array_equal(monitoring.stored(scored), [5549, -5549, 350601])


@pytest.mark.parametrize("folder", ["annual/1.0.0", "annual/2.0.0", "quarterly/1.0.0", "quarterly/2.0.0"])
def test_committed_bins_follow_from_the_committed_graph_and_the_data(folder):
    kind, version = folder.split("/")
    facts = json.loads((MODELS / folder / "manifest.json").read_text(encoding="utf-8"))
    graph = (MODELS / folder / "model.onnx").read_bytes()
    again = monitoring.facts(kind, version, graph, facts)
    assert again["label"] == facts["label"]
    assert again["monitoring"]["inputs"] == facts["monitoring"]["inputs"]
    assert again["monitoring"]["score"]["counts"] == facts["monitoring"]["score"]["counts"]


def test_bins_of_the_annual_models_are_of_the_annual_ratios():
    facts = json.loads((MODELS / "annual/2.0.0/manifest.json").read_text(encoding="utf-8"))
    assert [bins["name"] for bins in facts["monitoring"]["inputs"]] == [ratio.name for ratio in ANNUAL]
