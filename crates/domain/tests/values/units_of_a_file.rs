//! The units and turnovers that the first rows of a file suggest.

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, TurnoverCheck, UnitCheck, UnitMismatch, check},
};

/// A row with these shares, and enough multiples to be scored.
fn row(shares: [Option<&str>; 3]) -> Ratios {
    let [debt, margin, assets] = shares;
    let raw = [debt, Some("2"), margin, Some("5"), assets];
    check(Kind::Annual, RatioUnit::Fraction, &raw).unwrap()
}

fn verdict(rows: &[Ratios]) -> Result<(), UnitMismatch> {
    let mut check = UnitCheck::default();
    rows.iter().for_each(|row| check.see(row));
    check.verdict(RatioUnit::Fraction)
}

#[test]
fn unit_mismatch_needs_more_than_half_of_the_shares_outside() {
    let half = row([Some("0.3"), Some("9"), None]);
    let mut rows = vec![half; 5];
    assert_eq!(verdict(&rows), Ok(()));
    rows.push(row([Some("9"), Some("9"), None]));
    let mismatch = verdict(&rows).unwrap_err();
    assert_eq!((mismatch.shares, mismatch.outside), (12, 7));
    assert_eq!(mismatch.unit, RatioUnit::Fraction);
    assert!(
        mismatch.to_string().starts_with("7 of 12 shares"),
        "{mismatch}"
    );
}

#[test]
fn unit_check_needs_at_least_ten_shares() {
    let outside = row([Some("9"), Some("9"), Some("9")]);
    let mut rows = vec![outside; 3];
    assert_eq!(verdict(&rows), Ok(()));
    rows.push(row([Some("9"), None, None]));
    assert_eq!(verdict(&rows).map_err(|m| m.shares), Err(10));
}

#[test]
fn unit_check_counts_both_sides_and_ignores_missing_shares() {
    for outside in ["9", "-9"] {
        let rows = vec![row([Some(outside), Some(outside), Some(outside)]); 4];
        assert_eq!(verdict(&rows).map_err(|m| m.outside), Err(12), "{outside}");
    }
    let gaps = vec![row([Some("1e8"), Some(""), Some("9")]); 9];
    assert_eq!(verdict(&gaps), Ok(()));
}

const TRAINING: [f64; 6] = [1.6, 1.0, 0.9, 9.0, 6.0, 0.2];

/// The medians that are below a third of the training medians, for rows with these inventory
/// turnovers.
fn low(inventory: &[(usize, &str)]) -> Vec<(&'static str, f64, f64)> {
    let mut check_turnovers = TurnoverCheck::default();
    for (rows, text) in inventory {
        let raw = ["1.6", "1.1", "0.8", text, "", "0.15"].map(Some);
        let ratios = check(Kind::Quarterly, RatioUnit::Fraction, &raw).unwrap();
        (0..*rows).for_each(|_| check_turnovers.see(&ratios));
    }
    check_turnovers.verdict(Kind::Quarterly, &TRAINING)
}

#[test]
fn median_turnover_below_a_third_of_training_is_reported() {
    assert_eq!(low(&[(20, "3")]), []);
    assert_eq!(low(&[(20, "2.5")]), [("inventory_turnover", 2.5, 9.0)]);
}

#[test]
fn median_of_an_even_count_is_the_lower_middle_value() {
    assert_eq!(low(&[(10, "8"), (10, "1")]).len(), 1);
    assert_eq!(low(&[(11, "8"), (9, "1")]).len(), 0);
    assert_eq!(low(&[(11, "1"), (10, "8")]).len(), 1);
}

#[test]
fn turnover_check_needs_twenty_values() {
    assert_eq!(low(&[(20, "1")]).len(), 1);
    assert_eq!(low(&[(19, "1")]).len(), 0);
}
