use accunode_domain::{
    prediction::Kind,
    ratio::Ratios,
    risk::{Pd, RiskLevel},
};
use accunode_ports::scoring::{Scored, Scorer, ScoringError};
use accunode_scoring::ModelRegistry;

use crate::kit::{SHIPPED, golden, ratios, scored, served};

/// A company without trouble.
const SOUND: [&str; 5] = ["0.1", "2", "0.05", "6", "0.08"];

fn bits(scored: &Scored) -> Vec<u64> {
    let outcome = &scored.outcome;
    let parts = outcome.parts.map(|p| [p.logistic.get(), p.gbm.get()]);
    let reasons = scored.explanation.iter().flat_map(|e| {
        e.reasons
            .iter()
            .map(|r| r.contribution)
            .chain([e.base, e.log_odds])
    });
    [outcome.pd.get(), outcome.confidence]
        .into_iter()
        .chain(parts.into_iter().flatten())
        .chain(reasons)
        .map(f64::to_bits)
        .collect()
}

#[test]
fn both_shipped_models_pass_every_check_and_are_served() {
    assert_eq!(SHIPPED.refused(), []);
    assert_eq!(served(&SHIPPED), ["annual 1.0.0", "quarterly 1.0.0"]);
    for model in SHIPPED.models() {
        assert!(model.card.contains("# Model card"));
        assert_eq!(model.manifest["sha256"], model.model.sha256);
    }
}

#[test]
fn golden_rows_give_the_expected_probabilities() {
    for kind in Kind::ALL {
        let rows = golden(kind);
        assert!(rows.len() > 200, "{} rows of {kind}", rows.len());
        let inputs: Vec<Ratios> = rows.iter().map(|(ratios, _)| ratios.clone()).collect();
        let answers = SHIPPED.score(kind, &inputs, false).unwrap();
        for ((at, (_, expected)), scored) in rows.iter().enumerate().zip(answers) {
            let outcome = scored.outcome;
            for (name, expected) in expected {
                let found = match (name.as_str(), outcome.parts) {
                    ("pd" | "pd_ensemble", _) => outcome.pd,
                    ("pd_logistic", Some(parts)) => parts.logistic,
                    ("pd_gbm", Some(parts)) => parts.gbm,
                    _ => continue,
                };
                let distance = (found.get() - expected).abs();
                assert!(
                    distance <= 1e-6,
                    "{kind} row {at}: {name} is off by {distance}"
                );
            }
        }
    }
}

#[test]
fn base_and_contributions_add_up_to_the_log_odds_of_the_pd() {
    for kind in Kind::ALL {
        let rows: Vec<Ratios> = golden(kind).into_iter().map(|(ratios, _)| ratios).collect();
        for scored in SHIPPED.score(kind, &rows, true).unwrap() {
            let explanation = scored.explanation.unwrap();
            let sum: f64 = explanation.reasons.iter().map(|r| r.contribution).sum();
            assert!((explanation.base + sum - explanation.log_odds).abs() <= 1e-9);
            assert_eq!(Pd::from_log_odds(explanation.log_odds), scored.outcome.pd);
            assert_eq!(explanation.reasons.len(), kind.ratios().len());
        }
    }
}

#[test]
fn alone_in_any_batch_and_in_another_registry_a_row_has_the_same_bits() {
    let other = ModelRegistry::shipped();
    for kind in Kind::ALL {
        let rows: Vec<Ratios> = golden(kind).into_iter().map(|(ratios, _)| ratios).collect();
        // Longer than a chunk, not a multiple of one, each row at several places.
        let many: Vec<Ratios> = rows
            .iter()
            .cycle()
            .take(3 * rows.len() + 7)
            .cloned()
            .collect();
        let batch = SHIPPED.score(kind, &many, false).unwrap();
        assert_eq!(batch.len(), many.len());
        for (at, row) in rows.iter().enumerate() {
            let alone = other.score(kind, std::slice::from_ref(row), false).unwrap();
            for scored in batch.iter().skip(at).step_by(rows.len()) {
                assert_eq!(bits(&alone[0]), bits(scored), "{kind} row {at}");
            }
        }
        let few = &rows[..70];
        let explained = SHIPPED.score(kind, few, true).unwrap();
        for (row, scored) in few.iter().zip(&explained) {
            let alone = other.score(kind, std::slice::from_ref(row), true).unwrap();
            assert_eq!(bits(&alone[0]), bits(scored));
        }
    }
}

