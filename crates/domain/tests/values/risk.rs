//! Probabilities, prior correction, levels, confidence and sectors, with values from the formulas.

use accunode_domain::risk::{Pd, PriorCorrection, RiskLevel, SectorScope, Thresholds, confidence};

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn pd_is_between_0_and_1() {
    for good in [0.0, 0.25, 1.0] {
        assert_eq!(Pd::new(good).unwrap().get(), good);
    }
    for bad in [-f64::EPSILON, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY] {
        assert_eq!(Pd::new(bad), None, "{bad}");
    }
}

#[test]
fn log_odds_convert_to_pd_by_the_logistic_function() {
    for (odds, pd) in [(1.0_f64, 0.5), (3.0, 0.75), (1.0 / 3.0, 0.25), (99.0, 0.99)] {
        assert!(close(Pd::from_log_odds(odds.ln()).get(), pd), "{odds}");
    }
    assert_eq!(Pd::from_log_odds(1_000.0).get(), 1.0);
    assert_eq!(Pd::from_log_odds(-1_000.0).get(), 0.0);
}

#[test]
fn a_probability_is_rounded_to_four_decimals() {
    for (pd, rounded) in [
        (0.123_44, 0.1234),
        (0.123_46, 0.1235),
        (0.000_04, 0.0),
        (1.0, 1.0),
    ] {
        assert_eq!(Pd::new(pd).unwrap().rounded().to_f64(), rounded);
    }
}

#[test]
fn prior_correction_is_the_difference_of_log_odds() {
    let log_odds = |rate: f64| (rate / (1.0 - rate)).ln();
    let prior = PriorCorrection::new(0.07, 0.015).unwrap();
    assert!(close(prior.shift(), log_odds(0.015) - log_odds(0.07)));
    assert!(prior.shift() < 0.0);
    for bad in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
        assert_eq!(PriorCorrection::new(bad, 0.5), None, "{bad}");
        assert_eq!(PriorCorrection::new(0.5, bad), None, "{bad}");
    }
}

#[test]
fn fallback_thresholds_are_those_of_the_specification() {
    let level = |pd| Thresholds::FALLBACK.level(Pd::new(pd).unwrap());
    assert_eq!(level(0.299), RiskLevel::Low);
    assert_eq!(level(0.3), RiskLevel::Medium);
    assert_eq!(level(0.699), RiskLevel::Medium);
    assert_eq!(level(0.7), RiskLevel::High);
}

#[test]
fn confidence_is_coverage_times_support_times_agreement() {
    assert_eq!(confidence(1.0, 1.0, 1.0), 1.0);
    assert_eq!(confidence(1.0, 0.0, 1.0), 0.5);
    assert_eq!(confidence(0.8, 0.6, 0.9), 0.576);
    assert_eq!(confidence(0.0, 1.0, 1.0), 0.0);
    assert_eq!(confidence(0.333_33, 0.0, 1.0), 0.1667);
    assert_eq!(confidence(2.0, 1.0, 1.0), 1.0);
    assert_eq!(confidence(-1.0, 1.0, 1.0), 0.0);
}

#[test]
fn sector_scope_covers_all_but_the_excluded_sectors() {
    assert!(SectorScope::default().covers("Financials"));
    let scope = SectorScope::all_but(["Financials", "Real Estate"]);
    assert!(!scope.covers("financials") && !scope.covers("REAL  estate"));
    assert!(scope.covers("RealEstate"));
}
