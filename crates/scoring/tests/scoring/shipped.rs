use accunode_domain::{
    prediction::Kind,
    ratio::Ratios,
    risk::{Pd, RiskLevel},
};
use accunode_ports::scoring::{Scored, Scorer, ScoringError};
use accunode_scoring::ModelRegistry;

use crate::kit::{SHIPPED, golden, ratios, read_manifest, scored, served};

/// A company in good condition.
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
fn shipped_models_pass_every_check() {
    assert_eq!(SHIPPED.refused(), []);
    assert_eq!(served(&SHIPPED), ["annual 2.0.0", "quarterly 2.0.0"]);
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
fn row_scores_to_equal_bits_alone_and_in_any_batch() {
    let other = ModelRegistry::shipped();
    for kind in Kind::ALL {
        let rows: Vec<Ratios> = golden(kind).into_iter().map(|(ratios, _)| ratios).collect();
        // More rows than a chunk has, not a multiple of its size, each row at several
        // positions.
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
    let reasons = explanation.reasons.iter();
    let debt = reasons
        .filter(|r| r.ratio == "total_debt_to_ebitda")
        .collect::<Vec<_>>();
    assert_eq!(
        debt[0].text,
        "Total debt / EBITDA: EBITDA is not positive, which raises the risk most; the worst value, 50, stands for the ratio."
    );
    assert_eq!(debt[0].value, Some(50.0));
}

/// Each ratio's first safe and last risky value, between which the PD must only rise.
fn towards_risk(kind: Kind) -> Vec<(usize, f64, f64)> {
    let manifest = read_manifest(kind);
    let inputs = manifest["inputs"].as_array().unwrap();
    let ends = inputs.iter().enumerate().map(|(at, input)| {
        let bound = |name: &str| input[name].as_f64().unwrap();
        let debt = [
            "long_term_debt_to_total_capital",
            "total_debt_to_ebitda",
            "debt_to_equity",
        ];
        if debt.contains(&input["name"].as_str().unwrap()) {
            (at, bound("min"), bound("max"))
        } else {
            (at, bound("max"), bound("min"))
        }
    });
    // Economics does not determine the sign of a turnover.
    let settled = |(at, ..): &(usize, f64, f64)| !(kind == Kind::Quarterly && (3..5).contains(at));
    ends.filter(settled).collect()
}

#[test]
fn pd_is_strictly_monotonic_in_every_ratio() {
    const STEPS: u32 = 5_000;
    for (kind, typical) in [
        (Kind::Annual, vec!["0.15", "4.1", "0.02", "3.6", "0.03"]),
        (
            Kind::Quarterly,
            vec!["1.6", "1.1", "1.1", "6.3", "6.6", "0.18"],
        ),
    ] {
        for (at, safe, risky) in towards_risk(kind) {
            let rows: Vec<Ratios> = (0..=STEPS)
                .map(|step| {
                    let value = safe + (risky - safe) * f64::from(step) / f64::from(STEPS);
                    let mut row: Vec<String> = typical.iter().map(|t| (*t).to_owned()).collect();
                    row[at] = format!("{value:.6}");
                    let row: Vec<&str> = row.iter().map(String::as_str).collect();
                    ratios(kind, &row)
                })
                .collect();
            let answers = SHIPPED.score(kind, &rows, false).unwrap();
            for (step, pair) in answers.windows(2).enumerate() {
                let (a, b) = (pair[0].outcome.pd, pair[1].outcome.pd);
                assert!(a < b, "{kind} ratio {at}, step {step}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn missing_ratio_is_no_better_than_the_median() {
    for kind in Kind::ALL {
        let manifest = read_manifest(kind);
        let medians: Vec<String> = manifest["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|input| input["median"].to_string())
            .collect();
        let typical: Vec<&str> = medians.iter().map(String::as_str).collect();
        let whole = scored(kind, &typical);
        for at in 0..typical.len() {
            let mut row = typical.clone();
            row[at] = "";
            let without = scored(kind, &row);
            assert!(without.outcome.pd >= whole.outcome.pd, "{kind} ratio {at}");
            assert!(without.outcome.confidence < whole.outcome.confidence);
            let name = kind.ratios()[at].name;
            let reasons = without.explanation.unwrap().reasons;
            let reason = reasons.iter().find(|r| r.ratio == name).unwrap();
            assert!(reason.contribution >= 0.0, "{reason:?}");
        }
    }
}

#[test]
fn sound_company_is_low_risk_and_distressed_one_high() {
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
    // Both terms of the formula lose the ratio's weight, so less than the weight itself is lost
    // only if the agreement is far from 1.
    let weight = |at: usize| {
        let manifest = read_manifest(Kind::Annual);
        manifest["inputs"][at]["importance"].as_f64().unwrap()
    };
    for (lost, at) in [
        (full - without_coverage, 3),
        (without_coverage - without_debt_too, 1),
    ] {
        assert!(
            (0.7 * weight(at)..1.6 * weight(at)).contains(&lost),
            "{lost} for a weight of {}",
            weight(at)
        );
    }
}

#[test]
fn value_outside_the_training_range_lowers_the_confidence() {
    let full = scored(Kind::Annual, &SOUND).outcome.confidence;
    let mut raw = SOUND;
    raw[4] = "0.9";
    assert!(scored(Kind::Annual, &raw).outcome.confidence < full);
}

#[test]
fn annual_confidence_follows_the_formula() {
    // All ratios present and within bounds: 1 / (1 + standard error).
    let confidence = scored(Kind::Annual, &SOUND).outcome.confidence;
    assert!((0.8..0.95).contains(&confidence), "{confidence}");
}

#[test]
fn reasons_are_returned_only_on_request() {
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
fn missing_ratio_contributes_little_to_the_trees() {
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
fn ratios_of_the_other_kind_are_refused() {
    let annual = ratios(Kind::Annual, &SOUND);
    let refused = SHIPPED
        .score(Kind::Quarterly, &[annual], false)
        .unwrap_err();
    assert!(matches!(refused, ScoringError::Failed { .. }));
}

#[test]
fn sectors_left_out_of_training_are_detected_ignoring_case() {
    for kind in Kind::ALL {
        assert!(!SHIPPED.covers_sector(kind, "Financials"));
        assert!(!SHIPPED.covers_sector(kind, "  real   ESTATE "));
        assert!(SHIPPED.covers_sector(kind, "Industrials"));
        assert!(SHIPPED.covers_sector(kind, ""));
    }
}
