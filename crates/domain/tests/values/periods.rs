//! Reporting years, quarters and periods.

use accunode_domain::prediction::{Kind, OnConflict, Period, Quarter, ReportingYear};

#[test]
fn a_reporting_year_lies_between_1900_and_2100() {
    for (text, year) in [("1900", 1900), (" 2024 ", 2024), ("2100", 2100)] {
        let read = ReportingYear::parse("/y", text).unwrap();
        assert_eq!(read.get(), year);
        assert_eq!(read.to_string(), text.trim());
    }
    for bad in ["1899", "2101", "19000", "202", "-202", "+202"] {
        let fault = ReportingYear::parse("/reporting_year", bad).unwrap_err();
        assert_eq!(fault.pointer, "/reporting_year");
        assert_eq!(fault.code, "invalid_year", "{bad:?}");
        assert!(fault.detail.contains(bad));
    }
}

#[test]
fn quarter_is_parsed_with_or_without_q() {
    for text in ["3", "q3", " Q3 "] {
        let period = Period::parse(Kind::Quarterly, "2024", Some(text)).unwrap();
        assert_eq!(period.quarter, Some(Quarter::Q3), "{text:?}");
        assert_eq!(period.kind(), Kind::Quarterly);
    }
    for bad in ["5", "Q5", "33", "QQ3", ""] {
        let faults = Period::parse(Kind::Quarterly, "2024", Some(bad)).unwrap_err();
        assert_eq!(faults.len(), 1, "{bad:?}");
        assert_eq!(faults[0].pointer, "/reporting_quarter");
        assert_eq!(faults[0].code, "invalid_quarter");
    }
}

#[test]
fn period_kind_follows_from_its_quarter() {
    let year = Period::parse(Kind::Annual, "2024", None).unwrap();
    assert_eq!(
        (year.kind(), year.to_string()),
        (Kind::Annual, "2024".to_owned())
    );
    let quarter = Period::read("/from", " 2024-Q3 ").unwrap();
    assert_eq!(quarter.kind(), Kind::Quarterly);
    assert_eq!(quarter.to_string(), "2024 Q3");
    assert!(year < quarter);
}

#[test]
fn on_conflict_defaults_to_error() {
    assert_eq!(OnConflict::default(), OnConflict::Error);
}
