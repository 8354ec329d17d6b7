//! The composition of a sample.

use time::{
    Date,
    macros::{date, datetime},
};

use crate::{
    Timestamp,
    validation::{
        Basis, DeletedPrediction, EndState, Event, Exclusion, KnownEvent, Observation,
        PredictionVersion, SampleCounts, Window, add_months, first_days,
    },
};

fn scored(predicted: Date, period_end: Date) -> PredictionVersion {
    PredictionVersion {
        period_end,
        predicted_at: predicted.midnight().assume_utc(),
        owned_from: None,
        replaced_at: None,
        pd: 0.01,
        out_of_scope: false,
        model: 1,
    }
}

fn usual() -> PredictionVersion {
    scored(date!(2024 - 06 - 01), date!(2023 - 12 - 31))
}

fn event_on(event: Event, occurred_on: Date) -> KnownEvent {
    KnownEvent {
        event,
        occurred_on,
        technical: false,
        recorded_at: Some(datetime!(2026-01-15 12:00 UTC)),
        withdrawn_at: None,
    }
}

fn window(as_of: Timestamp) -> Window {
    Window {
        first_day: date!(2024 - 12 - 31),
        basis: Basis::Recorded,
        lag_months: 6,
        as_of: Some(as_of),
    }
}

/// The fourteen companies of the example.
fn companies() -> Vec<(Vec<PredictionVersion>, Vec<KnownEvent>)> {
    use Event::{Cure, Default, Exit};
    let default = |day| event_on(Default, day);
    let replaced = datetime!(2025-02-01 09:00 UTC);
    let c10 = vec![
        PredictionVersion {
            pd: 0.02,
            replaced_at: Some(replaced),
            ..usual()
        },
        PredictionVersion {
            pd: 0.20,
            predicted_at: replaced,
            ..usual()
        },
    ];
    let late = KnownEvent {
        recorded_at: Some(datetime!(2026-05-01 00:00 UTC)),
        ..default(date!(2025 - 03 - 01))
    };
    vec![
        (vec![usual()], vec![]),
        (vec![usual()], vec![default(date!(2025 - 12 - 31))]),
        (vec![usual()], vec![default(date!(2024 - 12 - 31))]),
        (
            vec![usual()],
            vec![
                default(date!(2024 - 03 - 01)),
                event_on(Cure, date!(2024 - 10 - 01)),
            ],
        ),
        (
            vec![scored(date!(2023 - 12 - 30), date!(2023 - 12 - 31))],
            vec![],
        ),
        (
            vec![scored(date!(2024 - 06 - 01), date!(2021 - 12 - 31))],
            vec![],
        ),
        (vec![usual()], vec![event_on(Exit, date!(2025 - 05 - 01))]),
        (
            vec![usual()],
            vec![
                event_on(Exit, date!(2025 - 03 - 01)),
                default(date!(2025 - 09 - 01)),
            ],
        ),
        (
            vec![usual()],
            vec![KnownEvent {
                technical: true,
                ..default(date!(2025 - 04 - 01))
            }],
        ),
        (c10, vec![]),
        (
            vec![scored(date!(2025 - 01 - 15), date!(2023 - 12 - 31))],
            vec![],
        ),
        (
            vec![usual()],
            vec![
                default(date!(2025 - 02 - 01)),
                event_on(Cure, date!(2025 - 06 - 01)),
                default(date!(2025 - 11 - 01)),
            ],
        ),
        (
            vec![PredictionVersion {
                out_of_scope: true,
                ..usual()
            }],
            vec![],
        ),
        (vec![usual()], vec![late]),
    ]
}

fn observe(window: Window) -> (Vec<Option<Observation>>, SampleCounts) {
    let seen: Vec<_> = companies()
        .iter()
        .map(|(p, e)| window.observe(p, e))
        .collect();
    let mut counts = SampleCounts::default();
    seen.iter().flatten().for_each(|seen| counts.add(seen));
    (seen, counts)
}

