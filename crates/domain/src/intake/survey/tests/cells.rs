//! Numbers, formulas and amounts in the forms that users write.

use super::*;

#[test]
fn decimal_commas_are_read_where_the_file_shows_them_with_a_warning() {
    let header = HEADER.replace(',', ";");
    let german = Table::of(
        &format!(
            "{header}\nA;2024;0,412;3,6;0,061;1.234,5;0,044\nB;2024;0,3;1,234;0,1;1.234;0,1\n\
             C;2024;0,3;1,5;0,1;7,5;0,1\nD;2024;0,3;1,5;0,1;8,5;0,1"
        ),
        ';',
    );
    let (_, warnings) = german.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["decimal_comma", "out_of_range"]);
    let read = german.read(Options::default());
    assert_eq!(
        read[0],
        Ok(vec![
            Some(0.412),
            Some(3.6),
            Some(0.061),
            Some(1234.5),
            Some(0.044)
        ])
    );
    assert_eq!(read[1], Err("ambiguous_number".to_owned()));
}

#[test]
fn comma_among_decimal_points_is_refused_and_thousands_warned_about() {
    let header = HEADER.replace(',', ";");
    let mixed = Table::of(
        &format!(
            "{header}\nA;2024;0.4;3.6;0.06;1,234;0.04\nB;2024;0,3;1;0.1;12;0.1\nC;2024;0.3;1;0.1;12;0.1"
        ),
        ';',
    );
    let (_, warnings) = mixed.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["mixed_separators"]);
    let read = mixed.read(Options::default());
    assert!(read[0].is_err() && read[1].is_err() && read[2].is_ok());
    let thousands = Table::of(
        &format!("{header}\nA;2024;0.4;3.6;0.06;1,234;0.04\nC;2024;0.3;1;0.1;12;0.1"),
        ';',
    );
    let (_, warnings) = thousands.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["thousands_separators", "out_of_range"]);
    assert_eq!(
        thousands.read(Options::default())[0].as_ref().unwrap()[3],
        Some(1234.0)
    );
}

#[test]
fn formulas_without_computed_values_refuse_the_file() {
    let mut empty = repeated("SYM,2024,0.4,3,0.1,5,");
    for formulas in &mut empty.formulas[1..] {
        formulas.push(Formula {
            column: 6,
            value: FormulaValue::Absent,
        });
    }
    let fault = &empty.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
    assert!(
        fault.detail.contains("return_on_assets"),
        "{}",
        fault.detail
    );
    let mut zero = repeated("SYM,2024,0,3,0.1,5,0.1");
    for formulas in &mut zero.formulas[1..] {
        formulas.push(Formula {
            column: 2,
            value: FormulaValue::Zero,
        });
    }
    assert!(zero.survey(Options::default()).is_err());
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    let (_, warnings) = zero.survey(confirmed).unwrap();
    assert!(codes(&warnings).contains(&"formula_without_value"));
}

#[test]
fn formulas_that_are_all_zero_beside_typed_numbers_refuse_the_file() {
    let mut half = changed(2, "0", 5);
    for formulas in &mut half.formulas[1..6] {
        formulas.push(Formula {
            column: 2,
            value: FormulaValue::Zero,
        });
    }
    let fault = &half.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
    // One formula of the column has another value, so the column has been computed.
    half.formulas[7].push(Formula {
        column: 2,
        value: FormulaValue::Computed,
    });
    assert!(half.survey(Options::default()).is_ok());
    let mut symbols = changed(0, "0", 10);
    symbols.formulas[3].push(Formula {
        column: 0,
        value: FormulaValue::Zero,
    });
    let fault = &symbols.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
}

#[test]
fn warning_quotes_the_invalid_cell() {
    let table = Table::of(
        &format!(
            "symbol,year,quarter,{}\n{}",
            Kind::Quarterly
                .ratios()
                .iter()
                .map(|r| r.name)
                .collect::<Vec<_>>()
                .join(","),
            ["A,2024,Q9,1.5,1,0.5,5,6,0.2"; 3].join("\n")
        ),
        ',',
    );
    let cells = table.cells();
    let layout = Layout::find(Kind::Quarterly, &cells).unwrap();
    let mut survey = Survey::new(layout, Options::default(), true);
    cells[1..].iter().for_each(|row| survey.see(row));
    let (_, warnings) = survey.finish().unwrap();
    assert!(
        warnings[0].detail.contains("holds \"Q9\""),
        "{}",
        warnings[0].detail
    );
}

