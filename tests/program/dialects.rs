//! A table of ratios gets the same probabilities in whatever dialect or workbook it is
//! written, or the file is refused. `scripts/writers.py` asks the same of the files of other
//! programs.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rust_xlsxwriter::{Format, Formula, Workbook};

const RATIOS: [&str; 5] = [
    "long_term_debt_to_total_capital",
    "total_debt_to_ebitda",
    "net_income_margin",
    "ebit_to_interest_expense",
    "return_on_assets",
];
/// Which of them are shares, which percent can express.
const SHARES: [bool; 5] = [true, false, true, false, true];
const NAMES: [&str; 5] = [
    "Żabka, S.A.",
    "Müller \"Söhne\"",
    "名古屋鉄工",
    "Acme; Ltd | Co",
    "O'Neil\tInc",
];

/// A company's name and its ratios as text with a decimal point; empty if missing.
type Row = (&'static str, [String; 5]);

/// A ratio between two bounds in hundredths, with two to four decimals.
fn ratio(least: i64, greatest: i64) -> impl Strategy<Value = String> {
    (least..greatest, 0_i64..100, 2_usize..=4).prop_map(|(hundredths, more, decimals)| {
        let sign = if hundredths < 0 { "-" } else { "" };
        let digits = hundredths.abs() * 100 + more;
        let text = format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000);
        text[..text.len() - (4 - decimals)].to_owned()
    })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let ratios = (
        ratio(2, 85),
        ratio(20, 900),
        ratio(-20, 30),
        ratio(-300, 2_000),
        ratio(-10, 20),
    );
    // A fifth of the rows misses one ratio.
    let row = (prop::sample::select(&NAMES[..]), ratios, 0_usize..25).prop_map(
        |(name, (a, b, c, d, e), missing)| {
            let mut texts = [a, b, c, d, e];
            if let Some(text) = texts.get_mut(missing) {
                text.clear();
            }
            (name, texts)
        },
    );
    prop::collection::vec(row, 30..60)
}

fn header() -> Vec<String> {
    let names = ["company_symbol", "company_name", "reporting_year"];
    names
        .iter()
        .chain(&RATIOS)
        .map(ToString::to_string)
        .collect()
}

/// The table as text cells; `change` receives each ratio and whether it is a share.
fn cells(rows: &[Row], change: impl Fn(&str, bool) -> String) -> Vec<Vec<String>> {
    let row = |(at, (name, ratios)): (usize, &Row)| {
        let first = [
            format!("S{at:03}"),
            format!("{name} {at}"),
            "2024".to_owned(),
        ];
        let ratios = ratios.iter().zip(SHARES);
        let changed = ratios.map(|(text, share)| change(text, share));
        first.into_iter().chain(changed).collect()
    };
    rows.iter().enumerate().map(row).collect()
}

fn as_it_is(text: &str, _: bool) -> String {
    text.to_owned()
}

/// The same number in percent: the decimal point moves by two digits.
fn percent(text: &str) -> String {
    let Some((whole, fraction)) = text.split_once('.') else {
        return text.to_owned();
    };
    let (moved, rest) = fraction.split_at(2);
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let digits = format!("{}{moved}", whole.trim_start_matches('-'));
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{digits}{point}{rest}")
}

/// One way to write text.
struct Dialect {
    delimiter: u8,
    quote: csv::QuoteStyle,
    line_end: csv::Terminator,
}

const COMMAS: Dialect = Dialect {
    delimiter: b',',
    quote: csv::QuoteStyle::Necessary,
    line_end: csv::Terminator::CRLF,
};

impl Dialect {
    const fn by(delimiter: u8) -> Self {
        Self {
            delimiter,
            ..COMMAS
        }
    }

    fn write(&self, header: &[String], rows: &[Vec<String>]) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .quote_style(self.quote)
            .terminator(self.line_end)
            .from_writer(Vec::new());
        for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
            writer.write_record(row).expect("written");
        }
        writer.into_inner().expect("written")
    }
}

