//! Properties that hold for any companies.

use proptest::prelude::*;
use time::{
    Duration,
    macros::{date, datetime},
};

use crate::{
    Timestamp,
    validation::{
        Basis, EndState, Event, Exclusion, Figures, KnownEvent, MasterScale, MigrationMatrix,
        Observation, PairedRow, PdGroup, Portfolio, PredictionVersion, Reference, Spell, Watched,
        Window, aalen_johansen, aalen_johansen_of_windows, auc, kaplan_meier, paired_auc,
        pooled_auc, psi, shift,
    },
};

/// PDs from a small set of values, so that ties are common.
fn rows() -> impl Strategy<Value = Vec<(f64, bool)>> {
    prop::collection::vec(
        ((1_u32..40).prop_map(|i| f64::from(i) / 41.0), any::<bool>()),
        4..80,
    )
}

fn pair(defaulter: f64, survivor: f64) -> f64 {
    if defaulter > survivor {
        1.0
    } else if defaulter < survivor {
        0.0
    } else {
        0.5
    }
}

fn split(rows: &[(f64, bool)]) -> (Vec<f64>, Vec<f64>) {
    let with = |chosen| {
        rows.iter()
            .filter(move |r| r.1 == chosen)
            .map(|r| r.0)
            .collect()
    };
    (with(true), with(false))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

proptest! {
    #[test]
    fn auc_and_variance_equal_those_over_all_pairs(rows in rows()) {
        let (bad, good) = split(&rows);
        let found = auc(&Portfolio::of(rows.iter().copied()));
        prop_assume!(bad.len() > 1 && good.len() > 1);
        let found = found.unwrap();
        let v10: Vec<_> = bad.iter().map(|b| mean(&good.iter().map(|g| pair(*b, *g)).collect::<Vec<_>>())).collect();
        let v01: Vec<_> = good.iter().map(|g| mean(&bad.iter().map(|b| pair(*b, *g)).collect::<Vec<_>>())).collect();
        prop_assert!((found.auc - mean(&v10)).abs() < 1e-12);
        let expected = variance(&v10) / bad.len() as f64 + variance(&v01) / good.len() as f64;
        prop_assert!((found.variance - expected).abs() < 1e-12);
        // The paired test of a model with itself shows no difference.
        let twice: Vec<_> = rows.iter().map(|&(pd, defaulted)| PairedRow { first: pd, second: pd, defaulted }).collect();
        let both = paired_auc(&twice).unwrap();
        prop_assert!((both.covariance - expected).abs() < 1e-12 && both.z.is_none());
    }

    #[test]
    fn pooling_one_year_equals_the_year(rows in rows()) {
        let year = Portfolio::of(rows);
        match (pooled_auc(std::slice::from_ref(&year)), auc(&year)) {
            (Some(pooled), Some(own)) => prop_assert!((pooled.auc - own.auc).abs() < 1e-12),
            (pooled, own) => prop_assert!(pooled.is_none() && own.is_none()),
        }
    }

    #[test]
    fn shift_makes_expected_equal_observed_defaults(rows in rows()) {
        let portfolio = Portfolio::of(rows);
        if let Some(shift) = shift(&portfolio) {
            let expected: f64 = portfolio.groups().iter().map(|g| {
                let odds = g.pd / (1.0 - g.pd) * shift.odds_ratio;
                g.companies as f64 * odds / (1.0 + odds)
            }).sum();
            prop_assert!((expected - portfolio.defaults() as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn indices_and_bandwidths_are_never_negative(baseline in prop::collection::vec(0_u64..500, 2..12), seed in any::<u64>(), counts in prop::collection::vec(prop::collection::vec(0_u64..50, 11), 7)) {
        let actual: Vec<_> = baseline.iter().enumerate().map(|(i, n)| n.wrapping_mul(seed >> i) % 300).collect();
        if let Some(found) = psi(&baseline, &actual) {
            prop_assert!(found.value >= 0.0 && found.critical > 0.0);
        }
        let matrix = MigrationMatrix::from_rows(counts).unwrap();
        for side in [matrix.bandwidths().upper, matrix.bandwidths().lower].into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&side));
        }
        for share in matrix.shares().into_iter().flatten() {
            prop_assert!((share.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn aalen_johansen_equals_kaplan_meier_for_two_states(times in prop::collection::vec((1_u8..20, any::<bool>()), 1..60)) {
        let spells: Vec<_> = times.iter().enumerate().map(|(company, &(to, defaulted))| Spell {
            company, state: 0, from: 0.0, to: to.into(), next: defaulted.then_some(1),
        }).collect();
        let watched: Vec<_> = times.iter().map(|&(until, defaulted)| Watched { until: until.into(), defaulted }).collect();
        let p = aalen_johansen(2, &spells, 0.0, 30.0);
        prop_assert!((p[0][1] - kaplan_meier(&watched, 30.0).unwrap()).abs() < 1e-12);
        prop_assert!(p.iter().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn windows_in_one_pass_equal_windows_one_by_one(moves in prop::collection::vec((0_usize..4, 0_usize..4, 0_u8..9, 0_u8..9), 1..60), bounds in prop::collection::btree_set(0_u8..20, 2..8)) {
        let spells: Vec<_> = moves.iter().enumerate().map(|(company, &(state, next, from, length))| Spell {
            company, state, from: from.into(), to: f64::from(from) + f64::from(length), next: (next != state).then_some(next),
        }).collect();
        let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
        // Every other span between two bounds, so that there are times between windows.
        let windows: Vec<_> = bounds.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let together = aalen_johansen_of_windows(4, &spells, &windows);
        for (found, (after, until)) in together.iter().zip(&windows) {
            prop_assert_eq!(found, &aalen_johansen(4, &spells, *after, *until));
        }
        prop_assert_eq!(together.len(), windows.len());
    }

    #[test]
    fn transition_rows_sum_to_one(moves in prop::collection::vec((0_usize..4, 0_usize..4, 0_u8..9, 1_u8..9), 1..60)) {
        let spells: Vec<_> = moves.iter().enumerate().map(|(company, &(state, next, from, length))| Spell {
            company, state, from: from.into(), to: f64::from(from) + f64::from(length), next: (next != state).then_some(next),
        }).collect();
        for row in aalen_johansen(4, &spells, 0.0, 20.0) {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(row.iter().all(|p| (-1e-12..=1.0 + 1e-12).contains(p)));
        }
    }

    #[test]
    fn figures_do_not_depend_on_the_order_of_companies(rows in prop::collection::vec((0.0001_f64..0.9999, any::<bool>(), any::<bool>(), 0_u16..365, 0_u8..6), 1..200), turn in any::<usize>()) {
        let mut seen: Vec<_> = rows.iter().map(|&(pd, defaulted, exited, days, out)| Observation {
            pd, period_end: date!(2023-12-31), defaulted, exited, days, technical: false,
            excluded: (out == 0).then_some(Exclusion::OutOfScope),
            end: if defaulted { EndState::Default } else if exited { EndState::Exit } else { EndState::Pd(1.0 - pd) },
        }).collect();
        let scale = MasterScale::shipped();
        let figures = |seen: &[Observation]| {
            serde_json::to_string(&Figures::of(seen, &scale, &Reference { initial_auc: Some(0.8), target_rate: Some(0.015), initial_grades: None })).unwrap()
        };
        let first = figures(&seen);
        let middle = turn % seen.len();
        seen.rotate_left(middle);
        seen[middle..].reverse();
        prop_assert_eq!(first, figures(&seen));
    }

    /// Whatever is recorded and withdrawn later, a report as of a time stays byte for byte the same
    /// as a report that was made then.
    #[test]
    fn report_as_of_a_time_equals_the_report_made_then(outcomes in prop::collection::vec((0_usize..60, 0_u8..3, -200_i64..360, 0_i64..400, prop::option::of(1_i64..200), any::<bool>()), 500), at in 0_i64..600) {
        let zero = datetime!(2026-01-01 00:00 UTC);
        let first_day = date!(2024-12-31);
        let window = |as_of| Window { first_day, basis: Basis::Recorded, lag_months: 6, as_of };
        let rated = |company: usize| PredictionVersion {
            period_end: date!(2023-12-31),
            predicted_at: datetime!(2024-06-01 10:00 UTC),
            owned_from: None,
            replaced_at: None,
            pd: 0.002 + company as f64 / 500.0,
            out_of_scope: company.is_multiple_of(17),
            model: 1,
        };
        let events: Vec<_> = outcomes.iter().map(|&(company, event, day, recorded, withdrawn, technical)| {
            let recorded_at = zero + Duration::days(recorded);
            (company, KnownEvent {
                event: Event::ALL[usize::from(event)],
                occurred_on: first_day + Duration::days(day),
                technical: technical && event == 0,
                recorded_at: Some(recorded_at),
                withdrawn_at: withdrawn.map(|after| recorded_at + Duration::days(after)),
            })
        }).collect();
        let report = |as_of: Option<Timestamp>, events: &[(usize, KnownEvent)]| {
            let seen: Vec<_> = (0..60).filter_map(|company| {
                let own: Vec<_> = events.iter().filter(|(of, _)| *of == company).map(|(_, e)| *e).collect();
                window(as_of).observe(&[rated(company)], &own)
            }).collect();
            serde_json::to_string(&Figures::of(&seen, &MasterScale::shipped(), &Reference::default())).unwrap()
        };
        let then = zero + Duration::days(at);
        // The content of the tables at that time: without later rows, and with rows that had not
        // been withdrawn yet.
        let stored_then: Vec<_> = events.iter().filter(|(_, e)| e.recorded_at <= Some(then)).map(|&(company, e)| {
            (company, KnownEvent { withdrawn_at: e.withdrawn_at.filter(|w| *w <= then), ..e })
        }).collect();
        prop_assert_eq!(report(Some(then), &events), report(None, &stored_then));
    }

    #[test]
    fn groups_of_equal_pds_are_merged(rows in rows()) {
        let one = Portfolio::of(rows.iter().copied());
        let groups = rows.iter().rev().map(|&(pd, defaulted)| PdGroup { pd, companies: 1, defaults: defaulted.into() });
        prop_assert_eq!(one, Portfolio::of_groups(groups));
    }
}
