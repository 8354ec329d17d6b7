"""Small models on made-up firms: the graph against the f64 reference, and what must hold of both."""

import numpy as np
import onnxruntime
import pytest

from accunode_train import annual, export, golden, importance, quarterly, scorecard
from accunode_train.calibration import Platt
from accunode_train.ratios import ANNUAL, QUARTERLY, apply_input_rules
from accunode_train.trees import calibrated, fit_boosted, round_down_to_f32


def firms(ratios, rows=1500):
    random = np.random.default_rng(7)
    strength = random.normal(size=rows)
    columns = []
    for ratio in ratios:
        sign = ratio.direction or -1
        spread = (ratio.high - ratio.low) / 8
        middle = ratio.low + (ratio.high - ratio.low) / 3
        noise = random.normal(size=rows)
        columns.append(apply_input_rules(middle - sign * spread * (strength + noise), ratio))
    inputs = np.column_stack(columns)
    inputs[random.random(inputs.shape) < 0.1] = np.nan
    return inputs, (random.random(rows) < 1 / (1 + np.exp(1.5 + 1.5 * strength))).astype(int)


def run(graph, inputs):
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, {"ratios": inputs.astype(np.float32)})


@pytest.fixture(scope="module")
def annual_model():
    return annual.train(*firms(ANNUAL))


@pytest.fixture(scope="module")
def quarterly_model():
    return quarterly.train(*firms(QUARTERLY))


def test_the_annual_graph_equals_the_reference_to_the_last_bit(annual_model):
    inputs, bankrupt = firms(ANNUAL)
    rows = golden.golden_inputs(ANNUAL, inputs, bankrupt, annual_model.card.cuts)
    (contributions,) = run(export.annual_graph(annual_model.card), rows)
    np.testing.assert_array_equal(contributions, annual_model.card.contributions(rows))


def test_the_quarterly_graph_equals_the_reference_to_the_last_bit(quarterly_model):
    card, forest = quarterly_model.card, quarterly_model.forest
    inputs, bankrupt = firms(QUARTERLY)
    rows = golden.golden_inputs(QUARTERLY, inputs, bankrupt, card.cuts, forest)
    contributions, gbm = run(export.quarterly_graph(card, forest), rows)
    np.testing.assert_array_equal(contributions, card.contributions(rows))
    np.testing.assert_array_equal(gbm[:, 0], forest.log_odds(rows))


def test_the_forest_equals_lightgbm():
    inputs, bankrupt = firms(QUARTERLY)
    boosted = fit_boosted(QUARTERLY, inputs, bankrupt)
    forest = calibrated(boosted, Platt(1.0, 0.0))
    # 120 leaves, each off by at most half a grid step.
    np.testing.assert_allclose(forest.log_odds(inputs), boosted.log_odds(inputs), atol=120 * 5e-7)


def test_missing_contributes_nothing_and_means_the_median_to_the_trees(annual_model, quarterly_model):
    missing = np.full((1, 5), np.nan)
    assert not annual_model.card.contributions(missing).any()
    assert annual_model.card.log_odds(missing)[0] == annual_model.card.base_log_odds
    forest = quarterly_model.forest
    medians = forest.log_odds(forest.medians[None, :])
    np.testing.assert_array_equal(forest.log_odds(np.full((1, 6), np.nan)), medians)


def test_the_ensemble_never_rewards_a_worse_ratio(quarterly_model):
    base = np.nanmedian(firms(QUARTERLY)[0], axis=0)
    for j, ratio in enumerate(QUARTERLY):
        if ratio.direction:
            rows = np.tile(base, (200, 1))
            rows[:, j] = np.linspace(ratio.low, ratio.high, 200)
            steps = np.diff(quarterly_model.log_odds(rows)["ensemble"]) * ratio.direction
            assert steps.min() >= -1e-12


def test_the_standard_error_follows_from_the_contributions(annual_model):
    card = annual_model.card
    inputs, bankrupt = firms(ANNUAL)
    model = scorecard.fit_logistic(ANNUAL, inputs, bankrupt, annual.STRENGTH)
    x = np.column_stack([np.ones(len(inputs)), model.evidence(inputs)])
    expected = np.sqrt(((x @ card.covariance) * x).sum(axis=1))
    actual = scorecard.standard_error(card, card.contributions(inputs))
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_a_threshold_never_rounds_up():
    for threshold in (0.1, 0.3, -0.1, 1.0, 1e-35):
        rounded = round_down_to_f32(threshold)
        assert rounded <= threshold < float(np.nextafter(np.float32(rounded), np.float32(np.inf)))


def test_shapley_values_add_up_to_the_distance_from_the_reference(quarterly_model):
    inputs = firms(QUARTERLY)[0][:20]
    medians = quarterly_model.forest.medians
    inputs = np.where(np.isnan(inputs), medians, inputs)

    def score(x):
        return quarterly_model.log_odds(np.atleast_2d(x))["ensemble"]

    values = importance.shapley(score, inputs, medians)
    np.testing.assert_allclose(values.sum(axis=1), score(inputs) - score(medians), atol=1e-9)


def test_golden_rows_read_back_as_written(tmp_path, annual_model):
    inputs, bankrupt = firms(ANNUAL)
    rows = golden.golden_inputs(ANNUAL, inputs, bankrupt, annual_model.card.cuts)
    golden.write(tmp_path / "golden.csv", [r.name for r in ANNUAL], rows, annual_model.log_odds(rows))
    back, outputs = golden.read(tmp_path / "golden.csv", len(ANNUAL))
    np.testing.assert_array_equal(back, rows)
    np.testing.assert_array_equal(outputs["logistic"], annual_model.card.log_odds(rows))
