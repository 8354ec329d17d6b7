use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
    risk::Pd,
};
use accunode_ports::scoring::Scorer;
use proptest::prelude::*;

use crate::kit::SHIPPED;

/// Any cell of a file: usual values, bounds, values far outside, placeholders, nothing.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (-2.0_f64..12.0).prop_map(|v| v.to_string()),
        2 => (-1e7_f64..1e7).prop_map(|v| v.to_string()),
        1 => prop::sample::select(vec!["0", "-0.0", "1", "50", "100", "1e-40", "1e8", "-1e8", "-1", "2"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["", "NA", "-", "n.a."]).prop_map(str::to_owned),
    ]
}

fn accepted(kind: Kind, cells: &[String]) -> Option<Ratios> {
    let raw: Vec<_> = cells
        .iter()
        .take(kind.ratios().len())
        .map(|c| Some(c.as_str()))
        .collect();
    check(kind, RatioUnit::Fraction, &raw).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_accepted_row_gets_a_probability_and_finite_reasons(cells in prop::collection::vec(cell(), 6)) {
        for kind in Kind::ALL {
            let Some(ratios) = accepted(kind, &cells) else { continue };
            let scored = SHIPPED.score(kind, &[ratios], true).unwrap().remove(0);
            let outcome = &scored.outcome;
            let parts = outcome.parts.map(|p| [p.logistic, p.gbm]);
            for pd in [outcome.pd].into_iter().chain(parts.into_iter().flatten()) {
                prop_assert!(Pd::new(pd.get()).is_some());
                prop_assert!(pd.get() > 0.0 && pd.get() < 1.0);
            }
            prop_assert!((0.0..=1.0).contains(&outcome.confidence));
            let explanation = scored.explanation.unwrap();
            let sum: f64 = explanation.reasons.iter().map(|r| r.contribution).sum();
            prop_assert!((explanation.base + sum - explanation.log_odds).abs() <= 1e-9);
            for reason in &explanation.reasons {
                prop_assert!(reason.contribution.is_finite() && reason.text.ends_with('.'));
            }
            let sizes = explanation.reasons.iter().map(|r| r.contribution.abs());
            prop_assert!(sizes.rev().is_sorted());
        }
    }

    #[test]
    fn more_debt_over_earnings_never_lowers_the_risk(cells in prop::collection::vec(cell(), 5), a in 0.0_f64..60.0, b in 0.0_f64..60.0) {
        let pd = |debt: f64| {
            let mut cells = cells.clone();
            cells[1] = debt.to_string();
            accepted(Kind::Annual, &cells).map(|r| SHIPPED.score(Kind::Annual, &[r], false).unwrap()[0].outcome.pd)
        };
        if let (Some(less), Some(more)) = (pd(a.min(b)), pd(a.max(b))) {
            prop_assert!(less <= more);
        }
    }

    #[test]
    fn more_liquidity_never_raises_the_risk(cells in prop::collection::vec(cell(), 6), a in 0.0_f64..12.0, b in 0.0_f64..12.0) {
        let pd = |current: f64| {
            let mut cells = cells.clone();
            cells[0] = current.to_string();
            accepted(Kind::Quarterly, &cells).map(|r| SHIPPED.score(Kind::Quarterly, &[r], false).unwrap()[0].outcome.pd)
        };
        if let (Some(less), Some(more)) = (pd(a.min(b)), pd(a.max(b))) {
            prop_assert!(less >= more);
        }
    }
}
