use super::*;

fn annual(text: &str) -> Result<(u16, Vec<Likely>), String> {
    read_period(Kind::Annual, text, None)
        .map(|read| (read.period.year.get(), read.likely))
        .map_err(|faults| faults[0].detail.clone())
}

#[test]
fn a_year_is_read_in_every_certain_form() {
    for text in [
        "2024",
        "2024.0",
        " 2024 ",
        "FY2024",
        "FY 2024",
        "fy2024",
        "2024A",
        "FY2024A",
        "2024-12-31",
        "2024/12/31",
        "31.12.2024",
        "31/12/2024",
        "12/31/2024",
        "2024/12",
        "2024-12",
        "20241231",
        "2024-12-31T00:00:00",
        "Dec 2024",
        "December-2024",
        "CY2024",
        "31-Dec-2024",
        "Dec-31-2024",
        "Dec 31, 2024",
        "December 31, 2024",
        "2024-Dec-31",
        "12/2024",
        "202412",
        "2024,0",
        "2024.0000",
        "2024.0000000000002",
        "2024FY",
        "2024 FY",
        "GJ 2024",
        "Dez 2024",
        "31. Dezember 2024",
        "31 décembre 2024",
        "31 de diciembre de 2024",
        "grudzień 2024",
    ] {
        assert_eq!(annual(text), Ok((2024, vec![])), "{text:?}");
    }
}

#[test]
fn probable_year_is_read_with_its_assumption() {
    for (text, likely) in [
        ("FY24", Likely::Century),
        ("Dec-24", Likely::MonthAndYear),
        ("2024E", Likely::Estimate),
        ("2024-03-31", Likely::EarlyYearEnd),
        ("2024/03", Likely::EarlyYearEnd),
        ("03/04/2024", Likely::DayOrMonth),
        ("12/31/24", Likely::Century),
        ("31/12/24", Likely::Century),
        ("31-Dec-24", Likely::Century),
        ("FY'24", Likely::Century),
        ("FY’24", Likely::Century),
        ("2024F", Likely::Estimate),
        ("2024 (forecast)", Likely::Estimate),
        ("2024*", Likely::Remark),
        ("2024 (restated)", Likely::Remark),
    ] {
        assert_eq!(annual(text), Ok((2024, vec![likely])), "{text:?}");
    }
}

#[test]
fn doubtful_year_is_refused_and_quoted() {
    for text in [
        "FY 2023-24",
        "2023-24",
        "2023/24",
        "TTM",
        "LTM",
        "24",
        "1.5",
        "2024.5",
        "abc",
        "Q3 2024",
        "2024-13-01",
        "2024-02-30",
        "1899",
        "2101",
        "2024-2025",
        "03/04/24",
        "31-Feb-2024",
        "202413",
        "2024.05",
        "2024 (pro forma)",
        "2024 Q",
        "Rok",
    ] {
        let detail = annual(text).unwrap_err();
        assert!(detail.contains(text), "{text:?}: {detail}");
    }
    let detail = annual("1905-07-16").unwrap_err();
    assert!(
        detail.contains("is a date") && detail.contains("2024"),
        "{detail}"
    );
    let detail = annual("2024.4").unwrap_err();
    assert!(detail.contains("no decimals"), "{detail}");
    let detail = annual("Q4 2024").unwrap_err();
    assert!(detail.contains("names a quarter"), "{detail}");
    let detail = annual("1909-07-17").unwrap_err();
    assert!(detail.contains("2024"), "{detail}");
    assert_eq!(
        read_period(Kind::Annual, " ", None).unwrap_err()[0].code,
        "required"
    );
}

