//! Movements between grades, from histories.

use proptest::prelude::*;
use time::{Date, macros::date};

use super::near;
use crate::{
    Timestamp,
    outcome::{CoverageDays, Definition},
    validation::{
        Basis, Event, KnownEvent, MasterScale, PredictionVersion, RequestFault, TransitionDraft,
        TransitionFigures, TransitionMethod, TransitionTally,
    },
};

const FIRST: Date = date!(2022 - 12 - 31);
const NOW: Timestamp = time::macros::datetime!(2026-06-01 12:00 UTC);
/// PDs of the first three grades, and of the last.
const GRADES: [f64; 4] = [0.0001, 0.0002, 0.0004, 0.9];

fn rated(day: Date, grade: usize) -> PredictionVersion {
    PredictionVersion {
        period_end: date!(2021 - 12 - 31),
        predicted_at: day.midnight().assume_utc(),
        owned_from: None,
        replaced_at: None,
        pd: GRADES[grade - 1],
        out_of_scope: false,
        model: 1,
    }
}

/// A prediction that took the place of the one before on a day.
fn moved(from: usize, day: Date, to: usize) -> Vec<PredictionVersion> {
    let before = PredictionVersion {
        replaced_at: Some(day.midnight().assume_utc()),
        ..rated(FIRST, from)
    };
    vec![before, rated(day, to)]
}

fn event_on(event: Event, occurred_on: Date) -> Vec<KnownEvent> {
    vec![KnownEvent {
        event,
        occurred_on,
        technical: false,
        recorded_at: None,
        withdrawn_at: None,
    }]
}

fn draft() -> TransitionDraft {
    TransitionDraft {
        from: FIRST,
        to: None,
        months: 12,
        basis: Basis::Recorded,
        lag_months: 6,
        as_of: None,
        definition: Definition::Crr178,
    }
}

fn coverage() -> CoverageDays {
    CoverageDays {
        complete_from: date!(2020 - 01 - 01),
        complete_through: date!(2025 - 12 - 31),
        note: None,
    }
}

type Company = (Vec<PredictionVersion>, Vec<KnownEvent>);

fn figures(
    draft: &TransitionDraft,
    method: TransitionMethod,
    companies: &[Company],
) -> Option<TransitionFigures> {
    let (plan, _) = draft.check(NOW, Some(&coverage())).unwrap();
    let mut tally = TransitionTally::new(plan, MasterScale::shipped(), method);
    for (predictions, events) in companies {
        tally.add(predictions, events).unwrap();
    }
    tally.figures()
}

/// 9.6
fn cohort() -> Vec<Company> {
    let rows = [
        [80, 12, 3, 1, 2, 2],
        [10, 70, 15, 3, 1, 1],
        [1, 8, 60, 7, 2, 2],
    ];
    let mut companies = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        for (j, count) in row.iter().enumerate() {
            let later = date!(2023 - 06 - 01);
            let stays = vec![rated(FIRST, i + 1)];
            let company = match j {
                3 => (stays, event_on(Event::Default, later)),
                4 => {
                    let mut predictions = moved(i + 1, later, 2);
                    predictions[1].model = 2;
                    (predictions, Vec::new())
                }
                5 => (stays, event_on(Event::Exit, later)),
                _ if i == j => (stays, Vec::new()),
                _ => (moved(i + 1, later, j + 1), Vec::new()),
            };
            companies.extend(vec![company; *count]);
        }
    }
    companies
}

#[test]
fn cohort_method_counts_grade_transitions() {
    let found = figures(&draft(), TransitionMethod::Cohort, &cohort()).unwrap();
    assert_eq!(found.rows.len(), 17);
    for (i, (pd, companies)) in [(0.01, 100), (0.03, 100), (0.0875, 80)].iter().enumerate() {
        let row = &found.rows[i];
        assert_eq!(row.companies, *companies);
        near(row.probabilities[17].unwrap(), *pd);
        let (from, to) = row.default_interval.unwrap();
        assert!(from < *pd && *pd < to);
    }
    let counts = &found.rows[0].counts;
    assert_eq!(
        (&counts[..3], &counts[17..]),
        (&[80, 12, 3][..], &[1, 2, 2, 0][..])
    );
    let cells = found.cells.unwrap();
    near(cells[0][2].unwrap().z, 2.389_193_43);
    near(cells[0][2].unwrap().p, 0.991_557_295_2);
    near(cells[2][0].unwrap().z, 2.417_028_51);
    // The same movements on a scale of 17 grades: companies could have gone further.
    let width = found.bandwidths.unwrap();
    near(width.upper.unwrap(), 33.0 / f64::from(15 * 16 + 15 * 15));
    near(width.lower.unwrap(), 20.0 / f64::from(10 * 15 + 9 * 14));
    let empty = &found.rows[5];
    assert_eq!((empty.companies, empty.default_interval), (0, None));
    assert_eq!(empty.probabilities, vec![None; 21]);
}

