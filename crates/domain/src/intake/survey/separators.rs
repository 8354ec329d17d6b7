//! The decimal mark of the whole file, before any number of it is judged.

use super::{Survey, findings::warning};
use crate::{
    fault::Fault,
    intake::{
        column::{ColumnStats, Seen},
        number::{DecimalMark, Reading, Separators},
    },
    job::JobWarning,
};

/// How many times more numbers must show one decimal mark than the other before numbers that
/// show neither are read like them.
const CLEAR: u32 = 10;
/// How many numbers of a column make it certain that they are no thousands.
const MIN_IMPOSSIBLE: u32 = 3;

/// The numbers of a file by what they reveal about its decimal mark.
struct Shown {
    points: u32,
    commas: u32,
    lone_points: u32,
    lone_commas: u32,
}

/// How the decimal mark was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settled {
    /// Every number can be read in one way only.
    Certain,
    /// The sender said it.
    Stated(DecimalMark),
    /// By numbers such as `0,41`.
    DecimalComma,
    /// Some numbers have a decimal comma among more with a point.
    Mixed,
    /// By numbers such as `0.41`: `1,234` is a thousand.
    Thousands,
    /// `1.234` is read as a decimal, because commas separate the columns or because thousands
    /// would be impossible.
    LikelyPoint,
    /// Nothing in the file tells.
    Ambiguous,
}

impl Survey {
    fn shown(&self) -> Shown {
        let total = |seen: fn(&ColumnStats) -> &Seen| -> u32 {
            self.columns.iter().map(|stats| seen(stats).count).sum()
        };
        Shown {
            points: total(|s| &s.point),
            commas: total(|s| &s.comma),
            lone_points: total(|s| &s.lone_point),
            lone_commas: total(|s| &s.lone_comma),
        }
    }

    /// Returns how the numbers of the file are read, as far as its rows show by now.
    pub(super) fn reading(&self) -> Reading {
        self.settled(&self.shown()).0
    }

    /// Settles which numbers are read, and as what.
    pub(super) fn settle(&mut self, reading: Reading) {
        let columns = self.columns.iter_mut();
        columns.for_each(|stats| stats.settle(reading));
    }

    fn settled(&self, shown: &Shown) -> (Reading, Settled) {
        let read = |separators, lone_commas, lone_points| Reading {
            separators,
            lone_commas,
            lone_points,
        };
        let (points, commas) = (shown.points, shown.commas);
        let point = |lone_commas| read(Separators::Point, lone_commas, true);
        match self.options.decimal {
            Some(DecimalMark::Comma) => {
                let stated = Settled::Stated(DecimalMark::Comma);
                return (read(Separators::Comma, true, true), stated);
            }
            Some(DecimalMark::Point) => return (point(true), Settled::Stated(DecimalMark::Point)),
            None => {}
        }
        if commas > 0 && commas >= points {
            let is_clear = commas >= CLEAR * points;
            let reading = read(Separators::Comma, is_clear, false);
            (reading, Settled::DecimalComma)
        } else if commas > 0 {
            let is_clear = points >= CLEAR * commas;
            (read(Separators::Point, false, is_clear), Settled::Mixed)
        } else if points > 0 && shown.lone_commas > 0 {
            (point(true), Settled::Thousands)
        } else if points > 0 || shown.lone_points + shown.lone_commas == 0 {
            (point(true), Settled::Certain)
        } else if shown.lone_commas == 0 && self.has_no_thousands() {
            (point(true), Settled::LikelyPoint)
        } else {
            (read(Separators::Point, false, false), Settled::Ambiguous)
        }
    }

    /// Returns whether numbers like `1.234` are decimals although none of the file shows it.
    fn has_no_thousands(&self) -> bool {
        let is_impossible = self.definitions().any(|(definition, stats, _)| {
            let bound = definition.max.max(-definition.min);
            let unsigned = &stats.point_thousands.sizes;
            let scale = if definition.is_share { 100.0 } else { 1.0 };
            let size = unsigned.median().map(|median| median / scale);
            let size = size.or_else(|| stats.point_thousands.signed_sizes.median());
            stats.lone_point.count >= MIN_IMPOSSIBLE
                && stats.lone_point.count * 2 > stats.numbers
                && size.is_some_and(|size| size > bound)
        });
        is_impossible || self.options.columns_by_comma
    }

