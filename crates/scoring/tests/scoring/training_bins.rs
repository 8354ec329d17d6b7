//! The training bins of the shipped models, counted again: by the service's own rules, from
//! stored values and by the served graph.

use std::{collections::HashMap, fs::File};

use accunode_domain::{
    prediction::Kind,
    ratio::{RatioUnit, Ratios, check},
    validation::{BinEdges, TrainingBins},
};
use accunode_ports::scoring::{ModelInfo, Scorer};
use flate2::read::GzDecoder;

use crate::kit::SHIPPED;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/train/data/");

/// Returns the statements of a file that a predicate on its columns chooses and that the
/// service would score.
fn statements(
    kind: Kind,
    file: &str,
    chosen: impl Fn(&HashMap<&str, &str>) -> bool,
) -> Vec<Ratios> {
    let file = File::open(format!("{FOLDER}{file}")).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let headers = reader.headers().unwrap().clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let row: HashMap<_, _> = headers.iter().zip(&record).collect();
        if chosen(&row) {
            let raw: Vec<_> = kind.ratios().iter().map(|d| Some(row[d.name])).collect();
            rows.extend(check(kind, RatioUnit::Fraction, &raw));
        }
    }
    rows
}

fn of_version(info: &ModelInfo) -> Vec<Ratios> {
    let poland = "polish_companies_bankruptcy.csv.gz";
    let mut rows = statements(info.kind, poland, |row| row["duplicate"] == "0");
    if info.model.version != "1.0.0" {
        let us = "us_listed_companies.csv.gz";
        rows.extend(statements(info.kind, us, |row| {
            row["label"] == "bankrupt_within_a_year"
        }));
    }
    rows
}

/// Returns the bin of a value: the number of edges that are not above it.
fn bin(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge <= value)
}

fn counted_again(info: &ModelInfo, bins: &TrainingBins) -> TrainingBins {
    let rows = of_version(info);
    let mut again = bins.clone();
    again.score.counts.fill(0);
    let definitions = info.kind.ratios();
    for (at, (input, definition)) in again.inputs.iter_mut().zip(definitions).enumerate() {
        input.counts.fill(0);
        (input.at_min, input.at_max, input.missing) = (0, 0, 0);
        for row in &rows {
            let stored = row.values()[at].stored.as_ref().map(|value| value.to_f64());
            match stored {
                None => input.missing += 1,
                Some(value) if value <= definition.min => input.at_min += 1,
                Some(value) if value >= definition.max => input.at_max += 1,
                Some(value) => input.counts[bin(&input.edges, value)] += 1,
            }
        }
    }
    let edges = BinEdges::of_training(bins, info.shift);
    let scored = SHIPPED
        .score_by(&info.model, info.kind, &rows, false)
        .unwrap();
    for scored in scored {
        again.score.counts[bin(&edges.pd, scored.outcome.pd.get())] += 1;
    }
    again
}

#[test]
fn training_bins_equal_those_counted_from_the_training_data() {
    let models = SHIPPED.models();
    assert_eq!(models.len(), 4);
    for info in models {
        let bins = info.training_bins.as_ref().unwrap();
        assert_eq!(&counted_again(&info, bins), bins, "{:?}", info.model);
        assert_eq!(info.label.unwrap().as_str(), "bankruptcy@1");
    }
}
