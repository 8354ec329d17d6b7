//! Examples whose numbers were computed by a script with other libraries.

use super::near;
use crate::validation::{
    Concentration, GradeCounts, Jeffreys, MigrationMatrix, PairedRow, PdGroup, Portfolio, Spell,
    Stability, Watched, aalen_johansen, asset_correlation, auc, auc_change, bootstrap, brier,
    brier_parts, calibration_line, concentration, concentration_change, correlated_tail,
    critical_psi, exit_treatments, holm, hosmer_lemeshow, kaplan_meier, long_run_average,
    paired_auc, psi, shift,
};

const GRADES: [GradeCounts; 4] = [
    GradeCounts {
        companies: 400,
        defaults: 1,
        pd: 0.004,
    },
    GradeCounts {
        companies: 300,
        defaults: 4,
        pd: 0.012,
    },
    GradeCounts {
        companies: 200,
        defaults: 9,
        pd: 0.035,
    },
    GradeCounts {
        companies: 100,
        defaults: 14,
        pd: 0.10,
    },
];

fn portfolio() -> Portfolio {
    Portfolio::of_groups(GRADES.map(|g| PdGroup {
        pd: g.pd,
        companies: g.companies,
        defaults: g.defaults,
    }))
}

#[test]
fn jeffreys_by_grade_and_portfolio() {
    let expected = [
        0.638_830_099_2,
        0.383_818_218_3,
        0.213_157_594_6,
        0.095_581_890_3,
    ];
    let tests = GRADES.map(|g| Jeffreys::test(g.companies, g.defaults, g.pd).unwrap());
    for (test, expected) in tests.iter().zip(expected) {
        near(test.p_too_low, expected);
        near(test.p_too_high, 1.0 - expected);
    }
    let whole = portfolio();
    near(whole.mean_pd().unwrap(), 0.0222);
    near(
        Jeffreys::test(1000, 28, 0.0222).unwrap().p_too_low,
        0.109_368_225_9,
    );
    near(tests[3].rate_from, 0.090_718_96);
    near(tests[3].rate_to, 0.204_458_74);
    let adjusted = holm(&tests.map(|test| test.p_too_low));
    let expected = [
        0.767_636_436_6,
        0.767_636_436_6,
        0.639_472_783_7,
        0.382_327_561_3,
    ];
    adjusted
        .iter()
        .zip(expected)
        .for_each(|(p, expected)| near(*p, expected));
    // An external example: training.deepcreditrisk.com.
    let other = Jeffreys::test(6, 2, 0.0367).unwrap().p_too_low;
    assert!((other - 0.0044).abs() < 5e-5, "{other}");
    assert!(Jeffreys::test(0, 0, 0.01).is_none() && Jeffreys::test(1, 2, 0.01).is_none());
}

#[test]
fn correlated_defaults_raise_the_tail_probability() {
    near(correlated_tail(100, 14, 0.10, 0.12), 0.253_208_075_7);
    near(correlated_tail(100, 14, 0.10, 0.06), 0.227_284_508_1);
    near(
        crate::validation::special::binomial_tail(100, 14, 0.10),
        0.123_876_792_6,
    );
    let rounded =
        [0.004, 0.012, 0.035, 0.1, 0.0222].map(|pd| (asset_correlation(pd) * 1e6).round());
    // Basel CRE31: 0.12·w + 0.24·(1 − w).
    let expected = [0.004_f64, 0.012, 0.035, 0.1, 0.0222].map(|pd| {
        let w = (1.0 - (-50.0 * pd).exp()) / (1.0 - (-50.0_f64).exp());
        ((0.12 * w + 0.24 * (1.0 - w)) * 1e6).round()
    });
    assert_eq!(rounded, expected);
}

#[test]
fn recalibration() {
    let portfolio = portfolio();
    let shift = shift(&portfolio).unwrap();
    near(shift.delta.value, 0.248_297_863_0);
    near(shift.odds_ratio, 1.281_841_688_5);
    near(shift.target_rate(0.015), 0.019_146_680_3);
    let line = calibration_line(&portfolio).unwrap();
    near(line.intercept.value, 0.799_422_816_2);
    near(line.intercept.standard_error, 0.647_707_558_8);
    near(line.slope.value, 1.176_239_653_7);
    near(line.slope.standard_error, 0.202_299_732_0);
}

#[test]
fn hosmer_lemeshow_and_brier() {
    let test = hosmer_lemeshow(&GRADES).unwrap();
    near(test.statistic, 2.640_819_607_8);
    near(test.p, 0.619_609_403_3);
    assert_eq!(test.degrees, 4);
    let score = brier(&portfolio()).unwrap();
    near(score.score, 0.025_760_6);
    near(score.skill.unwrap(), 0.053_475_896_5);
    let parts = brier_parts(&GRADES).unwrap();
    near(parts.reliability, 0.000_181_433_3);
    near(parts.resolution, 0.001_636_833_3);
    near(parts.uncertainty, 0.027_216);
    near(
        parts.reliability - parts.resolution + parts.uncertainty,
        score.score,
    );
}