#[test]
fn sample_counts_exclusions_by_reason() {
    let (seen, counts) = observe(window(datetime!(2026-06-01 00:00 UTC)));
    let expected = SampleCounts {
        population: 13,
        in_default: 1,
        left: 0,
        customers: 12,
        rating_outdated: 1,
        statement_outdated: 1,
        out_of_scope: 1,
        not_covered: 0,
        sample: 9,
        defaults: 4,
        exits: 1,
        technical: 1,
        deleted: None,
    };
    assert_eq!(counts, expected);
    let defaulted: Vec<_> = (1..=14)
        .filter(|i| seen[i - 1].is_some_and(|s| s.defaulted))
        .collect();
    assert_eq!(defaulted, [2, 8, 12, 14]);
    assert_eq!(seen[2].unwrap().excluded, Some(Exclusion::InDefault));
    let c10 = seen[9].unwrap();
    assert_eq!((c10.pd, c10.end), (0.02, EndState::Pd(0.20)));
    assert_eq!(seen[10], None);
    assert_eq!(seen[11].unwrap().days, 32, "the first default counts");
    assert_eq!(seen[6].unwrap().end, EndState::Exit);
    assert_eq!(seen[7].unwrap().end, EndState::Default);
}

#[test]
fn deletions_count_if_they_took_the_prediction_in_force() {
    let recorded = window(datetime!(2026-06-01 00:00 UTC));
    let period = Window {
        basis: Basis::Period,
        ..recorded
    };
    let deleted = |predicted: Date, period_end, at: Date| DeletedPrediction {
        period_end,
        predicted_at: predicted.midnight().assume_utc(),
        deleted_at: at.midnight().assume_utc(),
    };
    let (summer, of_2023, of_2022) = (
        date!(2024 - 06 - 01),
        date!(2023 - 12 - 31),
        date!(2022 - 12 - 31),
    );
    let usual_one = deleted(summer, of_2023, date!(2025 - 03 - 01));
    let older = scored(summer, of_2022);
    // What remains, what was deleted, and whether each basis lost a company.
    let cases = [
        ("nothing remains", vec![], usual_one, [true, true]),
        ("an older one remains", vec![older], usual_one, [true, true]),
        (
            "a later one was in force",
            vec![usual()],
            deleted(summer, of_2022, date!(2025 - 03 - 01)),
            [false, false],
        ),
        (
            "it was made again",
            vec![scored(date!(2025 - 03 - 02), of_2023)],
            usual_one,
            [true, false],
        ),
        (
            "deleted on the first day",
            vec![],
            deleted(summer, of_2023, date!(2024 - 12 - 31)),
            [false, false],
        ),
        (
            "made after the first day",
            vec![],
            deleted(date!(2025 - 01 - 01), of_2023, date!(2025 - 03 - 01)),
            [false, true],
        ),
        (
            "not available on the first day",
            vec![],
            deleted(summer, date!(2024 - 12 - 31), date!(2025 - 03 - 01)),
            [true, false],
        ),
        (
            "made after the report's time",
            vec![],
            deleted(date!(2026 - 06 - 02), of_2023, date!(2026 - 06 - 03)),
            [false, false],
        ),
        (
            "deleted after the report's time",
            vec![],
            deleted(summer, of_2023, date!(2026 - 06 - 03)),
            [true, true],
        ),
    ];
    for (case, remains, deleted, expected) in cases {
        let lost = [recorded, period].map(|window| window.has_lost(&remains, &[deleted]));
        assert_eq!(lost, expected, "{case}");
    }
}

#[test]
fn events_recorded_after_as_of_do_not_count() {
    let (_, counts) = observe(window(datetime!(2026-03-01 00:00 UTC)));
    assert_eq!(counts.defaults, 3);
    let withdrawn = KnownEvent {
        withdrawn_at: Some(datetime!(2026-02-01 00:00 UTC)),
        ..event_on(Event::Default, date!(2025 - 02 - 01))
    };
    let known = |at| withdrawn.is_known(at);
    assert!(known(Some(datetime!(2026-01-31 00:00 UTC))));
    assert!(!known(Some(datetime!(2026-02-01 00:00 UTC))));
    assert!(!known(None) && !known(Some(datetime!(2026-01-01 00:00 UTC))));
}

