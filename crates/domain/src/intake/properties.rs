//! A table has the same meaning in every dialect in which it can be written, or it is refused.

use proptest::prelude::*;

use super::*;
use crate::{
    prediction::Kind,
    ratio::{RatioUnit, check},
};

/// A decimal as an integer and the number of its decimals: `-2.7` is (-27, 1).
type Decimal = (i64, u32);

fn plain((mantissa, decimals): Decimal, point: char) -> String {
    let digits = format!("{:0width$}", mantissa.abs(), width = decimals as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    let sign = if mantissa < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{point}{fraction}")
    }
}

/// Multiplies by 100.
const fn in_percent((mantissa, decimals): Decimal) -> Decimal {
    match decimals {
        0 => (mantissa * 100, 0),
        1 => (mantissa * 10, 0),
        more => (mantissa, more - 2),
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug)]
struct Dialect {
    comma: bool,
    percent: Percent,
    negative: Negative,
    times: bool,
    padded: bool,
}

#[derive(Clone, Copy, Debug)]
enum Percent {
    /// Fractions: 0.412
    No,
    /// Percent, with the option for the whole file: 41.2
    Option,
    /// Percent, with the option for each column: 41.2
    Columns,
    /// Percent with a sign: 41.2%
    Sign,
}

#[derive(Clone, Copy, Debug)]
enum Negative {
    Hyphen,
    Minus,
    Brackets,
    Trailing,
}

impl Dialect {
    fn write(self, value: Decimal, is_share: bool) -> String {
        let in_percent_here = is_share && !matches!(self.percent, Percent::No);
        let value = if in_percent_here {
            in_percent(value)
        } else {
            value
        };
        let mut text = plain((value.0.abs(), value.1), if self.comma { ',' } else { '.' });
        if is_share && matches!(self.percent, Percent::Sign) {
            text.push('%');
        } else if !is_share && self.times {
            text.push('x');
        }
        let has_sign = !text.ends_with(|c: char| c.is_ascii_digit());
        let text = match (value.0 < 0, self.negative) {
            (false, _) => text,
            (true, Negative::Hyphen) => format!("-{text}"),
            (true, Negative::Minus) => format!("\u{2212}{text}"),
            (true, Negative::Brackets) => format!("({text})"),
            (true, Negative::Trailing) if has_sign => format!("-{text}"),
            (true, Negative::Trailing) => format!("{text}-"),
        };
        if self.padded {
            format!("\u{a0}{text} ")
        } else {
            text
        }
    }

    fn options(self) -> Options {
        let shares = Kind::Annual.ratios().iter().filter(|ratio| ratio.is_share);
        let units: Vec<String> = shares.map(|r| format!("{}:percent", r.name)).collect();
        match self.percent {
            Percent::Option => Options {
                ratio_unit: RatioUnit::Percent,
                ..Options::default()
            },
            Percent::Columns => Options {
                units: ColumnUnits::parse(Kind::Annual, &units.join(",")).unwrap(),
                ..Options::default()
            },
            _ => Options::default(),
        }
    }
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let percent = prop::sample::select(vec![
        Percent::No,
        Percent::Option,
        Percent::Columns,
        Percent::Sign,
    ]);
    let negative = prop::sample::select(vec![
        Negative::Hyphen,
        Negative::Minus,
        Negative::Brackets,
        Negative::Trailing,
    ]);
    (
        any::<bool>(),
        percent,
        negative,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(comma, percent, negative, times, padded)| Dialect {
            comma,
            percent,
            negative,
            times,
            padded,
        })
}

/// The ratios of a company in fractions and multiples: any values that firms have.
fn row() -> impl Strategy<Value = [Decimal; 5]> {
    let decimals = 0_u32..5;
    let value = |low: i64, high: i64| {
        decimals.clone().prop_flat_map(move |decimals| {
            let scale = 10_i64.pow(decimals);
            (low * scale / 100..=high * scale / 100).prop_map(move |m| (m, decimals))
        })
    };
    [
        value(0, 180).boxed(),
        value(-300, 4_000).boxed(),
        value(-180, 90).boxed(),
        value(-500, 9_000).boxed(),
        value(-120, 60).boxed(),
    ]
}

/// The inputs that a model receives for a row, bit for bit, or the code of its fault.
type Inputs = Result<Vec<Option<u32>>, String>;

