"""The ratios AccuNode scores, with the service's own input rules.

Training values pass the same rules as a request does, so the model learns from
exactly what it will be asked about.
"""

from dataclasses import dataclass

import numpy as np

IMPLAUSIBLE_ABOVE = 1e7
"""Beyond this a number is a data vendor's sentinel (1e8), not a ratio."""


@dataclass(frozen=True)
class Ratio:
    """One input: its range in the stored columns and how risk moves with it."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    direction: int
    """+1: more is riskier; -1: more is safer; 0: the data decide."""
    debt_is_numerator: bool = False
    """Debt is never negative, so a negative value means a denominator <= 0: the worst bound."""


ANNUAL = (
    Ratio("long_term_debt_to_total_capital", "Long-term debt / total capital", "fraction", 0, 2, +1, True),
    Ratio("total_debt_to_ebitda", "Total debt / EBITDA", "multiple", 0, 50, +1, True),
    Ratio("net_income_margin", "Net income margin", "fraction", -1, 1, -1),
    Ratio("ebit_to_interest_expense", "EBIT / interest expense", "multiple", 0, 100, -1),
    Ratio("return_on_assets", "Return on assets", "fraction", -1, 1, -1),
)

QUARTERLY = (
    Ratio("current_ratio", "Current ratio", "multiple", 0, 10, -1),
    Ratio("quick_ratio", "Quick ratio", "multiple", 0, 10, -1),
    Ratio("debt_to_equity", "Debt / equity", "multiple", 0, 5, +1, True),
    Ratio("inventory_turnover", "Inventory turnover (trailing twelve months)", "multiple", 0, 50, 0),
    Ratio("receivables_turnover", "Receivables turnover (trailing twelve months)", "multiple", 0, 50, 0),
    Ratio("working_capital_to_total_assets", "Working capital / total assets", "fraction", -1, 1, -1),
)


def apply_input_rules(values: np.ndarray, ratio: Ratio) -> np.ndarray:
    """Bring raw values into range the way the service does; NaN is missing."""
    x = np.array(values, dtype=np.float64)
    x[np.abs(x) > IMPLAUSIBLE_ABOVE] = np.nan
    if ratio.debt_is_numerator:
        x[x < 0] = ratio.high
    return as_scored(np.clip(x, ratio.low, ratio.high))


def as_scored(values: np.ndarray) -> np.ndarray:
    """The f64 image of the f32 number that enters the graph."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def clip_to_bounds(inputs: np.ndarray, ratios: tuple[Ratio, ...]) -> np.ndarray:
    """What the graph itself does with a number outside the range: the nearest bound; NaN stays."""
    low = np.array([r.low for r in ratios], dtype=np.float64)
    high = np.array([r.high for r in ratios], dtype=np.float64)
    return np.clip(as_scored(inputs), low, high)