#[test]
fn quarter_is_read_beside_the_year_or_with_it() {
    for (year, quarter) in [
        ("2024", Some("Q3")),
        ("2024", Some("3")),
        ("2024", Some("3.0")),
        ("2024", Some("3Q")),
        ("2024", Some("q3")),
        ("Q3 2024", None),
        ("2024Q3", None),
        ("2024-Q3", None),
        ("3Q24", None),
        ("2024Q3", Some("Q3")),
        ("2024-09-30", None),
        ("2024", Some("2024Q3")),
        ("2024", Some("FQ3")),
        ("2024", Some("3rd quarter")),
        ("2024", Some("3. Quartal")),
        ("2024", Some("T3")),
        ("2024", Some("3e trimestre")),
        ("2024", Some("III kwartał")),
        ("3T24", None),
        ("3. Quartal 2024", None),
        ("Q3FY2024", None),
        ("Q3 FY 2024", None),
        ("FQ32024", None),
        ("FY2024Q3", None),
        ("Q3'24", None),
        ("2024", Some("3rd")),
        ("2024", Some("III")),
        ("2024-09-30", Some("Q3")),
    ] {
        let read = read_period(Kind::Quarterly, year, quarter).unwrap();
        assert_eq!(
            (
                read.period.year.get(),
                read.period.quarter.map(|q| q.as_str())
            ),
            (2024, Some("Q3")),
            "{year:?} {quarter:?}"
        );
    }
    for (year, quarter) in [
        ("2024", None),
        ("2024", Some("Q5")),
        ("2024", Some("0")),
        ("2024Q2", Some("Q3")),
        ("2024", Some("2023Q3")),
        ("2024", Some("Q3 2019")),
        ("FY2023", Some("3Q24")),
    ] {
        let fault = &read_period(Kind::Quarterly, year, quarter).unwrap_err()[0];
        assert_eq!(fault.pointer, "reporting_quarter", "{year:?} {quarter:?}");
    }
}

#[test]
fn quarter_that_differs_from_the_date_is_a_fiscal_quarter() {
    let read = read_period(Kind::Quarterly, "2024-03-31", Some("Q3")).unwrap();
    assert_eq!(read.period.quarter.map(|q| q.as_str()), Some("Q3"));
    assert_eq!(read.likely, [Likely::FiscalQuarter]);
}

#[test]
fn quarter_of_a_fiscal_year_that_ends_after_its_date_is_doubtful() {
    for (date, quarter, end) in [
        ("2024-12-31", "Q1", "September 2025"),
        ("2024-12-28", "Q1", "September 2025"),
        ("2024-10-31", "Q3", "January 2025"),
        ("2024-06-30", "Q1", "March 2025"),
        ("Apr 2024", "Q1", "January 2025"),
    ] {
        let read = read_period(Kind::Quarterly, date, Some(quarter)).unwrap();
        let doubt = read.doubt.expect(date);
        assert_eq!(doubt.code, "fiscal_year");
        assert!(doubt.detail.contains(end), "{date}: {}", doubt.detail);
    }
    for (date, quarter) in [
        ("2024-09-30", "Q4"),
        ("2024-03-31", "Q2"),
        ("2025-01-31", "Q4"),
        ("2023-10-01", "Q3"),
        ("2024-12-31", "Q4"),
        ("2024-04-02", "Q1"),
    ] {
        let read = read_period(Kind::Quarterly, date, Some(quarter)).unwrap();
        assert_eq!(read.doubt, None, "{date} {quarter}");
    }
}

#[test]
fn fiscal_year_named_with_the_quarter_settles_the_date_beside_it() {
    for (date, quarter, year) in [
        ("2024-12-31", "Q1 2025", 2025),
        ("2024-12-31", "FY2025 Q1", 2025),
        ("2025-01-31", "2024Q4", 2024),
        ("2025-01-31", "2025Q4", 2025),
        ("2024-12-31", "2024Q4", 2024),
    ] {
        let read = read_period(Kind::Quarterly, date, Some(quarter)).unwrap();
        assert_eq!(read.period.year.get(), year, "{date} {quarter}");
        assert_eq!(read.doubt, None);
    }
    for (date, quarter) in [("2024-12-31", "Q1 2023"), ("2024-12-31", "Q4 2023")] {
        assert!(read_period(Kind::Quarterly, date, Some(quarter)).is_err());
    }
}

#[test]
fn fiscal_quarter_of_an_early_year_end_is_likely() {
    let read = read_period(Kind::Quarterly, "2025-01-31", Some("Q4")).unwrap();
    assert_eq!(read.likely, [Likely::FiscalQuarter, Likely::EarlyYearEnd]);
    assert_eq!(read.period.year.get(), 2025);
}

#[test]
fn digit_that_is_a_month_or_a_quarter_is_refused() {
    for (year, quarter) in [("2024", Some("2024/3")), ("2024/3", None)] {
        let faults = read_period(Kind::Quarterly, year, quarter).unwrap_err();
        assert_eq!(faults[0].pointer, "reporting_quarter", "{year} {quarter:?}");
    }
    let read = read_period(Kind::Quarterly, "2024", Some("2024/09")).unwrap();
    assert_eq!(read.period.quarter.map(|q| q.as_str()), Some("Q3"));
}