/// Returns the inputs of every row, or the reason why the table is refused.
fn read(rows: &[[Decimal; 5]], dialect: Dialect) -> Result<Vec<Inputs>, Vec<crate::fault::Fault>> {
    let mut table: Vec<Vec<String>> = vec![
        ["company_symbol", "reporting_year"]
            .into_iter()
            .chain(Kind::Annual.ratios().iter().map(|ratio| ratio.name))
            .map(str::to_owned)
            .collect(),
    ];
    for (number, row) in rows.iter().enumerate() {
        let ratios = row
            .iter()
            .zip(Kind::Annual.ratios())
            .map(|(value, ratio)| dialect.write(*value, ratio.is_share));
        let names = [format!("S{number}"), "2024".to_owned()];
        table.push(names.into_iter().chain(ratios).collect());
    }
    let cells: Vec<Cells<'_>> = table
        .iter()
        .zip(1..)
        .map(|(cells, row)| Cells::new(row, cells))
        .collect();
    let options = dialect.options();
    let mut survey = Survey::new(
        Layout::find(Kind::Annual, &cells).unwrap(),
        options.clone(),
        true,
    );
    cells[1..].iter().for_each(|row| survey.see(row));
    let (plan, _) = survey.finish()?;
    Ok(cells[1..]
        .iter()
        .map(|row| {
            let code = |faults: Vec<crate::fault::Fault>| faults[0].code.clone();
            let input = plan.read(row).map_err(code)?;
            let texts: Vec<Option<&str>> = input.ratios.iter().map(Option::as_deref).collect();
            let ratios = check(Kind::Annual, options.ratio_unit, &texts).map_err(code)?;
            let scored = ratios.values().iter().map(|ratio| ratio.scored);
            Ok(scored.map(|value| value.map(f32::to_bits)).collect())
        })
        .collect())
}

const PLAIN: Dialect = Dialect {
    comma: false,
    percent: Percent::No,
    negative: Negative::Hyphen,
    times: false,
    padded: false,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_table_gives_the_same_inputs_in_every_dialect_or_is_refused(
        rows in prop::collection::vec(row(), 1..12),
        dialect in dialect(),
    ) {
        // Random ratios can look like another unit; then there is nothing to compare.
        let Ok(expected) = read(&rows, PLAIN) else { return Ok(()) };
        let Ok(found) = read(&rows, dialect) else { return Ok(()) };
        for ((row, expected), found) in rows.iter().zip(expected).zip(found) {
            if let (Ok(expected), Ok(found)) = (expected, found) {
                prop_assert_eq!(expected, found, "{:?} {:?}", row, dialect);
            }
        }
    }

    #[test]
    fn cell_is_always_read_as_the_same_number(text in "[-+(]{0,1}[0-9., ']{1,9}[)x%kKmMbB-]{0,2}") {
        // Whatever a cell contains, it is read the same way each time, and the result is a
        // number.
        let (one, other) = (number::Cell::read(&text), number::Cell::read(&text));
        prop_assert_eq!(&one, &other);
        if let number::Cell::Number(number) = one {
            for separators in [number::Separators::Point, number::Separators::Comma] {
                if let Some(decimal) = number.decimal(separators) {
                    prop_assert!(decimal.parse::<f64>().is_ok(), "{text:?}: {decimal:?}");
                }
            }
        }
    }
}

/// Usual tables are read in every dialect, not only refused.
#[test]
fn a_usual_table_is_read_in_every_dialect() {
    let rows: Vec<[Decimal; 5]> = (1..9)
        .map(|n| {
            [
                (400 + n, 3),
                (30 + n, 1),
                (80 + n, 3),
                (55 + n, 1),
                (-40 - n, 3),
            ]
        })
        .collect();
    let expected = read(&rows, PLAIN).unwrap();
    for comma in [false, true] {
        for percent in [
            Percent::No,
            Percent::Option,
            Percent::Columns,
            Percent::Sign,
        ] {
            for negative in [
                Negative::Hyphen,
                Negative::Minus,
                Negative::Brackets,
                Negative::Trailing,
            ] {
                let dialect = Dialect {
                    comma,
                    percent,
                    negative,
                    times: comma,
                    padded: comma,
                };
                assert_eq!(read(&rows, dialect).unwrap(), expected, "{dialect:?}");
            }
        }
    }
}