/// A file, and the options under which it means the table.
struct Written {
    name: &'static str,
    bytes: Vec<u8>,
    options: &'static [&'static str],
}

fn file(name: &'static str, bytes: Vec<u8>) -> Written {
    Written {
        name,
        bytes,
        options: &[],
    }
}

fn texts(rows: &[Row]) -> Vec<Written> {
    let header = header();
    let plain = cells(rows, as_it_is);
    let write = |dialect: Dialect| dialect.write(&header, &plain);
    let comma = cells(rows, |text, _| text.replace('.', ","));
    let changed =
        |change: fn(&str) -> String| COMMAS.write(&header, &cells(rows, |text, _| change(text)));
    let utf16 = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let in_percent = |mark: &str| {
        let share = |text: &str| match text {
            "" => String::new(),
            text => percent(text) + mark,
        };
        cells(rows, |text, is_share| {
            if is_share {
                share(text)
            } else {
                text.to_owned()
            }
        })
    };
    let labels: Vec<String> = header
        .iter()
        .map(|name| match RATIOS.iter().position(|ratio| ratio == name) {
            Some(at) if SHARES[at] => format!("{name} (%)"),
            _ => name.clone(),
        })
        .collect();
    vec![
        file("semicolons.csv", write(Dialect::by(b';'))),
        file("tabs.tsv", write(Dialect::by(b'\t'))),
        file("bars.txt", write(Dialect::by(b'|'))),
        file(
            "quoted.csv",
            write(Dialect {
                quote: csv::QuoteStyle::Always,
                ..COMMAS
            }),
        ),
        file(
            "line_feeds.csv",
            write(Dialect {
                line_end: csv::Terminator::Any(b'\n'),
                ..COMMAS
            }),
        ),
        file(
            "carriage_returns.csv",
            write(Dialect {
                line_end: csv::Terminator::Any(b'\r'),
                ..COMMAS
            }),
        ),
        file(
            "byte_order_mark.csv",
            [b"\xEF\xBB\xBF".to_vec(), write(COMMAS)].concat(),
        ),
        file("utf16.csv", utf16(write(COMMAS))),
        file(
            "sep.csv",
            [b"sep=;\r\n".to_vec(), write(Dialect::by(b';'))].concat(),
        ),
        file(
            "title.csv",
            [b"Portfolio,,,,,,,\r\n".to_vec(), write(COMMAS)].concat(),
        ),
        file(
            "decimal_commas.csv",
            Dialect::by(b';').write(&header, &comma),
        ),
        file("decimal_commas_quoted.csv", COMMAS.write(&header, &comma)),
        file("percent_signs.csv", COMMAS.write(&header, &in_percent("%"))),
        file(
            "percent_in_header.csv",
            COMMAS.write(&labels, &in_percent("")),
        ),
        Written {
            options: &["--ratio-unit", "percent"],
            ..file("percent.csv", COMMAS.write(&header, &in_percent("")))
        },
        file(
            "brackets.csv",
            changed(|text| match text.strip_prefix('-') {
                Some(digits) => format!("({digits})"),
                None => text.to_owned(),
            }),
        ),
        file(
            "trailing_minus.csv",
            changed(|text| match text.strip_prefix('-') {
                Some(digits) => format!("{digits}-"),
                None => text.to_owned(),
            }),
        ),
        file(
            "minus_signs.csv",
            changed(|text| text.replace('-', "\u{2212}")),
        ),
        file(
            "missing_marks.csv",
            changed(|text| if text.is_empty() { "#N/A" } else { text }.to_owned()),
        ),
    ]
}

/// How a workbook holds the ratios.
#[derive(Clone, Copy, PartialEq)]
enum Cells {
    Numbers,
    Texts,
    PercentFormat,
    Formulas,
    /// As XlsxWriter writes them without a result: every stored value is 0.
    FormulasWithoutValues,
}

