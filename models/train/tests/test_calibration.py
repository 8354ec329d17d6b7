import numpy as np
import pytest

from accunode_train.calibration import fit_platt, probability_of_default, sigmoid


def test_platt_undoes_a_stretch_and_a_shift():
    random = np.random.default_rng(1)
    log_odds = random.normal(-1, 1.5, 200_000)
    bankrupt = (random.random(log_odds.size) < sigmoid(log_odds)).astype(int)
    platt = fit_platt(2 * log_odds + 1, bankrupt)
    assert platt.slope == pytest.approx(0.5, abs=0.01)
    assert platt.offset == pytest.approx(-0.5, abs=0.02)


def test_the_average_firm_of_the_sample_gets_the_target_rate():
    log_odds = np.log(np.array([0.07 / 0.93]))
    assert probability_of_default(log_odds, 0.015, 0.07)[0] == pytest.approx(0.015)


def test_the_prior_correction_is_the_published_formula():
    p, k = 0.3, 0.015 / 0.985 * 0.93 / 0.07
    log_odds = np.log(np.array([p / (1 - p)]))
    expected = p * k / (p * k + 1 - p)
    assert probability_of_default(log_odds, 0.015, 0.07)[0] == pytest.approx(expected)
