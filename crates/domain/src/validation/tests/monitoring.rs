//! Monitoring: the worked examples of the stability index through bins, and what holds for any
//! counts.

use proptest::prelude::*;

use super::near;
use crate::{
    id::CompanyId,
    prediction::{Period, Quarter, ReportingYear},
    validation::{
        Baseline, BinCounts, BinEdges, BinKind, FigureShift, InputBins, Mover, PeriodCounts,
        PeriodShift, ScoreBins, Stability, TrainingBins, psi,
    },
};

fn counts(missing: u64, bins: &[u64]) -> BinCounts {
    BinCounts {
        bins: bins.to_vec(),
        missing,
        ..BinCounts::default()
    }
}

fn edges(bins: usize) -> Vec<f64> {
    (1..bins).map(|at| at as f64 / 10.0).collect()
}

#[test]
fn worked_psi_examples_hold_without_doubly_empty_bins() {
    let even = FigureShift::of(
        &edges(5),
        counts(0, &[1000; 5]),
        counts(0, &[150, 180, 210, 220, 240]),
    );
    near(even.psi.unwrap().value, 0.026_043_734_9);
    near(even.psi.unwrap().unsmoothed.unwrap(), 0.026_178_281_4);
    near(even.psi.unwrap().critical, 0.011_385_274_8);
    assert_eq!((even.verdict(), even.degrees()), (Stability::Stable, 4));
    let empty = FigureShift::of(
        &edges(4),
        counts(0, &[500, 300, 150, 50]),
        counts(0, &[120, 60, 20, 0]),
    );
    near(empty.psi.unwrap().value, 0.180_750_617_1);
    near(empty.psi.unwrap().critical, 0.046_888_367_4);
    assert_eq!(empty.verdict(), Stability::Watch);
    let missing = FigureShift::of(&edges(4), counts(440, &[140; 4]), counts(100, &[225; 4]));
    near(missing.psi.unwrap().value, 0.661_640_131_6);
    assert_eq!(
        (missing.verdict(), missing.degrees()),
        (Stability::Shifted, 4)
    );
    assert_eq!(missing.bins[0].kind, BinKind::Missing);
    assert_eq!(
        (missing.bins[1].from, missing.bins[1].to),
        (None, Some(0.1))
    );
    assert_eq!(
        (missing.bins[4].from, missing.bins[4].to),
        (Some(0.3), None)
    );
}

#[test]
fn stability_of_one_bin_or_no_values_is_undetermined() {
    let one = FigureShift::of(&[], counts(0, &[10]), counts(0, &[20]));
    assert_eq!((one.psi, one.verdict()), (None, Stability::Undetermined));
    let none = FigureShift::of(&edges(2), counts(0, &[5, 5]), counts(0, &[0, 0]));
    assert_eq!(none.psi, None);
}

#[test]
fn values_at_the_bounds_have_their_own_bins() {
    let at_bound = |n: u64| BinCounts {
        at_min: n,
        at_max: 2 * n,
        ..counts(0, &[100, 100])
    };
    let shift = FigureShift::of(&edges(2), at_bound(10), at_bound(50));
    let kinds: Vec<_> = shift.bins.iter().map(|bin| bin.kind).collect();
    let between = BinKind::Between;
    assert_eq!(kinds, [BinKind::AtMin, between, between, BinKind::AtMax]);
    assert_eq!(shift.psi, psi(&[10, 100, 100, 20], &[50, 100, 100, 100]));
}

#[test]
fn verdict_of_a_period_is_its_worst_figure() {
    let year = |text: &str| ReportingYear::parse("", text).unwrap();
    let period = Period {
        year: year("2024"),
        quarter: None,
    };
    let bins = TrainingBins {
        inputs: vec![InputBins {
            name: "x".to_owned(),
            edges: vec![0.5],
            counts: vec![500, 500],
            at_min: 0,
            at_max: 0,
            missing: 0,
        }],
        score: ScoreBins {
            edges: vec![-3.0],
            counts: vec![500, 500],
        },
    };
    let edges = BinEdges::of_training(&bins, 0.0);
    let of = |input: &[u64], score: &[u64]| {
        let counted = PeriodCounts {
            period,
            out_of_scope: 0,
            mean_pd: None,
            inputs: vec![counts(0, input)],
            score: counts(0, score),
        };
        PeriodShift::from_training(&edges, &bins, &counted).verdict()
    };
    assert_eq!(of(&[500, 500], &[500, 500]), Stability::Stable);
    assert_eq!(of(&[500, 500], &[650, 350]), Stability::Stable);
    assert_eq!(of(&[500, 500], &[700, 300]), Stability::Watch);
    assert_eq!(of(&[100, 900], &[700, 300]), Stability::Shifted);
    assert_eq!(of(&[2, 2], &[2, 2]), Stability::Undetermined);
}

#[test]
fn baseline_is_training_or_a_period() {
    assert_eq!(Baseline::read("", " training"), Ok(Baseline::Training));
    let quarter = Baseline::read("", "2024-Q3").unwrap();
    let Baseline::Period(period) = quarter else {
        panic!("{quarter} is a period");
    };
    assert_eq!(period.quarter, Some(Quarter::Q3));
    assert_eq!(Baseline::read("", &quarter.to_string()), Ok(quarter));
    let fault = Baseline::read("/baseline", "yesterday").unwrap_err();
    assert_eq!(
        (&*fault.pointer, &*fault.code),
        ("/baseline", "invalid_baseline")
    );
}

#[test]
fn movers_are_measured_by_log_odds_even_at_0_and_1() {
    let mover = |from_pd, to_pd| Mover {
        company: CompanyId(uuid::Uuid::nil()),
        symbol: String::new(),
        name: String::new(),
        from_pd,
        to_pd,
    };
    near(mover(0.02, 0.04).change(), (49.0_f64 / 24.0).ln());
    assert!(mover(0.0, 1.0).change().is_finite() && mover(1.0, 0.5).change() < -20.0);
}

proptest! {
    #[test]
    fn stability_index_is_never_negative_and_bins_add_up(
        bins in prop::collection::vec((0_u64..400, 0_u64..400), 1..12),
        special in prop::collection::vec((0_u64..50, 0_u64..50), 3),
    ) {
        let side = |of: fn(&(u64, u64)) -> u64| BinCounts {
            bins: bins.iter().map(of).collect(),
            missing: of(&special[0]),
            at_min: of(&special[1]),
            at_max: of(&special[2]),
            ..BinCounts::default()
        };
        let (expected, actual) = (side(|pair| pair.0), side(|pair| pair.1));
        let shift = FigureShift::of(&edges(bins.len()), expected.clone(), actual.clone());
        let sum = |of: fn(&super::super::BinShift) -> u64| shift.bins.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|bin| bin.expected), expected.total());
        prop_assert_eq!(sum(|bin| bin.actual), actual.total());
        if let Some(psi) = shift.psi {
            prop_assert!(psi.value >= 0.0 && psi.critical > 0.0);
        }
        let same = FigureShift::of(&edges(bins.len()), expected.clone(), expected);
        prop_assert!(same.psi.is_none_or(|psi| psi.value.abs() < 1e-15));
    }
}