/// Ten companies whose only statement is of 2021: after two years it is out of date.
#[test]
fn company_whose_rating_went_out_of_date_did_not_stay_in_its_grade() {
    let companies = vec![(vec![rated(FIRST, 1)], Vec::new()); 10];
    for (months, expected) in [(12, [10, 0]), (24, [0, 10]), (36, [0, 10])] {
        let window = TransitionDraft { months, ..draft() };
        let found = figures(&window, TransitionMethod::Cohort, &companies).unwrap();
        let counts = &found.rows[0].counts;
        assert_eq!([counts[0], counts[20]], expected, "{months} months");
        near(
            found.rows[0].probabilities[20].unwrap(),
            expected[1] as f64 / 10.0,
        );
        let found = figures(&window, TransitionMethod::Duration, &companies).unwrap();
        let counts = &found.rows[0].counts;
        assert_eq!([counts[0], counts[20]], expected, "{months} months");
        // By durations a company that is not watched any more says nothing of where it went.
        near(found.rows[0].probabilities[0].unwrap(), 1.0);
        assert_eq!(found.rows[0].probabilities[20], None);
    }
    // The next window does not have them.
    let next = TransitionDraft {
        from: FIRST.replace_year(2024).unwrap(),
        ..draft()
    };
    assert_eq!(figures(&next, TransitionMethod::Cohort, &companies), None);
}

/// 9.7
fn firms() -> Vec<Company> {
    let (quarter, half, three) = (
        date!(2023 - 04 - 01),
        date!(2023 - 07 - 01),
        date!(2023 - 10 - 01),
    );
    vec![
        (moved(1, quarter, 2), Vec::new()),
        (vec![rated(FIRST, 1)], Vec::new()),
        (vec![rated(FIRST, 1)], event_on(Event::Exit, half)),
        (vec![rated(FIRST, 1)], Vec::new()),
        (vec![rated(FIRST, 2)], event_on(Event::Default, half)),
        (moved(2, three, 1), Vec::new()),
        (vec![rated(FIRST, 2)], Vec::new()),
        (vec![rated(FIRST, 2)], Vec::new()),
    ]
}

#[test]
fn duration_method_includes_indirect_transitions() {
    let found = figures(&draft(), TransitionMethod::Duration, &firms()).unwrap();
    for (row, expected) in found
        .rows
        .iter()
        .zip([[0.80, 0.15, 0.05], [0.20, 0.60, 0.20]])
    {
        let p = &row.probabilities;
        [p[0], p[1], p[17]]
            .iter()
            .zip(expected)
            .for_each(|(p, expected)| near(p.unwrap(), expected));
        let (from, to) = row.default_interval.unwrap();
        assert!(from <= expected[2] && expected[2] <= to && from < to);
        assert_eq!((p[18], p[19]), (None, None));
    }
    assert_eq!(found.draws, 1_000);
    let counts = &found.rows[0].counts;
    assert_eq!(
        (&counts[..2], &counts[17..]),
        (&[3, 1][..], &[0, 0, 1, 0][..])
    );
    assert!(found.bandwidths.is_none() && found.cells.is_none());
    let cohort = figures(&draft(), TransitionMethod::Cohort, &firms()).unwrap();
    near(cohort.rows[0].probabilities[17].unwrap(), 0.0);
}

#[test]
fn cohort_windows_are_averaged_and_no_companies_give_none() {
    let two = TransitionDraft {
        to: Some(date!(2024 - 12 - 30)),
        months: 11,
        ..draft()
    };
    let (plan, _) = two.check(NOW, Some(&coverage())).unwrap();
    let days: Vec<Date> = plan.windows.iter().map(|window| window.first_day).collect();
    assert_eq!(days, [FIRST, date!(2023 - 11 - 30)]);
    // In the first window one of two defaults, in the second one of one.
    let companies = [
        (
            vec![rated(FIRST, 1)],
            event_on(Event::Default, date!(2023 - 02 - 01)),
        ),
        (vec![rated(FIRST, 1)], Vec::new()),
        (
            vec![PredictionVersion {
                period_end: date!(2022 - 12 - 31),
                ..rated(date!(2023 - 11 - 01), 1)
            }],
            event_on(Event::Default, date!(2024 - 01 - 01)),
        ),
    ];
    let found = figures(&two, TransitionMethod::Cohort, &companies).unwrap();
    assert_eq!((found.rows[0].companies, found.rows[0].counts[17]), (4, 2));
    near(found.rows[0].probabilities[17].unwrap(), 0.5);
    let found = figures(&two, TransitionMethod::Duration, &companies).unwrap();
    near(found.rows[0].probabilities[17].unwrap(), 0.5);
    assert_eq!((found.draws, found.rows[0].default_interval), (0, None));
    for method in TransitionMethod::ALL {
        assert_eq!(figures(&draft(), method, &[]), None);
    }
}

