"""Every figure of a back-test's report, from its sample.csv, by other means than the program's:
all pairs are counted, distributions are integrated or added up, equations are solved by halving.
Needs nothing but Python. Prints JSON: figures.py sample.csv INITIAL_AUC TARGET_RATE"""

import bisect
import csv
import json
import math
import sys
from statistics import NormalDist

BOUNDS = [10 ** (5 * b / 64 - 5) for b in range(16, 62, 3)]
K = len(BOUNDS) + 1
PHI = NormalDist()


def simpson(f, a, b, n=4000):
    h = (b - a) / n
    odd = math.fsum(f(a + i * h) for i in range(1, n, 2))
    even = math.fsum(f(a + i * h) for i in range(2, n, 2))
    return (f(a) + f(b) + 4 * odd + 2 * even) * h / 3


def beta_cdf(x, a, b):
    """By x = t²; the density is integrated over the twenty standard deviations around its mean."""
    log_b = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    def density(t):
        if t <= 0:
            return 0.0 if a > 0.5 else 2 * math.exp(-log_b)
        return 2 * math.exp((2 * a - 1) * math.log(t) + (b - 1) * math.log1p(-t * t) - log_b)

    mean = a / (a + b)
    spread = math.sqrt(mean * (1 - mean) / (a + b + 1))
    low = math.sqrt(max(0.0, mean - 20 * spread))
    return simpson(density, min(low, math.sqrt(x)), math.sqrt(x))