#[test]
fn debt_over_negative_earnings_is_riskier_than_debt_of_twice_the_earnings() {
    let with = |debt_to_ebitda| {
        let mut raw = SOUND;
        raw[1] = debt_to_ebitda;
        scored(Kind::Annual, &raw)
    };
    let (negative, two) = (with("-3"), with("2"));
    assert!(negative.outcome.pd > two.outcome.pd);
    let explanation = negative.explanation.unwrap();
    assert_eq!(
        explanation.reasons[0].text,
        "Total debt / EBITDA: EBITDA is not positive, which raises the risk most; the worst value, 50, stands for the ratio."
    );
    assert_eq!(explanation.reasons[0].value, Some(50.0));
}

#[test]
fn a_sound_company_is_low_and_one_in_distress_high() {
    let sound = scored(Kind::Annual, &SOUND).outcome;
    let distressed = scored(Kind::Annual, &["1.5", "-3", "-0.4", "0", "-0.3"]).outcome;
    assert_eq!(sound.risk_level, RiskLevel::Low);
    assert_eq!(distressed.risk_level, RiskLevel::High);
    let sound = scored(Kind::Quarterly, &["2.5", "1.8", "0.3", "6", "7", "0.3"]).outcome;
    let distressed = scored(Kind::Quarterly, &["0.3", "0.2", "-1", "2", "2", "-0.5"]).outcome;
    assert_eq!(sound.risk_level, RiskLevel::Low);
    assert_eq!(distressed.risk_level, RiskLevel::High);
}

#[test]
fn a_missing_ratio_lowers_the_confidence_by_its_weight() {
    let full = scored(Kind::Annual, &SOUND).outcome.confidence;
    let mut raw = SOUND;
    raw[3] = "";
    let without_coverage = scored(Kind::Annual, &raw).outcome.confidence;
    raw[1] = "NA";
    let without_debt_too = scored(Kind::Annual, &raw).outcome.confidence;
    assert!(full > without_coverage && without_coverage > without_debt_too);
    // Coverage weighs 1 %, debt 46 %.
    assert!(full - without_coverage < 0.05 && without_coverage - without_debt_too > 0.3);
}

#[test]
fn what_lies_outside_the_training_lowers_the_confidence() {
    let full = scored(Kind::Annual, &SOUND).outcome.confidence;
    let mut raw = SOUND;
    raw[4] = "0.9";
    assert!(scored(Kind::Annual, &raw).outcome.confidence < full);
}

#[test]
fn confidence_in_the_annual_model_is_what_the_formula_says() {
    // All there and inside: 1 / (1 + standard error).
    let confidence = scored(Kind::Annual, &SOUND).outcome.confidence;
    assert!((0.8..0.95).contains(&confidence), "{confidence}");
}

#[test]
fn reasons_are_given_only_where_they_are_asked_for() {
    for kind in Kind::ALL {
        let rows = [golden(kind).remove(0).0];
        let answers = SHIPPED.score(kind, &rows, false).unwrap();
        assert!(answers[0].explanation.is_none());
        assert!(SHIPPED.score(kind, &[], true).unwrap().is_empty());
    }
}

#[test]
fn only_quarterly_predictions_have_parts() {
    assert!(scored(Kind::Annual, &SOUND).outcome.parts.is_none());
    let quarterly = scored(Kind::Quarterly, &["1.2", "0.9", "1.4", "6", "5", "0.1"]);
    assert!(quarterly.outcome.parts.is_some());
}

#[test]
fn a_missing_ratio_is_no_news_for_the_trees() {
    let explanation = scored(Kind::Quarterly, &["1.2", "0.9", "1.4", "", "5", "0.1"])
        .explanation
        .unwrap();
    let missing = explanation
        .reasons
        .iter()
        .find(|r| r.ratio == "inventory_turnover")
        .unwrap();
    assert_eq!(missing.value, None);
    assert!(missing.contribution.abs() < 0.2, "{missing:?}");
    assert!(missing.text.contains("was not given"));
}

#[test]
fn ratios_of_the_other_kind_are_not_scored() {
    let annual = ratios(Kind::Annual, &SOUND);
    let refused = SHIPPED
        .score(Kind::Quarterly, &[annual], false)
        .unwrap_err();
    assert!(matches!(refused, ScoringError::Failed { .. }));
}

#[test]
fn sectors_that_the_training_left_out_are_told_apart_without_regard_to_case() {
    for kind in Kind::ALL {
        assert!(!SHIPPED.covers_sector(kind, "Financials"));
        assert!(!SHIPPED.covers_sector(kind, "  real   ESTATE "));
        assert!(SHIPPED.covers_sector(kind, "Industrials"));
        assert!(SHIPPED.covers_sector(kind, ""));
    }
}
