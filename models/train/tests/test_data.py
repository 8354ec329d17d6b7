import numpy as np
import pytest

from accunode_train.data import load
from accunode_train.ratios import ANNUAL, QUARTERLY, apply_input_rules

DEBT_TO_EBITDA = ANNUAL[1]
MARGIN = ANNUAL[2]


def test_negative_debt_counts_as_the_worst_bound():
    np.testing.assert_array_equal(apply_input_rules([-0.1, -30, 60, 3], DEBT_TO_EBITDA), [50, 50, 50, 3])


def test_other_ratios_are_clamped_and_sentinels_are_missing():
    scored = apply_input_rules([-3, 3, 1e8, -1e8, np.nan], MARGIN)
    np.testing.assert_array_equal(scored, [-1, 1, np.nan, np.nan, np.nan])


def test_values_are_what_the_graph_will_see():
    assert apply_input_rules([0.1], MARGIN)[0] == float(np.float32(0.1))


def test_the_bundled_sample_is_the_one_the_card_describes(monkeypatch):
    monkeypatch.delenv("ACCUNODE_TRAINING_DATA", raising=False)
    sample = load(ANNUAL)
    assert (len(sample.bankrupt), sample.defaults, sample.duplicates_dropped) == (4387, 306, 41)
    capital, ebitda = sample.inputs[:, 0], sample.inputs[:, 1]
    equity = load(QUARTERLY).inputs[:, 2]
    assert sample.bankrupt[ebitda == 50].mean() == pytest.approx(0.27, abs=0.005)
    assert sample.bankrupt[capital == 2].mean() == pytest.approx(0.33, abs=0.005)
    assert sample.bankrupt[equity == 5].mean() == pytest.approx(0.20, abs=0.005)
    assert sample.bankrupt[ebitda <= 0.2].mean() == pytest.approx(0.044, abs=0.0005)
