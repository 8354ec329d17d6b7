//! Special functions: the beta, normal and χ² distributions.
//!
//! `libm` provides the error function and ln Γ. The incomplete beta and gamma functions are the
//! usual continued fractions and series, with the leading factor written so that it loses no
//! digits for a million observations (differences of ln Γ would lose seven).

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// Sufficient for 10⁸ observations: the continued fraction needs about √n steps.
const MOST_STEPS: u32 = 20_000;
const TINY: f64 = 1e-300;

/// Returns Φ(x), the standard normal distribution.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Returns 1 − Φ(x), without cancellation.
#[must_use]
pub fn normal_sf(x: f64) -> f64 {
    normal_cdf(-x)
}

/// The two-sided p-value of a standard normal statistic.
#[must_use]
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// The density of the standard normal distribution.
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// Φ⁻¹(p). Infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    solve_increasing(-40.0, 40.0, 0.0, p, normal_cdf, normal_density)
}

/// I_x(a, b), the regularized incomplete beta function: the distribution of Beta(a, b) at x.
/// `a` and `b` are above 0.
#[must_use]
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = beta_front(x, a, b);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The p-quantile of Beta(a, b).
#[must_use]
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    solve_increasing(
        0.0,
        1.0,
        a / (a + b),
        p,
        |x| beta_cdf(x, a, b),
        |x| beta_front(x, a, b) / (x * (1.0 - x)),
    )
}

/// P[Bin(n, p) ≥ d].
#[must_use]
pub fn binomial_tail(n: u64, d: u64, p: f64) -> f64 {
    if d == 0 {
        return 1.0;
    }
    if d > n {
        return 0.0;
    }
    beta_cdf(p, d as f64, (n - d + 1) as f64)
}

/// P[χ²_k ≥ x].
#[must_use]
pub fn chi_squared_sf(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    upper_gamma(0.5 * degrees, 0.5 * x)
}

/// The p-quantile of χ² with `degrees` degrees of freedom.
#[must_use]
pub fn chi_squared_quantile(p: f64, degrees: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let half = 0.5 * degrees;
    let mut high = degrees + 10.0;
    while 1.0 - chi_squared_sf(high, degrees) < p && high < 1e12 {
        high *= 2.0;
    }
    solve_increasing(
        0.0,
        high,
        degrees,
        p,
        |x| 1.0 - chi_squared_sf(x, degrees),
        |x| ((half - 1.0) * (0.5 * x).ln() - 0.5 * x - libm::lgamma(half)).exp() * 0.5,
    )
}

/// Returns x^a (1 − x)^b / B(a, b). With d = x(a + b) − a the powers are written as a ln(1 + d/a)
/// + b ln(1 − d/b), whose large parts cancel exactly, and Stirling's series replaces ln Γ.
fn beta_front(x: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let d = x * n - a;
    let powers = a * log_ratio(d / a, x * n / a) + b * log_ratio(-d / b, (1.0 - x) * n / b);
    let rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
    (powers + rest + 0.5 * (a * b / (n * TAU)).ln()).exp()
}

/// Returns ln(1 + d), where `one_plus` is 1 + d computed without d: near 1 the first is more
/// precise, far from it the second.
fn log_ratio(d: f64, one_plus: f64) -> f64 {
    if d.abs() < 0.5 {
        d.ln_1p()
    } else {
        one_plus.ln()
    }
}

/// ln Γ(z) − ((z − ½) ln z − z + ½ ln 2π).
fn stirling_rest(z: f64) -> f64 {
    if z < 16.0 {
        return libm::lgamma(z) - ((z - 0.5) * z.ln() - z + 0.5 * TAU.ln());
    }
    let square = z * z;
    (1.0 / 12.0
        - (1.0 / 360.0
            - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square)
            / square)
        / z
}

/// The continued fraction of I_x(a, b), by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let factor = d * c;
        value *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// Q(a, x) = Γ(a, x)/Γ(a).
