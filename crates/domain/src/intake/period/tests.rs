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
    ] {
        let detail = annual(text).unwrap_err();
        assert!(detail.contains(text), "{text:?}: {detail}");
    }
    let detail = annual("1905-07-16").unwrap_err();
    assert!(
        detail.contains("is a date") && detail.contains("2024"),
        "{detail}"
    );
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
