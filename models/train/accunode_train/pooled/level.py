"""From scores to the level that is served: one slope, and a base between the populations."""

import numpy as np

from accunode_train.calibration import Platt
from accunode_train.pooled.populations import Population


def base_rate(populations: list[Population]) -> float:
    """The events among the one-year rows, weighted as they teach."""
    rows = [p for p in populations if p.one_year]
    return sum(p.weight * p.event.sum() for p in rows) / sum(p.weight * len(p.event) for p in rows)


def fit_level(populations: list[Population], scores: list[np.ndarray]) -> Platt:
    """One slope for the one-year populations, an intercept for each; served is the mean of these.

    Each intercept is brought to the common base rate first, as if its population had that one.
    """
    kept = [(p, s) for p, s in zip(populations, scores, strict=True) if p.one_year]
    event = np.concatenate([p.event for p, _ in kept])
    weight = np.concatenate([np.full(len(s), p.weight) for p, s in kept])
    place = np.repeat(np.arange(len(kept)), [len(s) for _, s in kept])
    design = np.column_stack([np.concatenate([s for _, s in kept]), np.eye(len(kept))[place]])
    x = np.zeros(design.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-(design @ x)))
        gradient = design.T @ (weight * (p - event))
        if np.abs(gradient).max() < 1e-10 * weight.sum():
            break
        x -= np.linalg.solve((design * (weight * p * (1 - p))[:, None]).T @ design, gradient)
    served = logit(base_rate(populations))
    offsets = [b - logit(p.rate) + served for b, (p, _) in zip(x[1:], kept, strict=True)]
    return Platt(float(x[0]), float(np.mean(offsets)))


def logit(rate: float) -> float:
    return float(np.log(rate / (1 - rate)))
