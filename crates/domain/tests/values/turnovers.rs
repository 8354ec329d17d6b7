//! The turnovers that the rows of a file suggest.

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, TurnoverCheck, check},
};

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