    /// Tells how the decimal mark was settled, or stops the file if it was not.
    pub(super) fn separators(&self, faults: &mut Vec<Fault>, warnings: &mut Vec<JobWarning>) {
        let shown = self.shown();
        let (reading, settled) = self.settled(&shown);
        let Shown {
            points,
            commas,
            lone_points,
            lone_commas,
        } = shown;
        match settled {
            Settled::Certain => {}
            Settled::Stated(mark) => self.stated(mark, &shown, faults, warnings),
            Settled::DecimalComma => {
                let read = |s: &ColumnStats| {
                    let lone = reading.lone_commas.then(|| s.lone_comma.clone());
                    std::iter::once(s.comma.clone()).chain(lone).collect()
                };
                let (names, cells) = self.cells(read);
                let mut detail = format!(
                    "{} read with a decimal comma, first {:?} in row {}",
                    counted(cells.count),
                    cells.text,
                    cells.row
                );
                let unread = if reading.lone_commas { 0 } else { lone_commas };
                if points + lone_points + unread > 0 {
                    detail += &format!(
                        "; {} others can be read in two ways or have a decimal point and are \
                         errors: send decimal=comma if 1.234 is a thousand",
                        points + lone_points + unread
                    );
                }
                warnings.push(warning("decimal_comma", &names, detail));
            }
            Settled::Mixed => {
                let (names, cells) = self.cells(|s| vec![s.comma.clone()]);
                warnings.push(warning(
                    "mixed_separators",
                    &names,
                    format!(
                        "{commas} numbers have a decimal comma among {points} with a point, first \
                         {:?} in row {}; they are errors",
                        cells.text, cells.row
                    ),
                ));
            }
            Settled::Thousands => {
                let (names, cells) = self.cells(|s| vec![s.lone_comma.clone()]);
                warnings.push(warning(
                    "thousands_separators",
                    &names,
                    format!(
                        "{} read with commas as separators of thousands, first {:?} in row {}, \
                         because the file uses decimal points",
                        counted(cells.count),
                        cells.text,
                        cells.row
                    ),
                ));
            }
            Settled::LikelyPoint => {
                let (names, cells) = self.cells(|s| vec![s.lone_point.clone()]);
                warnings.push(warning(
                    "decimal_point",
                    &names,
                    format!(
                        "{} read with a decimal point, first {:?} in row {}; send decimal=comma \
                         if they are thousands",
                        counted(cells.count),
                        cells.text,
                        cells.row
                    ),
                ));
            }
            Settled::Ambiguous => {
                let (_, cells) = self.cells(|s| vec![s.lone_comma.clone(), s.lone_point.clone()]);
                faults.push(Fault::new(
                    "/decimal",
                    "ambiguous_numbers",
                    format!(
                        "{} such as {:?} in row {} can be a thousand or one and a bit, and nothing \
                         in the file tells which: send decimal=comma if a comma separates the \
                         decimals, or decimal=point if a point does",
                        numbers(cells.count),
                        cells.text,
                        cells.row
                    ),
                ));
            }
        }
    }

    /// Reports the numbers that contradict the decimal mark that the sender stated.
    fn stated(
        &self,
        mark: DecimalMark,
        shown: &Shown,
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) {
        let (names, cells) = match mark {
            DecimalMark::Comma => self.cells(|s| vec![s.point.clone()]),
            DecimalMark::Point => self.cells(|s| vec![s.comma.clone()]),
        };
        if cells.count == 0 {
            return;
        }
        let detail = format!(
            "{} cannot be read with a decimal {mark}, first {:?} in row {}",
            numbers(cells.count),
            cells.text,
            cells.row
        );
        let all = shown.points + shown.commas + shown.lone_points + shown.lone_commas;
        if cells.count * 2 >= all {
            let detail = format!("{detail}; send the other decimal mark, or none");
            faults.push(Fault::new("/decimal", "mixed_separators", detail));
        } else {
            let detail = format!("{detail}; they are errors");
            warnings.push(warning("mixed_separators", &names, detail));
        }
    }

    /// Returns the columns with such cells, and the cells of all columns together.
    fn cells(&self, of: impl Fn(&ColumnStats) -> Vec<Seen>) -> (Vec<&'static str>, Seen) {
        let mut all = Seen::default();
        let mut names = Vec::new();
        for (definition, stats, _) in self.definitions() {
            let seen = of(stats);
            if seen.iter().any(|seen| seen.count > 0) {
                names.push(definition.name);
            }
            seen.iter().for_each(|seen| all.add(seen));
        }
        (names, all)
    }
}

fn numbers(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} number{plural}")
}

fn counted(count: u32) -> String {
    let verb = if count == 1 { "was" } else { "were" };
    format!("{} {verb}", numbers(count))
}
