//! The decimal mark of a file, which is settled before any number is judged.

use super::*;
use crate::intake::DecimalMark;

fn by_semicolons(rows: &[&str]) -> Table {
    let header = HEADER.replace(',', ";");
    Table::of(&format!("{header}\n{}", rows.join("\n")), ';')
}

fn stated(decimal: DecimalMark) -> Options {
    Options {
        decimal: Some(decimal),
        ..Options::default()
    }
}

/// Shares in percent with three decimals, multiples with two.
const GERMAN: [&str; 6] = [
    "A;2024;34,402;3,61;6,125;5,21;4,417",
    "B;2024;28,713;2,14;3,804;7,92;5,218",
    "C;2024;51,337;4,03;0,912;3,44;0,871",
    "D;2024;44,908;2,77;8,450;6,15;3,902",
    "E;2024;12,115;1,29;11,206;9,87;7,734",
    "F;2024;39,640;3,33;5,511;4,76;2,650",
];

#[test]
fn numbers_with_three_decimals_are_checked_for_their_unit() {
    let german = by_semicolons(&GERMAN);
    let fault = &german.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "unit_mismatch");
    assert!(
        fault.detail.contains("ratio_unit=percent"),
        "{}",
        fault.detail
    );
    let (_, warnings) = german.survey(PERCENT()).unwrap();
    let detail = details(&warnings, "decimal_comma").join("\n");
    assert!(detail.contains("30 numbers were read"), "{detail}");
    assert_eq!(warnings[0].columns.len(), 5);
    let read = german.read(PERCENT());
    let first = vec![
        Some(34.402),
        Some(3.61),
        Some(6.125),
        Some(5.21),
        Some(4.417),
    ];
    assert_eq!(read[0], Ok(first));
}

#[test]
fn placeholders_and_ranges_are_detected_among_thousands() {
    let row = |n: usize, margin: &str, cover: &str| {
        format!("S{n};2024;0.4{n};3.{n};{margin};{cover};0.0{n}4")
    };
    let rows: Vec<String> = (1..9)
        .map(|n| row(n, if n < 6 { "-9,999" } else { "0.06" }, "5.5"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let faults = by_semicolons(&rows).survey(Options::default()).unwrap_err();
    assert!(
        faults
            .iter()
            .any(|fault| fault.code == "placeholder_values"),
        "{faults:?}"
    );
    let rows: Vec<String> = (1..9)
        .map(|n| row(n, "0.06", if n == 3 { "7,866" } else { "5.5" }))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (_, warnings) = by_semicolons(&rows).survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["thousands_separators", "out_of_range"]);
}

#[test]
fn file_without_evidence_of_a_decimal_mark_needs_the_option() {
    let whole = |cover: &str| format!("A;2024;40%;3;6%;{cover};4%");
    for (text, as_point, as_comma) in [("1,234", 1234.0, 1.234), ("1.234", 1.234, 1234.0)] {
        let (first, second) = (whole(text), whole("12"));
        let table = by_semicolons(&[&first, &second, &second]);
        let fault = &table.survey(Options::default()).unwrap_err()[0];
        assert_eq!(
            (fault.pointer.as_str(), fault.code.as_str()),
            ("/decimal", "ambiguous_numbers")
        );
        for part in ["1 number", text, "row 2", "decimal=comma", "decimal=point"] {
            assert!(fault.detail.contains(part), "{part}: {}", fault.detail);
        }
        for (mark, expected) in [
            (DecimalMark::Point, as_point),
            (DecimalMark::Comma, as_comma),
        ] {
            let read = table.read(stated(mark));
            assert_eq!(
                read[0].as_ref().unwrap()[3],
                Some(expected),
                "{text} {mark}"
            );
        }
    }
}

#[test]
fn a_stated_decimal_mark_that_the_file_contradicts_stops_it() {
    let table = repeated("SYM,2024,0.4#1,3.#,0.051,5,0.042");
    let fault = &table.survey(stated(DecimalMark::Comma)).unwrap_err()[0];
    assert_eq!(fault.pointer, "/decimal");
    assert!(table.survey(stated(DecimalMark::Point)).is_ok());
}

#[test]
fn lone_point_is_a_decimal_when_thousands_are_impossible() {
    let rows = [
        "A;2024;40%;3.204;6%;12;4%",
        "B;2024;41%;2.781;6%;7;5%",
        "C;2024;35%;4.115;7%;9;3%",
    ];
    let (_, warnings) = by_semicolons(&rows).survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["decimal_point"]);
    let one = ["A;2024;40%;3;6%;1.234;4%", "B;2024;41%;2;6%;7;5%"];
    let commas = Options {
        columns_by_comma: true,
        ..Options::default()
    };
    let (_, warnings) = by_semicolons(&one).survey(commas).unwrap();
    assert_eq!(codes(&warnings), ["decimal_point"]);
}

#[test]
fn number_cells_of_a_workbook_are_never_ambiguous() {
    let mut rows: Vec<Vec<String>> = vec![HEADER.split(',').map(str::to_owned).collect()];
    for n in 0..6 {
        let row = format!("S{n}|2024|34,4{n}%|4.698|6,1{n}%|5.12{n}|4,4{n}%");
        rows.push(row.split('|').map(str::to_owned).collect());
    }
    let texts = [2_u16, 4, 6];
    let cells: Vec<Cells<'_>> = (1..)
        .zip(&rows)
        .map(|(row, cells)| Cells {
            texts: &texts,
            ..Cells::new(row, cells)
        })
        .collect();
    let layout = Layout::find(Kind::Annual, &cells).unwrap();
    let mut survey = Survey::new(layout, Options::default(), false);
    cells[1..].iter().for_each(|row| survey.see(row));
    let (plan, warnings) = survey.finish().unwrap();
    assert_eq!(codes(&warnings), ["decimal_comma"]);
    let read = plan.read(&cells[1]).unwrap();
    assert_eq!(read.ratios[0].as_deref(), Some("0.3440"));
    assert_eq!(read.ratios[1].as_deref(), Some("4.698"));
}