#[test]
fn portfolio_without_defaults_has_no_calibration_or_auc() {
    let test = Jeffreys::test(100, 0, 0.005).unwrap();
    near(test.rate_to, 0.018_976_887_7);
    near(test.p_too_low, 0.683_900_856_8);
    near(
        long_run_average(&[(100, 1), (400, 12), (500, 10), (0, 0)]).unwrap(),
        0.02,
    );
    assert_eq!(long_run_average(&[(0, 0)]), None);
    let rates = exit_treatments(200, 6, 20).unwrap();
    near(rates.keep, 0.03);
    near(rates.drop.unwrap(), 0.033_333_333_3);
    near(rates.half.unwrap(), 0.031_578_947_4);
    let none = Portfolio::of([(0.01, false), (0.02, false)]);
    assert!(shift(&none).is_none() && calibration_line(&none).is_none() && auc(&none).is_none());
}

#[test]
fn separated_companies_have_no_calibration_line() {
    let separated = Portfolio::of([(0.01, false), (0.02, false), (0.02, true), (0.3, true)]);
    assert!(calibration_line(&separated).is_none());
    let reversed = Portfolio::of([(0.3, false), (0.2, false), (0.02, true), (0.01, true)]);
    assert!(calibration_line(&reversed).is_none());
}

#[test]
fn auc_and_its_change() {
    let found = auc(&portfolio()).unwrap();
    near(found.auc, 0.827_013_521_5);
    near(found.variance, 0.001_237_524_4);
    near(found.from.unwrap(), 0.746_996_953_7);
    near(found.to.unwrap(), 0.885_599_123_1);
    let fallen = auc_change(&found, 0.90).unwrap();
    near(fallen.statistic, 2.074_748_788_3);
    near(fallen.p, 0.019_004_911_6);
    near(auc_change(&found, 0.80).unwrap().p, 0.778_726_514_2);
}

#[test]
fn paired_models() {
    let a = [
        0.09, 0.05, 0.02, 0.06, 0.02, 0.015, 0.01, 0.008, 0.004, 0.002,
    ];
    let b = [0.12, 0.08, 0.05, 0.05, 0.03, 0.02, 0.02, 0.01, 0.005, 0.001];
    let rows: Vec<_> = a
        .iter()
        .zip(b)
        .enumerate()
        .map(|(i, (&first, second))| PairedRow {
            first,
            second,
            defaulted: i < 3,
        })
        .collect();
    let both = paired_auc(&rows).unwrap();
    near(both.first, 0.880_952_381_0);
    near(both.first_variance, 0.012_849_584_3);
    near(both.second, 0.976_190_476_2);
    near(both.second_variance, 0.001_133_786_8);
    near(both.covariance, 0.003_306_878_3);
    near(both.z.unwrap(), 1.109_400_392_5);
    near(both.p.unwrap(), 0.267_257_493_2);
}

#[test]
fn stability_index() {
    let even = psi(&[1000; 5], &[150, 180, 210, 220, 240]).unwrap();
    near(even.unsmoothed.unwrap(), 0.026_178_281_4);
    near(even.value, 0.026_043_734_9);
    near(even.critical, 0.011_385_274_8);
    assert_eq!(even.verdict, Stability::Stable);
    let empty = psi(&[500, 300, 150, 50], &[120, 60, 20, 0]).unwrap();
    near(empty.value, 0.180_750_617_1);
    near(empty.critical, 0.046_888_367_4);
    assert_eq!((empty.verdict, empty.unsmoothed), (Stability::Watch, None));
    let missing = psi(&[440, 140, 140, 140, 140], &[100, 225, 225, 225, 225]).unwrap();
    near(missing.value, 0.661_640_131_6);
    assert_eq!(missing.verdict, Stability::Shifted);
    let first = |limit| (1..9_999).find(|&m| critical_psi(10, 4_387, m) <= limit);
    assert_eq!((first(0.25), first(0.10)), (Some(69), Some(176)));
    let few = psi(&[4_387; 10], &[6; 10]).unwrap();
    assert_eq!(few.verdict, Stability::Undetermined);
}

