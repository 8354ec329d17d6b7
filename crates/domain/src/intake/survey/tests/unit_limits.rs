//! Units near the limits of what a column can hold, and advice that leads to no wrong number.

use super::*;

fn units(text: &str) -> Options {
    Options {
        units: ColumnUnits::parse(Kind::Annual, text).unwrap(),
        ..Options::default()
    }
}

/// Ten rows with these shares and usual multiples; `#` is the number of the row.
fn shares(debt: &str, margin: &str, returns: &str) -> Table {
    let rows: Vec<String> = (0..10)
        .map(|n| {
            format!("S{n},2024,{debt},3.{n},{margin},5.{n},{returns}").replace('#', &n.to_string())
        })
        .collect();
    table(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn fault(table: &Table, options: Options) -> String {
    let fault = table.survey(options).unwrap_err().remove(0);
    assert_eq!(fault.code, "unit_mismatch");
    fault.detail
}

#[test]
fn bank_returns_in_percent_are_asked_about_and_accept_the_right_unit() {
    // Returns on assets of 0.3 to 1.2 percent.
    let banks = shares("45.#", "8.#2", "0.6#");
    let detail = fault(&banks, Options::default());
    for part in [
        "return_on_assets may be in percent and may be in fractions",
        "net_income_margin:percent,return_on_assets:percent if return_on_assets is in percent",
        "net_income_margin:percent,return_on_assets:fraction if it is in fractions",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(banks.survey(PERCENT()).is_ok());
    let only = shares("0.45#", "0.08#", "0.6#");
    assert!(fault(&only, Options::default()).contains("return_on_assets:percent"));
    for unit in ["percent", "fraction"] {
        assert!(
            only.survey(units(&format!("return_on_assets:{unit}")))
                .is_ok()
        );
    }
    let header = HEADER.replace("return_on_assets", "return_on_assets (%)");
    let mut named = shares("0.45#", "0.08#", "0.6#");
    named.rows[0] = header.split(',').map(str::to_owned).collect();
    assert!(named.survey(Options::default()).is_ok());
}

#[test]
fn share_plausible_in_both_units_needs_a_stated_unit() {
    // Margins of 20 to 29, beside debt in percent: 20 % as fractions, or 0.2 % in percent.
    let open = shares("45.#", "0.2#", "4.#");
    let detail = fault(&open, Options::default());
    assert!(
        detail.contains("net_income_margin:percent if net_income_margin is in percent"),
        "{detail}"
    );
    assert!(fault(&open, PERCENT()).contains("net_income_margin may be in percent"));
    let settled = "long_term_debt_to_total_capital:percent,net_income_margin:fraction,return_on_assets:percent";
    assert!(open.survey(units(settled)).is_ok());
}

#[test]
fn percent_signs_do_not_bypass_the_unit_check() {
    let laid_over = shares("345#%", "83#%", "44#%");
    let detail = fault(&laid_over, Options::default());
    assert!(
        detail.contains("10 numbers, first \"3450%\" in row 2"),
        "{detail}"
    );
    assert!(!detail.contains("ratio_unit="), "{detail}");
    let one = shares("34.5#%", "83#%", "4.4#%");
    assert!(fault(&one, Options::default()).contains("net_income_margin has unit signs"));
    let after_fractions = shares("0.45#%", "0.08#%", "0.04#%");
    assert!(
        fault(&after_fractions, Options::default()).contains("added to numbers in another unit")
    );
    assert!(
        shares("34.5#%", "8.3#%", "4.4#%")
            .survey(Options::default())
            .is_ok()
    );
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    let (_, warnings) = laid_over.survey(confirmed).unwrap();
    assert!(codes(&warnings).contains(&"unit_mismatch"));
}

#[test]
fn per_mille_and_basis_points_are_read_from_signs_but_not_headers() {
    let signed = shares("0.45#", "45 bp", "4.5‰");
    let read = signed.read(Options::default());
    assert_eq!(read[0].as_ref().unwrap()[2], Some(0.0045));
    assert_eq!(read[0].as_ref().unwrap()[4], Some(0.0045));
    for unit in ["(‰)", "(bp)", "[bps]", "(per mille)"] {
        let mut named = shares("0.45#", "4.5", "0.04#");
        named.rows[0][4] = format!("net_income_margin {unit}");
        let fault = &named.survey(Options::default()).unwrap_err()[0];
        assert_eq!(fault.code, "unknown_unit", "{unit}");
    }
}

#[test]
fn percent_in_the_name_of_a_multiple_sets_its_unit() {
    let named = |value: &str, rows: usize| {
        let header = HEADER.replace("total_debt_to_ebitda", "Total Debt / EBITDA (%)");
        let rows: Vec<String> = (0..rows)
            .map(|n| format!("S{n},2024,0.45,{value},0.08,5.{n},0.04").replace('#', &n.to_string()))
            .collect();
        Table::of(&format!("{header}\n{}", rows.join("\n")), ',')
    };
    for rows in [2, 10] {
        let read = named("36#.5", rows).read(Options::default());
        assert_eq!(read[0].as_ref().unwrap()[1], Some(3.605), "{rows}");
        let detail = fault(&named("3.6#", rows), Options::default());
        assert!(
            detail.contains("units=total_debt_to_ebitda:fraction"),
            "{detail}"
        );
    }
    assert!(
        named("3.6#", 10)
            .survey(units("total_debt_to_ebitda:fraction"))
            .is_ok()
    );
}

#[test]
fn short_column_far_out_of_range_refuses_the_file() {
    for row in [
        "A,2024,0.4,4698,0.06,5,0.04",
        "A,2024,0.4,3,8.32,5,0.04",
        "A,2024,45,3,0.06,5,0.04",
    ] {
        for rows in [1, 2] {
            let few = table(&vec![row; rows]);
            assert!(
                fault(&few, Options::default()).contains(":percent"),
                "{row} {rows}"
            );
        }
    }
    for row in ["A,2024,1.3,72,-3.1,250,-1.4", "A,2024,2.4,3,1.06,5,0.04"] {
        assert!(table(&[row]).survey(Options::default()).is_ok(), "{row}");
    }
    let percent = table(&["A,2024,41,3,0.061,5,4.4"]);
    let (_, warnings) = percent.survey(PERCENT()).unwrap();
    assert!(codes(&warnings).contains(&"unit_doubtful"));
}

#[test]
fn rows_in_another_unit_are_warned_about() {
    let mut rows: Vec<String> = (0..24)
        .map(|n| format!("S{n},2024,45.{n},3,8.{n},5,4.{n}"))
        .collect();
    rows[22] = "Y,2024,0.45,3,0.08,5,0.04".to_owned();
    rows[23] = "Z,2024,0.41,3,0.06,5,0.05".to_owned();
    let table = table(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let (_, warnings) = table.survey(PERCENT()).unwrap();
    let detail = details(&warnings, "rows_in_another_unit").join("\n");
    assert!(detail.contains("2 rows, first \"Y\" in row 24"), "{detail}");
}

#[test]
fn three_multiples_far_beyond_their_range_stop_the_file() {
    let of = |values: [&str; 3]| {
        let rows = values.map(|value| format!("SYM,2024,0.41,{value},0.061,5.2,0.044"));
        let rows: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(n, row)| row.replace("SYM", &format!("S{n}")))
            .collect();
        table(&rows.iter().map(String::as_str).collect::<Vec<_>>()).survey(Options::default())
    };
    let faults = of(["360", "210", "75"]).unwrap_err();
    assert_eq!(faults[0].code, "unit_mismatch");
    assert!(
        faults[0].detail.contains("total_debt_to_ebitda:percent"),
        "{}",
        faults[0].detail
    );
    // One of them within the range: a company without much EBITDA beside others.
    assert!(of(["360", "210", "3.1"]).is_ok());
}
