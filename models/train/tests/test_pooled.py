"""Version 2 on made-up companies of two countries: what must hold of the curves, whatever is learned."""

import dataclasses

import numpy as np
import onnxruntime
import pytest

from accunode_train import export, golden
from accunode_train.pooled import coverage, level, models, populations, svg, validation
from accunode_train.pooled.populations import Population, pooled, without_twins
from accunode_train.pooled.ramps import quantiles
from accunode_train.ratios import ANNUAL, QUARTERLY, apply_input_rules


def country(name, ratios, seed, rows, one_year=True, weight=1.0, without=()):
    random = np.random.default_rng(seed)
    strength = random.normal(size=rows)
    columns = []
    for ratio in ratios:
        spread = (ratio.high - ratio.low) / 8
        middle = ratio.low + (ratio.high - ratio.low) / 3
        noise = random.normal(size=rows)
        columns.append(
            apply_input_rules(middle - (ratio.direction or -1) * spread * (strength + noise), ratio)
        )
    inputs = np.column_stack(columns)
    inputs[random.random(inputs.shape) < 0.05] = np.nan
    inputs[:, list(without)] = np.nan
    event = (random.random(rows) < 1 / (1 + np.exp(2 + 1.5 * strength))).astype(float)
    identity = np.array([f"{name} {row}" for row in range(rows)])
    return Population(name, weight, one_year, inputs, event, np.full(rows, 2016), identity)


def countries(ratios, without=()):
    return [
        country("Poland", ratios, 1, 900),
        country("US, one year", ratios, 2, 700, weight=2.0, without=without),
        country("US, by 2018", ratios, 3, 800, one_year=False, weight=0.1, without=without),
    ]


@pytest.fixture(scope="module")
def annual_model():
    return models.train_annual(countries(ANNUAL, without=[3]))


@pytest.fixture(scope="module")
def quarterly_model():
    return models.train_quarterly(countries(QUARTERLY))


def run(graph, inputs):
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, {"ratios": inputs.astype(np.float32)})


def test_the_graph_equals_the_reference_to_the_last_bit(annual_model):
    inputs, event, _, _ = pooled(countries(ANNUAL, without=[3]))
    rows = golden.golden_inputs(ANNUAL, inputs, event, annual_model.card.cuts)
    (contributions,) = run(export.annual_graph(annual_model.card), rows)
    np.testing.assert_array_equal(contributions, annual_model.card.contributions(rows))


def test_the_graph_of_curves_and_trees_equals_the_reference_to_the_last_bit(quarterly_model):
    inputs, event, _, _ = pooled(countries(QUARTERLY))
    card, forest = quarterly_model.card, quarterly_model.forest
    rows = golden.golden_inputs(QUARTERLY, inputs, event, card.cuts, forest)
    contributions, gbm = run(export.quarterly_graph(card, forest), rows)
    np.testing.assert_array_equal(contributions, card.contributions(rows))
    np.testing.assert_array_equal(gbm[:, 0], forest.log_odds(rows))


@pytest.mark.parametrize("ratios", [ANNUAL, QUARTERLY])
def test_a_curve_moves_everywhere_and_never_back(ratios, annual_model, quarterly_model):
    model, form = (
        (annual_model, models.ANNUAL_FORM)
        if ratios is ANNUAL
        else (quarterly_model, models.QUARTERLY_FORM)
    )
    for ratio, table, direction in zip(ratios, model.card.tables, form.directions, strict=True):
        steps = np.linspace(ratio.low, ratio.high, 2001)
        knots = np.concatenate([[k, np.nextafter(np.float32(k), np.float32(np.inf))] for k in table.knots[1:]])
        x = np.sort(np.concatenate([steps, knots]).astype(np.float32).astype(np.float64))
        moved = direction * np.diff(table(x))
        assert (moved >= 0).all(), ratio.name
        assert (direction * np.diff(table(steps.astype(np.float32).astype(np.float64))) > 0).all(), ratio.name


def test_missing_contributes_nothing_and_a_typical_company_no_more(annual_model):
    card = annual_model.card
    assert not card.contributions(np.full((1, 5), np.nan)).any()
    for population in countries(ANNUAL, without=[3]):
        medians = np.nanmedian(population.inputs[:, [0, 1, 2, 4]], axis=0)
        row = np.insert(medians, 3, np.nan)[None, :]
        assert (card.contributions(row) <= 1e-5).all(), population.name


def test_the_tables_of_coverage_fall_with_coverage():
    assert (coverage.rises() >= -1e-12).all()
    assert coverage.log_odds(np.array([0.1]))[0] == pytest.approx(np.log(0.26 / 0.74))


def test_a_level_between_two_countries_gives_the_common_rate_at_the_mean():
    both = countries(ANNUAL)[:2]
    scores = [np.zeros(len(p.event)) + 1e-9 * np.arange(len(p.event)) for p in both]
    offset = level.fit_level(both, scores).offset
    assert offset == pytest.approx(level.logit(level.base_rate(both)), abs=0.5)


def test_twins_of_tested_rows_are_not_learned_from():
    poland, us, weak = countries(ANNUAL)
    twin = dataclasses.replace(weak, identity=np.r_[us.identity[:5], weak.identity[5:]])
    assert len(without_twins([twin], [us])[0].event) == len(twin.event) - 5
    for training, tested in models.folds([poland, us, twin], 1):
        learned = np.concatenate([p.identity for p in training])
        assert not np.isin(us.identity[tested[1]], learned).any()


def test_the_bundled_populations_are_those_of_the_card():
    poland, us, weak = populations.load(ANNUAL, (1.0, 1.0, 1.0))
    assert [(len(p.event), int(p.event.sum())) for p in (poland, us, weak)] == [
        (4387, 306),
        (1810, 61),
        (11523, 776),
    ]
    assert np.isnan(us.inputs[:, 3]).all() and np.isnan(weak.inputs[:, 3]).all()
    assert quantiles([poland, us], 3, np.array([0.5]))[0] == pytest.approx(3.626, abs=0.001)


def test_an_interval_holds_the_auc_and_wilsons_holds_the_share():
    random = np.random.default_rng(5)
    event = (random.random(2000) < 0.1).astype(float)
    low, high = validation.auc_interval(event, random.normal(size=2000) + event)
    assert low < 0.76 < high and high - low < 0.12
    low, high = validation.wilson(0, 100)
    assert low == 0 and 0.03 < high < 0.04


def test_a_plot_is_svg_that_can_be_read():
    import xml.etree.ElementTree as tree

    axis = svg.Axis(0.01, 1.0, [(0.1, "10 %")], "a < b & c", log=True)
    plot = svg.Plot(axis, svg.Axis(0, 1, [(0.5, "half")]), "title")
    plot.line([(0.01, 0), (1, 1)], svg.COLOURS[0])
    plot.dot(0.1, 0.5, svg.COLOURS[1])
    root = tree.fromstring(svg.document([plot, plot], columns=2))
    assert root.attrib["viewBox"] == "0 0 1280 360"