#[test]
fn period_basis_uses_the_latest_statement_available_then() {
    let by_period = Window {
        basis: Basis::Period,
        ..window(datetime!(2026-06-01 00:00 UTC))
    };
    // Scored long after the window, for 2023 and for 2024, whose statement appeared in June 2025.
    let now = date!(2026 - 05 - 01);
    let versions = [
        PredictionVersion {
            pd: 0.03,
            ..scored(now, date!(2023 - 12 - 31))
        },
        PredictionVersion {
            pd: 0.04,
            ..scored(now, date!(2024 - 12 - 31))
        },
    ];
    let seen = by_period.observe(&versions, &[]).unwrap();
    assert_eq!(
        (seen.pd, seen.end, seen.excluded),
        (0.03, EndState::Pd(0.04), None)
    );
    assert_eq!(
        window(datetime!(2026-06-01 00:00 UTC)).observe(&versions, &[]),
        None
    );
}

#[test]
fn replacement_by_another_model_is_no_migration() {
    let replaced = datetime!(2025-02-01 09:00 UTC);
    let versions = [
        PredictionVersion {
            replaced_at: Some(replaced),
            ..usual()
        },
        PredictionVersion {
            predicted_at: replaced,
            model: 2,
            pd: 0.5,
            ..usual()
        },
    ];
    let seen = window(datetime!(2026-06-01 00:00 UTC))
        .observe(&versions, &[])
        .unwrap();
    assert_eq!((seen.pd, seen.end), (0.01, EndState::OtherModel));
}

/// Whether a company is in its grade at the end of a window is decided as on the first day of the
/// next window: otherwise one matrix would say that it stayed, and the next that it was not there.
#[test]
fn company_without_a_recent_rating_at_the_end_is_not_rated() {
    let window = window(datetime!(2026-06-01 00:00 UTC));
    let end = |predictions: &[PredictionVersion]| {
        let seen = window.observe(predictions, &[]).unwrap();
        assert_eq!(seen.excluded, None);
        seen.end
    };
    let refreshed = scored(date!(2025 - 06 - 01), date!(2024 - 12 - 31));
    assert_eq!(end(&[usual(), refreshed]), EndState::Pd(0.01));
    // Rated in June 2024 only, which is 18 months before the end.
    assert_eq!(end(&[usual()]), EndState::NotRated);
    // Twelve months, and 24 months, are not too old yet; a day more is.
    let of = |predicted: Date, period_end: Date| end(&[usual(), scored(predicted, period_end)]);
    let (last, before) = (date!(2024 - 12 - 31), date!(2024 - 12 - 30));
    assert_eq!(of(last, date!(2023 - 12 - 31)), EndState::Pd(0.01));
    assert_eq!(of(before, date!(2023 - 12 - 31)), EndState::NotRated);
    let old = |period_end: Date| {
        let first = PredictionVersion {
            replaced_at: Some(datetime!(2025-02-01 09:00 UTC)),
            ..scored(date!(2024 - 06 - 01), period_end)
        };
        let again = scored(date!(2025 - 02 - 01), period_end);
        end(&[first, again])
    };
    assert_eq!(old(date!(2023 - 12 - 31)), EndState::Pd(0.01));
    assert_eq!(old(date!(2023 - 12 - 30)), EndState::NotRated);
    let outside = PredictionVersion {
        out_of_scope: true,
        ..refreshed
    };
    assert_eq!(end(&[usual(), outside]), EndState::NotRated);
    // A default or an exit is known, whatever happened to the rating.
    let defaulted = [event_on(Event::Default, date!(2025 - 03 - 01))];
    let seen = window.observe(&[usual()], &defaulted).unwrap();
    assert_eq!(seen.end, EndState::Default);
}