fn upper_gamma(a: f64, x: f64) -> f64 {
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / guard(b);
    let mut value = d;
    for step in 1..=MOST_STEPS {
        let i = f64::from(step);
        let factor = -i * (i - a);
        b += 2.0;
        d = 1.0 / guard(factor * d + b);
        c = guard(b + factor / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * value
}

/// Returns where an increasing function reaches `target` within `low` to `high`: Newton's steps
/// from `start`, and halving when a step would leave the bracket.
pub(super) fn solve_increasing(
    mut low: f64,
    mut high: f64,
    start: f64,
    target: f64,
    value: impl Fn(f64) -> f64,
    slope: impl Fn(f64) -> f64,
) -> f64 {
    let mut x = start;
    for _ in 0..200 {
        let miss = value(x) - target;
        if miss == 0.0 {
            return x;
        }
        if miss < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let newton = x - miss / slope(x);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - x).abs() <= 2.0 * f64::EPSILON * x.abs() || next == low && next == high {
            return next;
        }
        x = next;
    }
    x
}

/// Integrates f over `low` to `high` by 15 points of Gauss and Kronrod on panels that are halved
/// until each is accurate to `tolerance`.
pub(super) fn integrate(f: &impl Fn(f64) -> f64, low: f64, high: f64, tolerance: f64) -> f64 {
    const PANELS: u32 = 20;
    let width = (high - low) / f64::from(PANELS);
    let panel = |i: u32| {
        let from = low + f64::from(i) * width;
        halved(f, from, from + width, tolerance, 30)
    };
    (0..PANELS).map(panel).sum()
}

fn halved(f: &impl Fn(f64) -> f64, low: f64, high: f64, tolerance: f64, depth: u32) -> f64 {
    let (fine, coarse) = gauss_kronrod(f, low, high);
    if depth == 0 || (fine - coarse).abs() <= tolerance {
        return fine;
    }
    let middle = 0.5 * (low + high);
    halved(f, low, middle, tolerance, depth - 1) + halved(f, middle, high, tolerance, depth - 1)
}

/// Returns the integral by 15 points, and by the 7 of them that are Gauss's.
fn gauss_kronrod(f: &impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    // Piessens et al., QUADPACK, 1983.
    const POINTS: [f64; 7] = [
        0.991_455_371_120_812_6,
        0.949_107_912_342_758_5,
        0.864_864_423_359_769_1,
        0.741_531_185_599_394_4,
        0.586_087_235_467_691_1,
        0.405_845_151_377_397_2,
        0.207_784_955_007_898_47,
    ];
    const KRONROD: [f64; 7] = [
        0.022_935_322_010_529_224,
        0.063_092_092_629_978_56,
        0.104_790_010_322_250_19,
        0.140_653_259_715_525_92,
        0.169_004_726_639_267_9,
        0.190_350_578_064_785_4,
        0.204_432_940_075_298_89,
    ];
    const GAUSS: [f64; 3] = [
        0.129_484_966_168_869_7,
        0.279_705_391_489_276_64,
        0.381_830_050_505_118_9,
    ];
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let centre = f(middle);
    let mut fine = 0.209_482_141_084_727_82 * centre;
    let mut coarse = 0.417_959_183_673_469_4 * centre;
    for (i, (point, weight)) in POINTS.iter().zip(KRONROD).enumerate() {
        let both = f(middle - half * point) + f(middle + half * point);
        fine += weight * both;
        if i % 2 == 1 {
            coarse += GAUSS[i / 2] * both;
        }
    }
    (fine * half, coarse * half)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1e-30),
            "{a} is not {b}"
        );
    }

    #[test]
    fn distributions_agree_with_closed_forms() {
        // Beta(½, ½) is the arcsine law; Beta(1, n) and Beta(n, 1) are powers.
        for x in [1e-9_f64, 0.01, 0.3, 0.5, 0.77, 0.999] {
            near(beta_cdf(x, 0.5, 0.5), 2.0 / PI * x.sqrt().asin(), 1e-13);
            near(beta_cdf(x, 7.0, 1.0), x.powi(7), 1e-13);
            near(beta_cdf(x, 1.0, 7.0), -(7.0 * (-x).ln_1p()).exp_m1(), 1e-13);
        }
        // χ² with two degrees is exponential, with one the square of a normal.
        for x in [1e-6, 0.5, 2.0, 9.0, 60.0] {
            near(chi_squared_sf(x, 2.0), (-x / 2.0).exp(), 1e-13);
            near(chi_squared_sf(x, 1.0), two_sided(x.sqrt()), 1e-13);
        }
    }

    #[test]
    fn normal_distribution_matches_tables() {
        near(normal_cdf(1.959_963_984_540_054), 0.975, 1e-14);
        near(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        near(normal_quantile(1e-10), -6.361_340_902_404_056, 1e-12);
        near(normal_quantile(0.5) + 1.0, 1.0, 1e-15);
        near(
            chi_squared_quantile(0.95, 4.0),
            9.487_729_036_781_154,
            1e-13,
        );
        near(
            chi_squared_quantile(0.95, 9.0),
            16.918_977_604_620_448,
            1e-13,
        );
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    /// A binomial tail of a million trials, added up term by term.
    #[test]
    fn binomial_tail_of_a_million_trials_is_accurate() {
        let (n, d, p) = (1_000_000_u64, 20_150_u64, 0.02_f64);
        // P[X = d] by products of ratios from the mode would overflow; logarithms of ratios do not.
        let mode = (n as f64 * p) as u64;
        let ratio = |k: u64| ((n - k) as f64 / (k + 1) as f64) * (p / (1.0 - p));
        let mut terms = vec![1.0_f64];
        for k in mode..mode + 3_000 {
            terms.push(terms[terms.len() - 1] * ratio(k));
        }
        let mut below = vec![];
        let mut term = 1.0_f64;
        for k in (mode - 3_000..mode).rev() {
            term /= ratio(k);
            below.push(term);
        }
        let all: f64 = terms.iter().chain(&below).sum();
        let tail: f64 = terms[(d - mode) as usize..].iter().sum();
        near(binomial_tail(n, d, p), tail / all, 1e-10);
        assert_eq!(binomial_tail(10, 0, 0.1), 1.0);
        assert_eq!(binomial_tail(10, 11, 0.1), 0.0);
        near(binomial_tail(10, 10, 0.1), 1e-10, 1e-13);
    }

    #[test]
    fn integrals_match_their_closed_forms() {
        near(integrate(&normal_density, -10.0, 10.0, 1e-14), 1.0, 1e-13);
        near(
            integrate(&|x: f64| x.powi(9), 0.0, 2.0, 1e-12),
            102.4,
            1e-13,
        );
        // A step is found at any position.
        let step = |x: f64| normal_cdf((x - 0.123) * 1e4);
        near(integrate(&step, -1.0, 1.0, 1e-13), 0.877, 1e-11);
    }

    proptest! {
        #[test]
        fn quantiles_invert_the_distribution(p in 0.001_f64..0.999, a in 0.5_f64..5_000.0, b in 0.5_f64..5_000.0) {
            let x = beta_quantile(p, a, b);
            prop_assert!((beta_cdf(x, a, b) - p).abs() < 1e-11, "{x}");
            let z = normal_quantile(p);
            prop_assert!((normal_cdf(z) - p).abs() < 1e-14);
        }

        #[test]
        fn both_tails_of_a_beta_sum_to_one(x in 0.0_f64..1.0, a in 0.5_f64..1e5, b in 0.5_f64..1e5) {
            prop_assert!((beta_cdf(x, a, b) + beta_cdf(1.0 - x, b, a) - 1.0).abs() < 1e-9);
        }
    }
}