def halve(f, low, high):
    """Where an increasing function passes 0."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


def quantile(p, a, b):
    """Secant steps within a bracket."""
    mean = a / (a + b)
    spread = math.sqrt(mean * (1 - mean) / (a + b + 1))
    x0, x1 = mean, min(0.999999, mean + spread)
    f0, f1 = beta_cdf(x0, a, b) - p, beta_cdf(x1, a, b) - p
    for _ in range(60):
        if f1 == f0 or abs(x1 - x0) < 1e-15:
            break
        x0, x1, f0 = x1, x1 - f1 * (x1 - x0) / (f1 - f0), f1
        x1 = min(max(x1, 1e-12), 1 - 1e-12)
        f1 = beta_cdf(x1, a, b) - p
    return x1


def tail(n, d, p):
    """P[Bin(n, p) ≥ d], term by term on the shorter side."""
    if d == 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    odds = p / (1 - p)
    log_odds = math.log(odds)
    if d <= n * p:
        terms = range(0, d)
    else:
        terms = range(d, n + 1)
    logs = math.lgamma(n + 1), n * math.log1p(-p)
    first = terms[0]
    log_term = logs[0] - math.lgamma(first + 1) - math.lgamma(n - first + 1) + first * log_odds + logs[1]
    log_terms = [log_term]
    for k in terms[1:]:
        log_term += math.log((n - k + 1) / k) + log_odds
        log_terms.append(log_term)
        if k > n * p and log_term < -60 + max(log_terms[0], -60):
            break
    total = math.fsum(math.exp(t) for t in log_terms if t > -700)
    return 1 - total if d <= n * p else total


def correlated(n, d, pd, rho):
    """By trapezoids, which are exact to all digits for such integrals once they are narrow."""
    threshold, h = PHI.inv_cdf(pd), 0.01

    def f(z):
        p = 0.5 * math.erfc(-(threshold + math.sqrt(rho) * z) / math.sqrt(1 - rho) / math.sqrt(2))
        return tail(n, d, p) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    return h * math.fsum(f(i * h) for i in range(-900, 901))


def chi_squared_sf(x, df):
    """The recurrence of the upper tail over degrees of freedom."""
    if df % 2:
        q, term, k = math.erfc(math.sqrt(x / 2)), math.sqrt(2 * x / math.pi) * math.exp(-x / 2), 1
    else:
        q, term, k = math.exp(-x / 2), x / 2 * math.exp(-x / 2), 2
    while k < df:
        q += term
        k += 2
        term *= x / k
    return q


def logistic(x):
    return 1 / (1 + math.exp(-x))


def auc(scores, y):
    """From counts of survivors below and defaulters above each, found by bisection."""
    bad = sorted(s for s, d in zip(scores, y) if d)
    good = sorted(s for s, d in zip(scores, y) if not d)
    if len(bad) < 2 or len(good) < 2:
        return None
    below = lambda xs, v: (bisect.bisect_left(xs, v) + bisect.bisect_right(xs, v)) / 2
    v10 = [below(good, v) / len(good) for v in bad]
    v01 = [1 - below(bad, v) / len(bad) for v in good]
    mean = math.fsum(v10) / len(v10)
    var = lambda vs: math.fsum((v - mean) ** 2 for v in vs) / (len(vs) - 1)
    s2 = var(v10) / len(v10) + var(v01) / len(v01)
    reach = PHI.inv_cdf(0.975) * math.sqrt(s2) / (mean * (1 - mean))
    centre = math.log(mean / (1 - mean))
    return {"auc": mean, "variance": s2, "from": logistic(centre - reach), "to": logistic(centre + reach)}


def change(now, initial):
    s = (initial - now["auc"]) / math.sqrt(now["variance"])
    return {"statistic": s, "p": 1 - PHI.cdf(s)}


def recalibrate(pds, y):
    """δ by halving; intercept and slope by coordinate-free Newton steps on exact sums."""
    x = [math.log(p / (1 - p)) for p in pds]
    d = sum(y)
    delta = halve(lambda t: math.fsum(logistic(v + t) for v in x) - d, -20, 20)
    means = [logistic(v + delta) for v in x]
    se_delta = 1 / math.sqrt(math.fsum(m * (1 - m) for m in means))

    def slope_score(a, b):
        return math.fsum(v * (t - logistic(a + b * v)) for v, t in zip(x, y))

    def best_a(b):
        return halve(lambda a: math.fsum(logistic(a + b * v) for v in x) - d, -30, 30)

    b = halve(lambda b: -slope_score(best_a(b), b), 0.01, 5)
    a = best_a(b)
    w = [(m * (1 - m)) for m in (logistic(a + b * v) for v in x)]
    s0, s1, s2 = math.fsum(w), math.fsum(p * v for p, v in zip(w, x)), math.fsum(p * v * v for p, v in zip(w, x))
    det = s0 * s2 - s1 * s1
    return delta, se_delta, a, math.sqrt(s2 / det), b, math.sqrt(s0 / det)


def pd_test(n, d, pd):
    w = (1 - math.exp(-50 * pd)) / (1 - math.exp(-50))
    rho = 0.12 * w + 0.24 * (1 - w)
    a, b = d + 0.5, n - d + 0.5
    p = beta_cdf(pd, a, b)
    return {
        "companies": n, "defaults": d, "rate": d / n, "pd": pd, "correlation": rho,
        "p_too_low": p, "p_too_high": 1 - p, "rate_from": quantile(0.05, a, b), "rate_to": quantile(0.95, a, b),
        "p_correlated": correlated(n, d, pd, rho),
    }


def main(path, initial_auc, target_rate):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    counts = {"population": len(rows)}
    for reason in ("in_default", "left", "rating_outdated", "statement_outdated", "out_of_scope", "not_covered"):
        counts[reason] = sum(r["excluded"] == reason for r in rows)
    counts["customers"] = len(rows) - counts["in_default"] - counts["left"]
    rows = [r for r in rows if not r["excluded"]]
    pds = [float(r["pd"]) for r in rows]
    y = [int(r["y"]) for r in rows]
    n, d = len(rows), sum(y)
    exits = sum(r["exited"] == "1" and r["y"] == "0" for r in rows)
    counts |= {"sample": n, "defaults": d, "exits": exits, "technical": sum(r["technical"] == "1" for r in rows)}
    grades = [bisect.bisect_right(BOUNDS, p) + 1 for p in pds]
    assert grades == [int(r["grade"]) for r in rows]

    survival, left = 1.0, n
    for day in sorted({int(r["days"]) for r in rows}):
        here = [r for r in rows if int(r["days"]) == day]
        survival *= 1 - sum(r["y"] == "1" for r in here) / left
        left -= len(here)

    delta, se_delta, a, se_a, b, se_b = recalibrate(pds, y)
    odds = math.exp(delta)
    rate = d / n
    score = math.fsum((p - t) ** 2 for p, t in zip(pds, y)) / n
    table = []
    for g in range(1, K + 1):
        own = [(p, t) for p, t, h in zip(pds, y, grades) if h == g]
        if own:
            table.append((g, len(own), sum(t for _, t in own), math.fsum(p for p, _ in own) / len(own)))
    hl = math.fsum((m * p - k) ** 2 / (m * p * (1 - p)) for _, m, k, p in table)
    tests = {g: pd_test(m, k, p) for g, m, k, p in table}
    order = sorted(tests, key=lambda g: tests[g]["p_too_low"])
    largest = 0.0
    for rank, g in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * tests[g]["p_too_low"]))
        tests[g]["p_holm"] = largest

    names = {"default": K, "other_model": K + 1, "exit": K + 2, "not_rated": K + 3}
    matrix = [[0] * (K + 4) for _ in range(K)]
    for g, r in zip(grades, rows):
        matrix[g - 1][names.get(r["end"], 0) if r["end"] in names else int(r["end"]) - 1] += 1
    side = lambda keep: [(i, j) for i in range(K) for j in range(K) if keep(i, j)]

    def width(cells):
        most = sum(max(i, K - 1 - i) * matrix[i][j] for i, j in cells)
        return sum(abs(i - j) * matrix[i][j] for i, j in cells) / most if most else None

    shares = [sum(row) / n for row in matrix]
    cv = math.sqrt(K * math.fsum((s - 1 / K) ** 2 for s in shares))
    by_pd, by_grade = auc(pds, y), auc(grades, y)
    two_sided = lambda z: math.erfc(abs(z) / math.sqrt(2))
    print(json.dumps({
        "sample": counts,
        "default_rate": {"keep": rate, "drop": d / (n - exits), "half": d / (n - exits / 2)},
        "kaplan_meier": 1 - survival,
        "shift": {"value": delta, "standard_error": se_delta, "p": two_sided(delta / se_delta), "odds_ratio": odds},
        "new_target_rate": target_rate * odds / (1 - target_rate + target_rate * odds),
        "intercept": {"value": a, "standard_error": se_a, "p": two_sided(a / se_a)},
        "slope": {"value": b, "standard_error": se_b, "p": two_sided((b - 1) / se_b)},
        "brier": {"score": score, "skill": 1 - score / (rate * (1 - rate))},
        "brier_parts": {
            "reliability": math.fsum(m * (p - k / m) ** 2 for _, m, k, p in table) / n,
            "resolution": math.fsum(m * (k / m - rate) ** 2 for _, m, k, p in table) / n,
            "uncertainty": rate * (1 - rate),
        },
        "hosmer_lemeshow": {"statistic": hl, "degrees": len(table), "p": chi_squared_sf(hl, len(table))},
        "portfolio": pd_test(n, d, math.fsum(pds) / n),
        "grades": tests,
        "auc": by_pd, "auc_grades": by_grade,
        "change": change(by_pd, initial_auc), "grade_change": change(by_grade, initial_auc),
        "migration": matrix,
        "upper": width(side(lambda i, j: j > i)), "lower": width(side(lambda i, j: j < i)),
        "variation": cv, "herfindahl": 1 + math.log((cv * cv + 1) / K) / math.log(K),
    }))


main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