#[test]
fn amount_with_the_symbol_of_another_currency_is_dropped() {
    let header = "company_symbol,reporting_year,market_cap,currency";
    let rows = [
        "A,2024,€1.2bn,EUR",
        "B,2024,€1.2bn,USD",
        "C,2024,€1.2bn,",
        "D,2024,$3bn,CAD",
        "E,2024,¥3bn,",
        "F,2024,$3bn,",
        "G,2024,3bn,CHF",
    ];
    let text = HEADER.replace("company_symbol,reporting_year", header);
    let rows = rows.map(|row| format!("{row},0.4,3,0.1,5,0.1")).join("\n");
    let table = Table::of(&format!("{text}\n{rows}"), ',');
    let (plan, warnings) = table.survey(Options::default()).unwrap();
    let read: Vec<_> = table.cells()[1..]
        .iter()
        .map(|row| {
            let company = plan.read(row).unwrap().company;
            (company.market_cap.is_some(), company.currency)
        })
        .collect();
    let eur = Some("EUR".to_owned());
    assert_eq!(
        read,
        [
            (true, eur.clone()),
            (false, Some("USD".to_owned())),
            (true, eur),
            (true, Some("CAD".to_owned())),
            (false, None),
            (true, None),
            (true, Some("CHF".to_owned())),
        ]
    );
    let unread = details(&warnings, "unread_descriptions").join("\n");
    assert!(
        unread.contains("2 cells, first \"€1.2bn\" in row 3 of market_cap"),
        "{unread}"
    );
    let default = details(&warnings, "default_descriptions").join("\n");
    assert!(default.contains("2 rows, first \"E\""), "{default}");
}

/// The company of the first row of a table with these two columns before the others.
fn company(columns: &str, cells: &str) -> (crate::company::CompanyDraft, Vec<JobWarning>) {
    let row = format!("{cells},S1,2024,0.41,3.6,0.061,5.2,0.044");
    let table = Table::of(&format!("{columns},{HEADER}\n{row}"), ',');
    let (plan, warnings) = table.survey(Options::default()).unwrap();
    (plan.read(&table.cells()[1]).unwrap().company, warnings)
}

#[test]
fn market_value_is_read_in_the_unit_of_its_column() {
    for (header, cell, amount, currency) in [
        ("Market Cap ($M)", "1250.5", Some("1250500000"), None),
        (
            "Market Cap (USD bn)",
            "1.25",
            Some("1250000000"),
            Some("USD"),
        ),
        ("Market Cap (EUR mn)", "12", Some("12000000"), Some("EUR")),
        ("Market Cap (€)", "1250000", Some("1250000"), Some("EUR")),
        ("Market Cap", "1250000", Some("1250000"), None),
        // The cell and the column both name a scale.
        ("Market Cap ($M)", "1.2B", None, None),
        // The sign of yen is that of two currencies.
        ("Market Cap (¥ bn)", "12", None, None),
    ] {
        let (company, warnings) = company(header, cell);
        let read = company.market_cap.map(|amount| amount.to_f64());
        assert_eq!(read, amount.map(|a| a.parse().unwrap()), "{header} {cell}");
        assert_eq!(company.currency.as_deref(), currency, "{header} {cell}");
        let is_told = !details(&warnings, "unread_descriptions").is_empty();
        assert_eq!(is_told, amount.is_none(), "{header} {cell}: {warnings:?}");
    }
    let (company, _) = company("Market Cap (EUR mn),currency", "12,GBP");
    assert_eq!(company.market_cap, None);
}

#[test]
fn country_that_is_not_understood_is_unknown_and_not_the_default() {
    let (company, warnings) = company("country,currency", "Korea,GBp");
    assert_eq!(company.country.as_deref(), Some("ZZZ"));
    assert_eq!(company.currency.as_deref(), Some("XXX"));
    let told = details(&warnings, "unread_descriptions");
    assert!(
        told[0].contains("\"Korea\"") && told[0].contains("ZZZ"),
        "{told:?}"
    );
    assert!(details(&warnings, "default_descriptions").is_empty());
}

#[test]
fn numbers_of_the_secs_register_have_their_zeros() {
    for cell in ["320193", "0000320193"] {
        let (company, _) = company("cik", cell);
        assert_eq!(
            company.identifiers.national_id.as_deref(),
            Some("0000320193")
        );
    }
    let (company, _) = company("national_id", "320193");
    assert_eq!(company.identifiers.national_id.as_deref(), Some("320193"));
}

#[test]
fn percent_sign_in_a_multiple_is_reported_with_its_meaning() {
    let (_, warnings) = changed(5, "998.2 %", 1).survey(Options::default()).unwrap();
    let told = details(&warnings, "some_percent_signs");
    assert!(
        told[0].contains("\"998.2 %\"") && told[0].contains("multiple of 2.5"),
        "{told:?}"
    );
}