#[test]
fn migration() {
    let matrix = MigrationMatrix::from_rows(vec![
        vec![80, 12, 3, 1, 2, 2, 0],
        vec![10, 70, 15, 3, 1, 1, 0],
        vec![1, 8, 60, 7, 2, 2, 0],
    ])
    .unwrap();
    let width = matrix.bandwidths();
    near(width.upper.unwrap(), 0.733_333_333_3);
    near(width.lower.unwrap(), 0.714_285_714_3);
    let cell = matrix.cell_test(1, 3).unwrap();
    near(cell.z, 2.389_193_43);
    near(cell.p, 0.991_557_295_2);
    near(matrix.cell_test(3, 1).unwrap().z, 2.417_028_51);
    let to_default = |row: usize| matrix.shares()[row].as_ref().unwrap()[3];
    [0.01, 0.03, 0.0875]
        .iter()
        .enumerate()
        .for_each(|(i, pd)| near(to_default(i), *pd));
    let rows = vec![vec![70, 5, 20, 5, 0, 0, 0], vec![0; 7], vec![0; 7]];
    let jumps = MigrationMatrix::from_rows(rows).unwrap();
    let cell = jumps.cell_test(1, 3).unwrap();
    near(cell.z, -3.144_854_510_2);
    near(cell.p, 0.000_830_847_2);
    assert!(jumps.cell_test(1, 1).is_none() && jumps.cell_test(2, 1).is_none());
    assert!(jumps.cell_test(0, 1).is_none() && jumps.cell_test(1, 4).is_none());
    assert_eq!(jumps.bandwidths().lower, None);
}

/// An example from MathWorks R2026a.
#[test]
fn bandwidths_of_five_grades() {
    let counts = [
        [10, 8, 15, 9, 10],
        [11, 9, 13, 9, 8],
        [0, 10, 10, 11, 10],
        [0, 0, 9, 11, 11],
        [0, 0, 0, 11, 10],
    ];
    let rows = counts.map(|row| row.into_iter().chain([0; 4]).collect());
    let width = MigrationMatrix::from_rows(rows.to_vec())
        .unwrap()
        .bandwidths();
    near(width.upper.unwrap(), 0.606_606_606_6);
    near(width.lower.unwrap(), 0.330_645_161_3);
}

#[test]
fn herfindahl() {
    let now = concentration(&[400, 300, 200, 100]).unwrap();
    near(now.variation, 0.447_213_595_5);
    near(now.herfindahl, 0.131_517_202_9);
    let initial = concentration(&[300, 300, 250, 150]).unwrap();
    near(initial.variation, 0.244_948_974_3);
    near(initial.herfindahl, 0.042_032_132_4);
    near(
        concentration_change(4, now, initial).unwrap(),
        0.174_558_535_3,
    );
    let even = Concentration {
        variation: 0.0,
        herfindahl: 0.0,
    };
    assert_eq!(concentration_change(4, even, initial), None);
}

fn spells() -> Vec<Spell> {
    let spell = |company, state, from, to, next| Spell {
        company,
        state,
        from,
        to,
        next,
    };
    vec![
        spell(1, 0, 0.0, 0.25, Some(1)),
        spell(1, 1, 0.25, 1.0, None),
        spell(2, 0, 0.0, 1.0, None),
        spell(3, 0, 0.0, 0.5, None),
        spell(4, 0, 0.0, 1.0, None),
        spell(5, 1, 0.0, 0.5, Some(2)),
        spell(6, 1, 0.0, 0.75, Some(0)),
        spell(6, 0, 0.75, 1.0, None),
        spell(7, 1, 0.0, 1.0, None),
        spell(8, 1, 0.0, 1.0, None),
    ]
}

#[test]
fn aalen_johansen_includes_indirect_transitions() {
    let p = aalen_johansen(3, &spells(), 0.0, 1.0);
    let expected = [[0.80, 0.15, 0.05], [0.20, 0.60, 0.20], [0.0, 0.0, 1.0]];
    for (row, expected) in p.iter().zip(expected) {
        row.iter()
            .zip(expected)
            .for_each(|(p, expected)| near(*p, expected));
    }
    let interval = bootstrap(3, &spells(), (0.0, 1.0), 200, 7);
    assert_eq!(interval, bootstrap(3, &spells(), (0.0, 1.0), 200, 7));
    assert!(interval.from[1][2] <= 0.2 && interval.to[1][2] >= 0.2);
    assert!(interval.from[1][2] < interval.to[1][2]);
}

#[test]
fn kaplan_meier_of_ten_companies() {
    let until = |until, defaulted| Watched { until, defaulted };
    let mut companies = vec![
        until(3.0, false),
        until(6.0, false),
        until(4.0, true),
        until(9.0, true),
    ];
    companies.extend(vec![until(12.0, false); 6]);
    near(kaplan_meier(&companies, 12.0).unwrap(), 0.238_095_238_1);
    near(kaplan_meier(&companies, 5.0).unwrap(), 1.0 / 9.0);
    assert_eq!(kaplan_meier(&[], 12.0), None);
}