#[test]
fn company_is_observed_while_its_prediction_is_in_force() {
    let spells = |company: &Company| {
        let found = figures(
            &draft(),
            TransitionMethod::Duration,
            std::slice::from_ref(company),
        );
        found.map(|found| {
            let row = &found.rows[0];
            (row.companies, row.counts[0], row.counts[17], row.counts[18])
        })
    };
    // In default until the cure, and then a default again.
    let mut events = event_on(Event::Default, date!(2023 - 02 - 01));
    events.extend(event_on(Event::Cure, date!(2023 - 06 - 01)));
    events.extend(event_on(Event::Default, date!(2023 - 08 - 01)));
    assert_eq!(spells(&(vec![rated(FIRST, 1)], events)), Some((2, 0, 2, 0)));
    // A technical default ends nothing.
    let mut technical = event_on(Event::Default, date!(2023 - 02 - 01));
    technical[0].technical = true;
    assert_eq!(
        spells(&(vec![rated(FIRST, 1)], technical)),
        Some((1, 1, 0, 0))
    );
    // Another model is no migration, also where the grade is the same.
    let mut rescored = moved(1, date!(2023 - 03 - 01), 1);
    rescored[1].model = 2;
    assert_eq!(spells(&(rescored, Vec::new())), Some((2, 1, 0, 1)));
    // Outdated on the first day, out of scope, and made after the last.
    let old = rated(date!(2021 - 12 - 01), 1);
    let outside = PredictionVersion {
        out_of_scope: true,
        ..rated(FIRST, 1)
    };
    for prediction in [old, outside, rated(date!(2024 - 01 - 01), 1)] {
        assert_eq!(spells(&(vec![prediction], Vec::new())), None);
    }
    // After it left, nothing counts.
    let mut events = event_on(Event::Exit, date!(2023 - 02 - 01));
    events.extend(event_on(Event::Default, date!(2023 - 03 - 01)));
    assert_eq!(spells(&(vec![rated(FIRST, 1)], events)), Some((1, 0, 0, 0)));
}

/// A default counts half of two companies at risk, and all of one: so the rate shows whether the
/// company whose prediction goes out of date is still watched on the day.
#[test]
fn company_is_at_risk_through_the_day_its_prediction_expires() {
    // Twelve months after it was made, and 24 months after its period.
    let aged = rated(date!(2022 - 06 - 01), 1);
    let of_old_statement = PredictionVersion {
        period_end: date!(2021 - 06 - 30),
        ..rated(FIRST, 1)
    };
    let outdated = [
        (aged, date!(2023 - 06 - 02)),
        (of_old_statement, date!(2023 - 07 - 01)),
    ];
    for (prediction, day) in outdated {
        let rate = |defaulted: Date| {
            let companies = [
                (vec![prediction], Vec::new()),
                (vec![rated(FIRST, 1)], event_on(Event::Default, defaulted)),
            ];
            let found = figures(&draft(), TransitionMethod::Duration, &companies);
            found.unwrap().rows[0].probabilities[17].unwrap()
        };
        near(rate(day), 0.5);
        near(rate(day.next_day().unwrap()), 1.0);
    }
}

#[test]
fn invalid_transition_request_reports_every_field() {
    let wrong = TransitionDraft {
        months: 0,
        lag_months: 61,
        to: Some(FIRST),
        as_of: Some(NOW + time::Duration::SECOND),
        ..draft()
    };
    let Err(RequestFault::Invalid(faults)) = wrong.check(NOW, Some(&coverage())) else {
        panic!("it should be refused");
    };
    let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
    assert_eq!(
        found,
        [
            ("/horizon_months", "out_of_range"),
            ("/lag_months", "out_of_range"),
            ("/as_of", "in_the_future"),
            ("/to", "out_of_order"),
        ]
    );
    let many = TransitionDraft {
        months: 1,
        to: Some(date!(2050 - 01 - 01)),
        ..draft()
    };
    let Err(RequestFault::Invalid(faults)) = many.check(NOW, Some(&coverage())) else {
        panic!("it should be refused");
    };
    assert_eq!(faults[0].code, "too_many_windows");
    let late = TransitionDraft {
        from: date!(2025 - 01 - 01),
        ..draft()
    };
    for days in [None, Some(coverage())] {
        let refused = late.check(NOW, days.as_ref());
        assert!(matches!(refused, Err(RequestFault::NotCovered(_))));
    }
}

proptest! {
    /// Every row of an estimate sums to 1, whatever happened.
    #[test]
    fn transition_probabilities_sum_to_one(
        moves in prop::collection::vec((1_usize..4, 1_i64..360, 1_usize..5, 0_u8..4), 1..40),
    ) {
        let companies: Vec<Company> = moves
            .into_iter()
            .map(|(from, day, to, end)| {
                let day = FIRST + time::Duration::days(day);
                let events = match end {
                    0 => event_on(Event::Default, day),
                    1 => event_on(Event::Exit, day),
                    _ => Vec::new(),
                };
                (moved(from, day, to), events)
            })
            .collect();
        for method in TransitionMethod::ALL {
            let found = figures(&draft(), method, &companies).unwrap();
            for row in found.rows.iter().filter(|row| row.companies > 0) {
                let sum: f64 = row.probabilities.iter().flatten().sum();
                prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
                prop_assert_eq!(row.counts.iter().sum::<u64>(), row.companies);
            }
        }
    }
}
