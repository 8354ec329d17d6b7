//! Units, ranges and markers for missing values.

use super::*;

fn units(text: &str) -> Options {
    Options {
        units: ColumnUnits::parse(Kind::Annual, text).unwrap(),
        ..Options::default()
    }
}

#[test]
fn file_with_two_units_is_refused_and_the_suggested_units_work() {
    let mixed = repeated("SYM,2024,0.45,3.#,8.32,5,2.63");
    let fault = &mixed.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "unit_mismatch");
    let remedy = "units=net_income_margin:percent,return_on_assets:percent";
    assert!(fault.detail.contains(remedy), "{}", fault.detail);
    assert!(
        fault
            .detail
            .contains("long_term_debt_to_total_capital agrees")
    );
    let read = mixed.read(units("net_income_margin:percent,return_on_assets:percent"));
    assert_eq!(
        read[0],
        Ok(vec![
            Some(0.45),
            Some(3.0),
            Some(0.0832),
            Some(5.0),
            Some(0.0263)
        ])
    );
    let fault = &mixed.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault
            .detail
            .contains("units=long_term_debt_to_total_capital:fraction"),
        "{}",
        fault.detail
    );
}

#[test]
fn file_in_the_other_unit_is_refused_and_suggests_it() {
    let percent = repeated("SYM,2024,45,3.#,8.32,5,2.63");
    let fault = &percent.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=percent"),
        "{}",
        fault.detail
    );
    assert!(percent.survey(PERCENT()).is_ok());
    let fraction = repeated("SYM,2024,0.45,3.#,0.0832,5,0.0263");
    let fault = &fraction.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=fraction"),
        "{}",
        fault.detail
    );
    let (_, warnings) = fraction.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), [""; 0]);
    // Confirmed numbers are stored, with a warning.
    let confirmed = Options {
        confirmed: true,
        ..PERCENT()
    };
    let (_, warnings) = fraction.survey(confirmed).unwrap();
    assert_eq!(codes(&warnings), ["unit_mismatch"]);
}

#[test]
fn percent_sign_overrides_the_unit_of_the_file() {
    let shown = repeated("SYM,2024,41.2%,7.4x,(2.7%),NM,4.4%");
    for options in [Options::default(), PERCENT()] {
        let expected = match options.ratio_unit {
            RatioUnit::Fraction => vec![Some(0.412), Some(7.4), Some(-0.027), None, Some(0.044)],
            RatioUnit::Percent => vec![Some(41.2), Some(7.4), Some(-2.7), None, Some(4.4)],
        };
        assert_eq!(shown.read(options)[0], Ok(expected));
    }
}

#[test]
fn percent_header_sets_the_unit_unless_values_contradict_it() {
    let header = HEADER.replace("net_income_margin", "Net income margin (%)");
    let rows = five("SYM,2024,0.45,3,8.3#,5,0.02");
    let hinted = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let (_, warnings) = hinted.survey(Options::default()).unwrap();
    assert!(codes(&warnings).contains(&"unit_from_header"));
    assert_eq!(
        hinted.read(Options::default())[0].as_ref().unwrap()[2],
        Some(0.083)
    );
    let rows = five("SYM,2024,0.45,3,0.08#,5,0.02");
    let wrong = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let fault = &wrong.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault
            .detail
            .contains("\"Net income margin (%)\" in the file"),
        "{}",
        fault.detail
    );
    assert!(fault.detail.contains("units=net_income_margin:fraction"));
    assert!(wrong.survey(units("net_income_margin:fraction")).is_ok());
}

#[test]
fn column_full_of_ambiguous_thousands_refuses_the_file() {
    let doubtful = Table::of(
        &format!(
            "{}\n{}",
            HEADER.replace(',', ";"),
            ["SYM;2024;0.4;1,234;0.1;5;0.1"; 6].join("\n")
        ),
        ';',
    );
    let fault = &doubtful.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "ambiguous_numbers");
    assert!(
        fault.detail.contains("total_debt_to_ebitda"),
        "{}",
        fault.detail
    );
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    let (_, warnings) = doubtful.survey(confirmed).unwrap();
    assert!(codes(&warnings).contains(&"ambiguous_numbers"));
}

