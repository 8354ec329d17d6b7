use super::*;

fn number(text: &str) -> NumberText {
    match Cell::read(text) {
        Cell::Number(number) => number,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn numbers_are_read_in_every_usual_form() {
    for (text, decimal, sign) in [
        ("0.412", "0.412", None),
        ("-1e-9", "-1e-9", None),
        ("+5", "5", None),
        ("41.2%", "41.2", Some(Sign::Percent)),
        ("41.2 %", "41.2", Some(Sign::Percent)),
        ("7.4x", "7.4", Some(Sign::Times)),
        ("7.4 ×", "7.4", Some(Sign::Times)),
        ("(2.7%)", "-2.7", Some(Sign::Percent)),
        ("(2.7)%", "-2.7", Some(Sign::Percent)),
        ("(0.6x)", "-0.6", Some(Sign::Times)),
        ("(1,234)", "-1234", None),
        ("5-", "-5", None),
        ("−0.3", "-0.3", None),
        ("– 0.3", "-0.3", None),
        ("1\u{a0}234.5", "1234.5", None),
        ("1\u{202f}234 567", "1234567", None),
        ("1'234.5", "1234.5", None),
        ("1,234,567.8", "1234567.8", None),
        ("1.25B", "1.25e9", None),
        ("3.2M", "3.2e6", None),
        ("$1,250,000,000", "1250000000", None),
        ("1.25 bn", "1.25e9", None),
        (".5", "0.5", None),
        ("5.", "5", None),
        ("１２.５", "12.5", None),
        ("$(0.05)", "-0.05", None),
        ("(-0.05)", "-0.05", None),
        ("2.5:1", "2.5", Some(Sign::Times)),
        ("9.982 times", "9.982", Some(Sign::Times)),
        ("0·41", "0.41", None),
        ("0٫41", "0.41", None),
    ] {
        let read = number(text);
        assert_eq!(
            read.decimal(Separators::Point).as_deref(),
            Some(decimal),
            "{text:?}"
        );
        assert_eq!(read.sign, sign, "{text:?}");
    }
}

#[test]
fn a_decimal_comma_is_read_where_the_file_uses_it() {
    for (text, decimal) in [
        ("0,412", "0.412"),
        ("12,5", "12.5"),
        ("1.234,5", "1234.5"),
        ("1.234", "1234"),
        ("(2,7%)", "-2.7"),
        ("1.234.567", "1234567"),
    ] {
        let read = number(text);
        assert_eq!(
            read.decimal(Separators::Comma).as_deref(),
            Some(decimal),
            "{text}"
        );
    }
}

#[test]
fn separator_evidence_comes_only_from_unambiguous_numbers() {
    for (text, evidence) in [
        ("12", Evidence::None),
        ("0.412", Evidence::Point),
        ("12.5", Evidence::Point),
        ("1.234", Evidence::LonePoint),
        ("0,412", Evidence::Comma),
        ("12,5", Evidence::Comma),
        ("1,234", Evidence::LoneComma),
        ("1,234,567", Evidence::Point),
        ("1.234.567", Evidence::Comma),
        ("1,234.5", Evidence::Point),
        ("1.234,5", Evidence::Comma),
    ] {
        assert_eq!(number(text).evidence(), evidence, "{text}");
    }
}

#[test]
fn missing_markers_are_read_as_missing() {
    for text in [
        "",
        " ",
        "NA",
        "n/a",
        "#N/A",
        "#N/A N/A",
        "@NA",
        "NM",
        "NMF",
        "n.m.",
        "n/m",
        "-",
        "--",
        "–",
        "—",
        "None",
        "null",
        "<NA>",
        "NaN",
        "#DIV/0!",
        "k.A.",
        "k. A.",
        "n.v.",
        "NM%",
        "-%",
        "n.s.",
        ".",
        "#N/A Field Not Applicable",
        "\u{a0}",
    ] {
        assert_eq!(Cell::read(text), Cell::Missing, "{text:?}");
    }
}

#[test]
fn cell_that_is_not_a_number_is_classified() {
    for (text, why) in [
        ("#REF!", NotANumber::BrokenCell),
        ("#VALUE!", NotANumber::BrokenCell),
        ("#NAME?", NotANumber::BrokenCell),
        ("inf", NotANumber::Infinite),
        ("-Infinity", NotANumber::Infinite),
        ("abc", NotANumber::Text),
        ("1.2.3", NotANumber::Text),
        ("12,34,5", NotANumber::Text),
        ("1 23", NotANumber::Text),
        ("--5", NotANumber::Text),
        ("5%x", NotANumber::Text),
        ("(5", NotANumber::Text),
        ("1e5e5", NotANumber::Text),
        ("e5", NotANumber::Text),
        ("2024-12-31", NotANumber::Text),
        ("7²", NotANumber::Footnote),
        ("7.4¹", NotANumber::Footnote),
        ("12⁴", NotANumber::Footnote),
        ("7.4₂", NotANumber::Footnote),
        ("½", NotANumber::Footnote),
    ] {
        assert_eq!(Cell::read(text), Cell::Other(why), "{text:?}");
    }
}

#[test]
fn a_shift_loses_no_digit() {
    assert_eq!(shifted("41.20", -2), "0.4120");
    assert_eq!(shifted("0.412", 2), "41.2");
    assert_eq!(shifted("5", 0), "5");
}

#[test]
fn number_of_as_many_digits_as_a_decimal_has_is_read() {
    let long = format!("0.{}", "1".repeat(90));
    assert_eq!(number(&long).decimal(Separators::Point), Some(long));
    let longer = format!("0.{}", "1".repeat(120));
    assert_eq!(Cell::read(&longer), Cell::Other(NotANumber::Text));
}

#[test]
fn every_listed_marker_is_read_as_missing() {
    for mark in MISSING_MARKS {
        assert_eq!(Cell::read(mark), Cell::Missing, "{mark:?}");
        assert_eq!(Cell::read(&mark.to_uppercase()), Cell::Missing, "{mark:?}");
    }
}
