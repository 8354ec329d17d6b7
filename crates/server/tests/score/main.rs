//! `accunode score` and `accunode validate` process files without a database or a network, and
//! leave no trace.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be set up has failed the test"
)]

mod kit;
mod models;
mod refusals;
mod shared;
mod validate;

use std::fs;

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, check},
    validation::MasterScale,
};
use accunode_ports::scoring::Scorer;
use accunode_scoring::ModelRegistry;

use crate::kit::{WorkingFolder, answer, stderr};

const ANNUAL: &str = "company_symbol,reporting_year,sector,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets
NRTH,2024,Industrials,0.2366,2.249,0.0973,11.47,0.0647
SUMT,2024,Banks,0.61,-3,-0.2,0.3,NA
NONE,2024,Industrials,,,0.1,5,
WORD,24,Industrials,a,1,0.1,5,0.1
";
const QUARTERLY: &str = "ticker,year,reporting_quarter,current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets
PL0000,2012,Q1,1.0205,0.66883,1.73155,7.2711,4.7343,0.01134
PL0001,2012,3,0.4,0.2,-1,3,2,-0.5
";

#[test]
fn scores_equal_those_of_the_models_to_the_bit() {
    let workdir = WorkingFolder::new();
    let models = ModelRegistry::shipped();
    for (kind, text, raw) in [
        (
            Kind::Annual,
            ANNUAL,
            &["0.2366", "2.249", "0.0973", "11.47", "0.0647"][..],
        ),
        (
            Kind::Quarterly,
            QUARTERLY,
            &[
                "1.0205", "0.66883", "1.73155", "7.2711", "4.7343", "0.01134",
            ][..],
        ),
    ] {
        let file = workdir.file("rows.csv", text);
        let rows = answer(&workdir.score(&[&file, "--kind", kind.as_str()]));
        let raw: Vec<_> = raw.iter().map(|text| Some(*text)).collect();
        let ratios = check(kind, RatioUnit::Fraction, &raw).unwrap();
        let expected = models.score(kind, &[ratios], true).unwrap().remove(0);
        let outcome = &expected.outcome;
        let bits = |text: &str| text.parse::<f64>().unwrap().to_bits();
        assert_eq!(bits(&rows[0]["pd"]), outcome.pd.get().to_bits());
        assert_eq!(bits(&rows[0]["confidence"]), outcome.confidence.to_bits());
        assert_eq!(rows[0]["risk_level"], outcome.risk_level.as_str());
        assert_eq!(
            rows[0]["grade"],
            MasterScale::standard().code(outcome.pd.get())
        );
        let reasons = expected.explanation.unwrap().reasons;
        assert!(rows[0]["reasons"].starts_with(&reasons[0].text));
        if let Some(parts) = outcome.parts {
            assert_eq!(
                rows[0]["gbm_probability"],
                parts.gbm.rounded().to_f64().to_string()
            );
        }
    }
}

#[test]
fn rows_fail_separately_with_their_reasons() {
    let workdir = WorkingFolder::new();
    let file = workdir.file("rows.csv", ANNUAL);
    let rows = answer(&workdir.score(&[&file, "--kind", "annual"]));
    let symbols: Vec<_> = rows.iter().map(|row| &*row["company_symbol"]).collect();
    assert_eq!(symbols, ["NRTH", "SUMT", "NONE", "WORD"]);
    assert_eq!(
        rows[3]["period"], "24",
        "a failed row keeps what it says of itself"
    );
    assert_eq!(
        rows[1]["flags"],
        "total_debt_to_ebitda:non_positive_denominator; return_on_assets:missing; sector_out_of_scope"
    );
    assert!(rows[2]["error"].contains("2 of 5 ratios are present"));
    let both = &rows[3]["error"];
    assert!(
        both.contains("reporting_year: ") && both.contains("long_term_debt_to_total_capital: "),
        "{both}"
    );
    let numbers: Vec<_> = rows.iter().map(|row| &*row["row"]).collect();
    assert_eq!(numbers, ["2", "3", "4", "5"]);
}

#[test]
fn scoring_leaves_only_the_requested_output() {
    let workdir = WorkingFolder::new();
    let file = workdir.file("rows.csv", ANNUAL);
    let output = workdir.path("scores.csv");
    let result = workdir.score(&[&file, "--kind", "annual", "--output", &output]);
    assert!(
        result.status.success() && result.stdout.is_empty(),
        "{}",
        stderr(&result)
    );
    assert_eq!(fs::read_to_string(&output).unwrap().lines().count(), 5);
    assert_eq!(workdir.files(), ["rows.csv", "scores.csv"]);
}

#[test]
fn scores_without_reasons_are_equal() {
    let workdir = WorkingFolder::new();
    let file = workdir.file("rows.csv", QUARTERLY);
    let with = answer(&workdir.score(&[&file, "--kind", "quarterly"]));
    let without = answer(&workdir.score(&[&file, "--kind", "quarterly", "--no-reasons"]));
    assert_eq!(with.len(), without.len());
    for (with, mut without) in with.into_iter().zip(without) {
        assert_eq!(without["reasons"], "");
        without.insert("reasons".into(), with["reasons"].clone());
        assert_eq!(with, without);
    }
}
