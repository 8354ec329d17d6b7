"""A logistic regression on ramps: each ratio's effect is a chain of straight stretches that only rise.

A ramp runs from 0 to 1 between two knots, in the direction of risk. Every ramp keeps a smallest rise,
so the log-odds move wherever the ratio moves. Each population has an intercept of its own.
"""

from dataclasses import dataclass

import numpy as np

from accunode_train.pooled import coverage
from accunode_train.pooled.populations import Population, pooled
from accunode_train.ratios import Ratio, clip_to_bounds

LEVELS = np.linspace(0, 1, 201)
NARROWEST = 0.002
"""Of a ratio's range: knots closer than that are joined."""


@dataclass(frozen=True)
class Form:
    """How many ramps a ratio has and how they are held back."""

    ramps: int
    penalty: float
    smallest_rise: float
    directions: tuple[int, ...]
    coverage_weight: float = 0.0
    """The share of the tables' log-odds that the coverage ramps start from."""
    coverage_penalty: float = 0.0
    smallest_coverage_rise: float = 0.0


@dataclass(frozen=True)
class Curve:
    """One ratio: knots from bound to bound, and the rise of risk along each stretch."""

    knots: np.ndarray
    rises: np.ndarray
    direction: int
    neutral: float
    """What the ramps give where the ratio is missing."""

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The effect against neutral; 0 where the ratio is missing."""
        return np.nan_to_num(ramps(x, self.knots, self.direction) @ self.rises - self.neutral)


@dataclass(frozen=True)
class Ramps:
    """The fitted model before calibration."""

    ratios: tuple[Ratio, ...]
    curves: tuple[Curve, ...]

    def effects(self, inputs: np.ndarray) -> np.ndarray:
        x = clip_to_bounds(inputs, self.ratios)
        return np.column_stack([curve(x[:, j]) for j, curve in enumerate(self.curves)])

    def log_odds(self, inputs: np.ndarray) -> np.ndarray:
        """Without any population's intercept."""
        return self.effects(inputs).sum(axis=1)


def fit(ratios: tuple[Ratio, ...], populations: list[Population], form: Form) -> Ramps:
    """Knots from the populations, rises by penalised maximum likelihood."""
    knots = [_knots(j, r, populations, form) for j, r in enumerate(ratios)]
    inputs, event, weight, place = pooled(populations)
    design = np.hstack(
        [ramps(inputs[:, j], k, d) for j, (k, d) in enumerate(zip(knots, form.directions, strict=True))]
    )
    # A missing ratio pulls nowhere: it stands at the mean of the others while the rises are learned.
    present = np.maximum((~np.isnan(design)).sum(axis=0), 1)
    design = np.where(np.isnan(design), 0.0, design - np.nansum(design, axis=0) / present)
    aims, penalties, smallest = _restraints(ratios, knots, form)
    rises = _solve(design, event, weight, place, aims, penalties, smallest)
    ends = np.cumsum([len(k) - 1 for k in knots])[:-1]
    curves = [
        _curve(j, k, part, d, populations)
        for j, (k, part, d) in enumerate(zip(knots, np.split(rises, ends), form.directions, strict=True))
    ]
    return Ramps(ratios, tuple(curves))


def ramps(x: np.ndarray, knots: np.ndarray, direction: int) -> np.ndarray:
    """One column for each stretch: how much of it lies on the safe side of x; NaN stays NaN."""
    passed = np.clip((x[:, None] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
    return passed if direction > 0 else 1.0 - passed


def _knots(j: int, ratio: Ratio, populations: list[Population], form: Form) -> np.ndarray:
    if _is_coverage(ratio) and form.coverage_weight > 0:
        return coverage.KNOTS
    values = quantiles(populations, j, LEVELS)
    inner = np.quantile(values, np.arange(1, form.ramps) / form.ramps)
    narrowest = NARROWEST * (ratio.high - ratio.low)
    knots = [float(ratio.low)]
    for knot in inner:
        if knot - knots[-1] >= narrowest and ratio.high - knot >= narrowest:
            knots.append(float(knot))
    return np.array([*knots, float(ratio.high)])


def quantiles(populations: list[Population], j: int, levels: np.ndarray) -> np.ndarray:
    """Of the ratio's present values, each population counting the same."""
    columns = [p.inputs[:, j] for p in populations]
    present = [np.quantile(c[~np.isnan(c)], LEVELS) for c in columns if not np.isnan(c).all()]
    return np.quantile(np.concatenate(present), levels)


def _restraints(ratios, knots, form: Form) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    aims, penalties, smallest = [], [], []
    for ratio, k in zip(ratios, knots, strict=True):
        ones = np.ones(len(k) - 1)
        from_tables = _is_coverage(ratio) and form.coverage_weight > 0
        aims.append(form.coverage_weight * coverage.rises() if from_tables else 0.0 * ones)
        penalties.append((form.coverage_penalty if from_tables else form.penalty) * ones)
        smallest.append((form.smallest_coverage_rise if from_tables else form.smallest_rise) * ones)
    return np.concatenate(aims), np.concatenate(penalties), np.concatenate(smallest)


def _is_coverage(ratio: Ratio) -> bool:
    return ratio.name == "ebit_to_interest_expense"


def _curve(j, knots, rises, direction, populations: list[Population]) -> Curve:
    """Neutral is what a typical company gets, in the population where that is worst.

    The median company, and where every company has the ratio also the mean effect: so a ratio that is
    left out counts no better than a typical one, in any population. Half way where no population has it.
    """
    typical = []
    for population in populations:
        x = population.inputs[:, j]
        missing = np.isnan(x)
        if missing.all():
            continue
        effects = ramps(x[~missing], knots, direction) @ rises
        typical.append(float(np.median(effects)))
        if missing.mean() < 0.01:
            typical.append(float(effects.mean()))
    return Curve(knots, rises, direction, max(typical, default=float(rises.sum() / 2)))


def _solve(design, event, weight, place, aims, penalties, smallest) -> np.ndarray:
    """Projected Newton steps to machine precision, so that a rebuild ends at the same point."""
    groups = np.eye(place.max() + 1)[place]
    count = groups.shape[1]
    both = np.hstack([groups, design])
    ridge = np.r_[np.zeros(count), penalties]
    aim = np.r_[np.zeros(count), aims]
    low = np.r_[np.full(count, -np.inf), smallest]
    rates = [np.average(event[place == g], weights=weight[place == g]) for g in range(count)]
    x = np.r_[np.log(rates) - np.log1p(-np.array(rates)), np.maximum(aims, smallest)]

    def loss(point: np.ndarray) -> float:
        z = both @ point
        away = point - aim
        return float(weight @ (np.logaddexp(0, z) - event * z) + 0.5 * ridge @ (away * away))

    current = loss(x)
    for _ in range(200):
        p = 1 / (1 + np.exp(-(both @ x)))
        gradient = both.T @ (weight * (p - event)) + ridge * (x - aim)
        free = ~((x <= low) & (gradient > 0))
        if np.abs(gradient[free]).max() < 1e-8 * weight.sum():
            return x[count:]
        part = both[:, free]
        curvature = (part * (weight * p * (1 - p))[:, None]).T @ part + np.diag(ridge[free] + 1e-12)
        step = np.zeros(len(x))
        step[free] = -np.linalg.solve(curvature, gradient[free])
        size = 1.0
        while True:
            tried = np.maximum(low, x + size * step)
            value = loss(tried)
            if value <= current or size < 1e-9:
                break
            size *= 0.5
        if size < 1e-9:
            return x[count:]
        x, current = tried, value
    raise ValueError("the rises did not converge")
