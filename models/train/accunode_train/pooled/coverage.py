"""What published tables say of interest coverage, which the training data hardly teach.

Agencies and analysts read coverage first, but one training set has it for half of its companies and
the other for none. So the model starts from two tables for rated non-financial companies, large and
small, and lets the Polish companies correct them.

- Coverage to rating: A. Damodaran, "Ratings, Interest Coverage Ratios and Default Spread", NYU Stern,
  https://pages.stern.nyu.edu/~adamodar/New_Home_Page/datafile/ratings.htm
- Rating to default within a year: global long-run averages by rating, rounded, as the agencies'
  annual default studies publish them (S&P Global Ratings, "Annual Global Corporate Default And
  Rating Transition Study", averages since 1981).
"""

import numpy as np

LARGE = (
    (0.2, "D"), (0.65, "C"), (0.8, "CC"), (1.25, "CCC"), (1.5, "B-"), (1.75, "B"), (2.0, "B+"),
    (2.25, "BB"), (2.5, "BB+"), (3.0, "BBB"), (4.25, "A-"), (5.5, "A"), (6.5, "A+"), (8.5, "AA"),
    (np.inf, "AAA"),
)  # fmt: skip
"""Non-financial companies of more than five billion dollars: coverage below, rating."""

SMALL = (
    (0.5, "D"), (0.8, "C"), (1.25, "CC"), (1.5, "CCC"), (2.0, "B-"), (2.5, "B"), (3.0, "B+"),
    (3.5, "BB"), (4.0, "BB+"), (4.5, "BBB"), (6.0, "A-"), (7.5, "A"), (9.5, "A+"), (12.5, "AA"),
    (np.inf, "AAA"),
)  # fmt: skip
"""Smaller and riskier ones."""

DEFAULT_RATE = {
    "AAA": 0.0001, "AA": 0.0002, "A+": 0.0005, "A": 0.0005, "A-": 0.0006, "BBB": 0.0015,
    "BB+": 0.003, "BB": 0.005, "B+": 0.02, "B": 0.03, "B-": 0.065,
    "CCC": 0.26, "CC": 0.26, "C": 0.26, "D": 0.26,
}  # fmt: skip
"""Within a year. No AAA company is among the defaults: a hundredth of a percent stands for none."""

KNOTS = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4.5, 6, 8, 10, 12.5, 25, 50, 100], dtype=float)
SMOOTHED_OVER = np.linspace(0.8, 1.2, 21)


def log_odds(coverage: np.ndarray) -> np.ndarray:
    """Mean of the two tables, their steps smoothed over a fifth to both sides."""
    values = [
        0.5 * (_step(coverage * factor, LARGE) + _step(coverage * factor, SMALL))
        for factor in SMOOTHED_OVER
    ]
    return np.mean(values, axis=0)


def rises() -> np.ndarray:
    """By how much the log-odds rise when coverage falls through each stretch between two knots."""
    return -np.diff(log_odds(KNOTS))


def _step(coverage: np.ndarray, table: tuple[tuple[float, str], ...]) -> np.ndarray:
    edges = np.array([edge for edge, _ in table])
    rates = np.array([DEFAULT_RATE[rating] for _, rating in table])
    rate = rates[np.searchsorted(edges, coverage, side="right").clip(max=len(rates) - 1)]
    return np.log(rate / (1 - rate))
