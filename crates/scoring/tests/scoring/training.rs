//! Explains every company of the training file, and some companies that no file would
//! contain.

use std::fs::File;

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
    risk::Pd,
};
use accunode_ports::scoring::{Scored, Scorer};
use flate2::read::GzDecoder;

use crate::kit::SHIPPED;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../models/train/data/polish_companies_bankruptcy.csv.gz"
);

/// Returns the rows of the file that have enough ratios, and the number of those that do
/// not.
fn training(kind: Kind) -> (Vec<Ratios>, usize) {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(FILE).unwrap()));
    let headers = reader.headers().unwrap().clone();
    let places: Vec<usize> = kind
        .ratios()
        .iter()
        .map(|d| headers.iter().position(|h| h == d.name).unwrap())
        .collect();
    let (mut rows, mut refused) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.unwrap();
        let raw: Vec<_> = places.iter().map(|at| record.get(*at)).collect();
        match check(kind, RatioUnit::Fraction, &raw) {
            Ok(ratios) => rows.push(ratios),
            Err(faults) => {
                assert_eq!(faults[0].code, "too_few_ratios");
                refused += 1;
            }
        }
    }
    (rows, refused)
}

/// Returns each ratio at its worst, at both bounds, missing, a sentinel; and all of them at
/// once if enough remain.
fn extremes(kind: Kind) -> Vec<Ratios> {
    let values = [
        "-1e7", "-1", "-0.0", "0", "1e-40", "2", "50", "1e7", "1e8", "",
    ];
    let inputs = kind.ratios().len();
    let mut rows = Vec::new();
    for value in values {
        rows.push(vec![value; inputs]);
        for at in 0..inputs {
            let mut row = vec!["0.5"; inputs];
            row[at] = value;
            rows.push(row);
            let mut row = vec![value; inputs];
            row[at] = "0.5";
            rows.push(row);
        }
    }
    rows.iter()
        .filter_map(|row| {
            let raw: Vec<_> = row.iter().map(|text| Some(*text)).collect();
            check(kind, RatioUnit::Fraction, &raw).ok()
        })
        .collect()
}

fn explained(kind: Kind, rows: &[Ratios]) -> Vec<Scored> {
    let scored = SHIPPED.score(kind, rows, true).unwrap();
    assert_eq!(scored.len(), rows.len());
    for (at, scored) in scored.iter().enumerate() {
        let explanation = scored.explanation.as_ref().unwrap();
        let sum: f64 = explanation.reasons.iter().map(|r| r.contribution).sum();
        let off = (explanation.base + sum - explanation.log_odds).abs();
        assert!(off <= 1e-9, "{kind} row {at} is off by {off}");
        let pd = Pd::from_log_odds(explanation.log_odds);
        assert_eq!(pd.get().to_bits(), scored.outcome.pd.get().to_bits());
        assert_eq!(explanation.reasons.len(), kind.ratios().len());
    }
    scored
}

fn riskiest(kind: Kind) -> Vec<String> {
    let (rows, refused) = training(kind);
    assert_eq!(rows.len() + refused, 4_428);
    let scored = explained(kind, &rows);
    let riskiest = scored
        .iter()
        .reduce(|a, b| if b.outcome.pd > a.outcome.pd { b } else { a });
    let explanation = riskiest.unwrap().explanation.as_ref().unwrap();
    explanation.reasons.iter().map(|r| r.text.clone()).collect()
}

#[test]
fn reasons_of_annual_training_rows_sum_to_the_log_odds() {
    assert_eq!(
        riskiest(Kind::Annual),
        [
            "Long-term debt / total capital of 200% raises the risk most.",
            "Return on assets of -100% raises the risk strongly.",
            "Net income margin of -100% raises the risk strongly.",
            "EBIT / interest expense of 0 raises the risk strongly.",
            "Total debt / EBITDA of 50 raises the risk.",
        ]
    );
}

#[test]
fn reasons_of_quarterly_training_rows_sum_to_the_log_odds() {
    assert_eq!(
        riskiest(Kind::Quarterly),
        [
            "Quick ratio of 0.01 raises the risk most.",
            "Debt / equity of 5 raises the risk strongly.",
            "Inventory turnover (trailing twelve months) of 50 raises the risk strongly.",
            "Receivables turnover (trailing twelve months) of 9.07 raises the risk.",
            "Working capital / total assets of -100% raises the risk slightly.",
            "Current ratio of 0.05 raises the risk slightly.",
        ]
    );
}

#[test]
fn reasons_sum_to_the_log_odds_for_extreme_or_missing_ratios() {
    for kind in Kind::ALL {
        let rows = extremes(kind);
        assert!(rows.len() > 90, "{}", rows.len());
        explained(kind, &rows);
    }
}

#[test]
fn row_without_ratios_is_refused() {
    for kind in Kind::ALL {
        let faults = check(kind, RatioUnit::Percent, &vec![None; kind.ratios().len()]);
        assert_eq!(faults.unwrap_err()[0].code, "too_few_ratios");
    }
}