fn workbook(rows: &[Row], how: Cells, sheets_before: usize) -> Vec<u8> {
    let mut book = Workbook::new();
    for at in 0..sheets_before {
        let sheet = book.add_worksheet();
        sheet.set_name(format!("Notes {at}")).expect("a name");
        sheet.write(0, 0, "How to read this").expect("written");
    }
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, header()).expect("written");
    let percent = Format::new().set_num_format("0.0%");
    for (at, (name, ratios)) in (0_u32..).zip(rows) {
        let row = at + 1;
        sheet.write(row, 0, format!("S{at:03}")).expect("written");
        sheet
            .write(row, 1, format!("{name} {at}"))
            .expect("written");
        sheet.write(row, 2, 2024).expect("written");
        for ((column, text), share) in (3_u16..).zip(ratios).zip(SHARES) {
            let Ok(value) = text.parse::<f64>() else {
                continue;
            };
            let formula = Formula::new(format!("={text}*1"));
            match how {
                Cells::Numbers => sheet.write(row, column, value),
                Cells::Texts => sheet.write(row, column, text),
                Cells::PercentFormat if share => {
                    sheet.write_with_format(row, column, value, &percent)
                }
                Cells::PercentFormat => sheet.write(row, column, value),
                Cells::Formulas => sheet.write(row, column, formula.set_result(text)),
                Cells::FormulasWithoutValues => sheet.write(row, column, formula),
            }
            .expect("written");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

fn workbooks(rows: &[Row]) -> Vec<Written> {
    vec![
        file("numbers.xlsx", workbook(rows, Cells::Numbers, 0)),
        file("texts.xlsx", workbook(rows, Cells::Texts, 0)),
        file(
            "percent_format.xlsx",
            workbook(rows, Cells::PercentFormat, 0),
        ),
        file("formulas.xlsx", workbook(rows, Cells::Formulas, 0)),
        file("third_sheet.xlsx", workbook(rows, Cells::Numbers, 2)),
        file("macros.xlsm", workbook(rows, Cells::Numbers, 0)),
    ]
}

/// Returns the probabilities by symbol, or the reason of the refusal.
fn score(folder: &Path, written: &Written) -> Result<BTreeMap<String, String>, String> {
    let path = folder.join(written.name);
    fs::write(&path, &written.bytes).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_accunode-tested"))
        .args(["score", "--kind", "annual", "--no-reasons"])
        .args(written.options)
        .arg(&path)
        .env_clear()
        .env("HOME", folder)
        .output()
        .expect("it runs");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut reader = csv::Reader::from_reader(&*output.stdout);
    let rows = reader.deserialize().map(|row| row.expect("a row"));
    Ok(rows
        .map(|mut row: BTreeMap<String, String>| {
            let mut take = |name: &str| row.remove(name).expect("a column");
            (take("company_symbol"), take("pd"))
        })
        .filter(|(_, pd)| !pd.is_empty())
        .collect())
}

#[test]
fn every_dialect_and_workbook_scores_like_the_plain_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4));
    let result = runner.run(&rows(), |rows| {
        let plain = file(
            "plain.csv",
            COMMAS.write(&header(), &cells(&rows, as_it_is)),
        );
        let expected = score(folder.path(), &plain).map_err(TestCaseError::fail)?;
        prop_assert!(expected.len() >= rows.len() / 2, "{expected:?}");
        for written in texts(&rows).into_iter().chain(workbooks(&rows)) {
            let found = score(folder.path(), &written)
                .map_err(|reason| TestCaseError::fail(format!("{}: {reason}", written.name)))?;
            prop_assert_eq!(&found, &expected, "{}", written.name);
        }
        Ok(())
    });
    result.expect("the same probabilities");
}

#[test]
fn formulas_without_stored_values_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut runner = TestRunner::deterministic();
    let rows = rows().new_tree(&mut runner).expect("rows").current();
    let book = workbook(&rows, Cells::FormulasWithoutValues, 0);
    let reason = score(folder.path(), &file("formulas.xlsx", book)).expect_err("a refusal");
    assert!(reason.contains("formula"), "{reason}");
}