#[test]
fn every_altered_value_is_warned_about_with_column_and_example() {
    let distressed = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,-0.2,72,0.3,-7,1e9",
        "C,2024,2.5,1,0.3,7,0.3",
    ]);
    let (_, warnings) = distressed.survey(Options::default()).unwrap();
    let detail = details(&warnings, "out_of_range").join("\n");
    for part in [
        "long_term_debt_to_total_capital has 1 value, first \"2.5\" in row 4 above 2",
        "1 value, first \"-0.2\" in row 3 below 0, which means",
        "total_debt_to_ebitda has 1 value, first \"72\" in row 3 above 50, taken as 50",
        "ebit_to_interest_expense has 1 value, first \"-7\" in row 3 below 0",
        "return_on_assets has 1 value, first \"1e9\" in row 3 too large",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(detail.contains("usually meant in percent"), "{detail}");
}

#[test]
fn unit_of_a_one_row_file_is_checked_over_all_shares() {
    let percent = table(&["A,2024,41.2,3,6.1,5,4.4"]);
    let fault = &percent.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=percent"),
        "{}",
        fault.detail
    );
    assert!(percent.survey(PERCENT()).is_ok());
    let fraction = table(&["A,2024,0.412,3,0.061,5,0.044"]);
    let fault = &fraction.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=fraction"),
        "{}",
        fault.detail
    );
    assert!(fraction.survey(Options::default()).is_ok());
    // A company in distress, and one that merely has large debt.
    for row in ["A,2024,1.3,3,-3.1,5,-1.4", "A,2024,2.4,3,0.06,5,0.04"] {
        assert!(table(&[row]).survey(Options::default()).is_ok(), "{row}");
    }
}

#[test]
fn column_in_two_units_is_refused_without_suggesting_a_unit() {
    for (column, other, count) in [(2, "4#.5", 5), (4, "6.#", 3), (2, "4#.5", 7)] {
        let mixed = changed(column, other, count);
        let name = HEADER.split(',').nth(column).unwrap();
        let fault = &mixed.survey(Options::default()).unwrap_err()[0];
        assert!(
            fault.detail.contains("look like percent among")
                && !fault.detail.contains("send units="),
            "{}",
            fault.detail
        );
        // The other unit is not a solution.
        let other = mixed.survey(units(&format!("{name}:percent")));
        assert!(other.is_err() || count < 5, "{name} {count}");
        let confirmed = Options {
            confirmed: true,
            ..Options::default()
        };
        let (_, warnings) = mixed.survey(confirmed).unwrap();
        assert!(codes(&warnings).contains(&"unit_mismatch"));
    }
}

#[test]
fn column_in_another_scale_is_refused_without_a_wrong_suggestion() {
    // Thousands of multiples, per mille and basis points of shares.
    for (column, other) in [(3, "16#1"), (4, "6#"), (4, "61#"), (6, "44#")] {
        let scaled = changed(column, other, 10);
        let fault = &scaled.survey(Options::default()).unwrap_err()[0];
        let name = HEADER.split(',').nth(column).unwrap();
        assert!(
            fault.detail.contains("neither") && !fault.detail.contains("send units="),
            "{}",
            fault.detail
        );
        assert!(
            scaled.survey(units(&format!("{name}:percent"))).is_err(),
            "{name}"
        );
    }
}

#[test]
fn placeholder_nines_refuse_the_file() {
    let marked = changed(6, "-999", 4);
    let fault = &marked.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "placeholder_values");
    assert!(
        fault.detail.contains("4 cells, first \"-999\" in row 2"),
        "{}",
        fault.detail
    );
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    assert!(marked.survey(confirmed).is_ok());
    assert!(changed(5, "99", 4).survey(Options::default()).is_ok());
}
