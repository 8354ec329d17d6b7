use time::macros::date;

use super::*;

fn draft() -> OutcomeDraft {
    OutcomeDraft {
        definition: "crr_178@1".into(),
        event: "Default".into(),
        occurred_on: " 2025-03-01 ".into(),
        ..OutcomeDraft::default()
    }
}

#[test]
fn invalid_outcome_reports_every_field() {
    let today = date!(2025 - 06 - 01);
    let facts = draft().check(today).unwrap();
    assert_eq!(
        (facts.event, facts.occurred_on),
        (Event::Default, date!(2025 - 03 - 01))
    );
    let wrong = OutcomeDraft {
        definition: "crr_178@9".into(),
        event: "cure".into(),
        occurred_on: "2025-06-02".into(),
        technical: true,
        external_id: Some("x".repeat(LONGEST_EXTERNAL_ID + 1)),
        note: Some("a\0b".into()),
        ..draft()
    };
    let faults = wrong.check(today).unwrap_err();
    let found: Vec<_> = faults.iter().map(|f| &*f.pointer).collect();
    assert_eq!(
        found,
        [
            "/definition",
            "/occurred_on",
            "/technical",
            "/external_id",
            "/note"
        ]
    );
    for day in ["2025-02-29", "25-01-01", "1899-12-31", "tomorrow", ""] {
        assert_eq!(
            parse_day("/d", day).unwrap_err().code,
            "invalid_day",
            "{day:?}"
        );
    }
}

#[test]
fn defaults_and_cures_must_alternate() {
    let mark = |event, occurred_on| TimelineMark {
        event,
        occurred_on,
        technical: false,
    };
    let first = mark(Event::Default, date!(2025 - 01 - 01));
    let cure = mark(Event::Cure, date!(2025 - 06 - 01));
    let second = mark(Event::Default, date!(2025 - 09 - 01));
    let exit = mark(Event::Exit, date!(2025 - 02 - 01));
    let technical = TimelineMark {
        technical: true,
        ..mark(Event::Default, date!(2025 - 03 - 01))
    };
    assert_eq!(
        check_timeline([second, technical, cure, exit, first]),
        Ok(())
    );
    assert_eq!(
        check_timeline([first, second]),
        Err(TimelineFault::AlreadyInDefault(
            first.occurred_on,
            second.occurred_on
        ))
    );
    assert_eq!(
        check_timeline([cure, second]),
        Err(TimelineFault::NotInDefault(cure.occurred_on))
    );
    let same_day = mark(Event::Cure, first.occurred_on);
    assert_eq!(check_timeline([same_day, first]), Ok(()));
}

#[test]
fn coverage_days_are_ordered_and_narrowing_needs_a_note() {
    let today = date!(2025 - 06 - 01);
    let days = |from: &str, through: &str, note: Option<&str>| CoverageDraft {
        complete_from: from.into(),
        complete_through: through.into(),
        note: note.map(str::to_owned),
    };
    let before = days("2020-01-01", "2025-05-31", None)
        .check(today, None)
        .unwrap();
    let check = |draft: CoverageDraft| {
        let checked = draft.check(today, Some(&before));
        checked.map_err(|faults| faults[0].code.clone())
    };
    assert!(check(days("2019-01-01", "2025-06-01", None)).is_ok());
    assert_eq!(
        check(days("2020-01-01", "2025-04-30", None)).unwrap_err(),
        "note_required"
    );
    assert!(
        check(days(
            "2020-01-01",
            "2025-04-30",
            Some("a branch is missing")
        ))
        .is_ok()
    );
    assert_eq!(
        check(days("2020-01-01", "2025-06-02", None)).unwrap_err(),
        "in_the_future"
    );
    assert_eq!(
        check(days("2025-01-01", "2024-01-01", Some("x"))).unwrap_err(),
        "out_of_order"
    );
}