/// Scored in June by its former owner, and raised in October.
#[test]
fn raised_prediction_counts_from_then_on_and_ages_from_when_it_was_made() {
    let raised = PredictionVersion {
        owned_from: Some(datetime!(2024-10-01 09:00 UTC)),
        ..usual()
    };
    let on = |first_day: Date, as_of: Timestamp| {
        let window = Window {
            first_day,
            ..window(as_of)
        };
        window.observe(&[raised], &[]).map(|seen| seen.excluded)
    };
    let now = datetime!(2026-06-01 00:00 UTC);
    assert_eq!(on(date!(2024 - 09 - 30), now), None);
    assert_eq!(on(date!(2024 - 10 - 01), now), Some(None));
    assert_eq!(
        on(date!(2025 - 06 - 02), now),
        Some(Some(Exclusion::RatingOutdated))
    );
    // Before it was raised, no one knew that it would be.
    assert_eq!(
        on(date!(2024 - 12 - 31), datetime!(2024-09-30 00:00 UTC)),
        None
    );
    let by_period = Window {
        basis: Basis::Period,
        ..window(datetime!(2024-09-30 00:00 UTC))
    };
    assert_eq!(by_period.observe(&[raised], &[]), None);
}

#[test]
fn adding_months_keeps_the_end_of_the_month() {
    let cases = [
        (date!(2024 - 12 - 31), 12, date!(2025 - 12 - 31)),
        (date!(2024 - 02 - 29), 12, date!(2025 - 02 - 28)),
        (date!(2023 - 02 - 28), 12, date!(2024 - 02 - 29)),
        (date!(2024 - 01 - 30), 1, date!(2024 - 02 - 29)),
        (date!(2024 - 12 - 31), -24, date!(2022 - 12 - 31)),
        (date!(2024 - 12 - 31), 6, date!(2025 - 06 - 30)),
        (date!(2025 - 01 - 15), -1, date!(2024 - 12 - 15)),
    ];
    for (from, months, to) in cases {
        assert_eq!(add_months(from, months), to, "{from} {months}");
    }
    let quarters = first_days(date!(2023 - 12 - 31), date!(2024 - 12 - 31), 3, 100);
    assert_eq!(quarters.len(), 5);
    assert_eq!(quarters[1], date!(2024 - 03 - 31));
    assert_eq!(
        first_days(date!(2000 - 01 - 01), date!(2999 - 01 - 01), 1, 7).len(),
        7
    );
}

#[test]
fn exited_company_is_excluded_until_a_later_statement() {
    let exit = event_on(Event::Exit, date!(2024 - 03 - 01));
    let now = window(datetime!(2026-06-01 00:00 UTC));
    let observe = |predictions: &[PredictionVersion], events: &[KnownEvent]| {
        let seen = now.observe(predictions, events);
        seen.expect("a prediction in force").excluded
    };
    assert_eq!(observe(&[usual()], &[exit]), Some(Exclusion::Left));
    let on_first_day = event_on(Event::Exit, date!(2024 - 12 - 31));
    assert_eq!(observe(&[usual()], &[on_first_day]), Some(Exclusion::Left));
    let later = scored(date!(2024 - 10 - 01), date!(2024 - 06 - 30));
    assert_eq!(observe(&[usual(), later], &[exit]), None);
    // A default after the exit is the later event.
    let default = event_on(Event::Default, date!(2024 - 09 - 01));
    assert_eq!(
        observe(&[usual()], &[exit, default]),
        Some(Exclusion::InDefault)
    );
    let mut counts = SampleCounts::default();
    counts.add(
        &now.observe(&[usual()], &[exit])
            .expect("a prediction in force"),
    );
    assert_eq!(
        (
            counts.population,
            counts.left,
            counts.customers,
            counts.sample
        ),
        (1, 1, 0, 0)
    );
}
