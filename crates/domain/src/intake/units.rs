//! The unit of each column, and whether its values agree with it.

mod judge;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::DecimalMark;
use crate::{
    fault::{Fault, shorten},
    prediction::Kind,
    ratio::RatioUnit,
};

pub(super) use judge::{Stated, Verdict, is_open, judge, judge_signed};

/// Units of single columns as given by the sender: `net_income_margin:percent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ColumnUnits(BTreeMap<String, RatioUnit>);

impl ColumnUnits {
    /// Reads `net_income_margin:percent,return_on_assets:fraction`.
    ///
    /// # Errors
    /// `invalid_units` at `/units` for a name that is not a ratio of this kind, or an
    /// unknown unit; all faults are reported together.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, Vec<Fault>> {
        let mut units = BTreeMap::new();
        let mut faults = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            match Self::pair(kind, pair) {
                Ok((name, unit)) => {
                    let before = units.insert(name.to_owned(), unit);
                    if before.is_some_and(|before| before != unit) {
                        faults.push(Fault::new(
                            "/units",
                            "invalid_units",
                            format!("{name} is given both units; which one is meant?"),
                        ));
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(Self(units))
        } else {
            Err(faults)
        }
    }

    fn pair(kind: Kind, pair: &str) -> Result<(&'static str, RatioUnit), Fault> {
        let fault = |detail: String| Fault::new("/units", "invalid_units", detail);
        let (name, unit) = pair.split_once(':').ok_or_else(|| {
            fault(format!(
                "{:?} is not of the form column:unit, like return_on_assets:percent",
                shorten(pair)
            ))
        })?;
        let names = || kind.ratios().iter().map(|ratio| ratio.name);
        let name = names().find(|n| *n == name.trim()).ok_or_else(|| {
            fault(format!(
                "{:?} is none of the ratios {}",
                shorten(name.trim()),
                names().collect::<Vec<_>>().join(", ")
            ))
        })?;
        let unit = unit.trim().parse().map_err(|_| {
            fault(format!(
                "{:?} is neither fraction nor percent",
                shorten(unit.trim())
            ))
        })?;
        Ok((name, unit))
    }

    /// Returns the unit that was given for a ratio.
    #[must_use]
    pub fn of(&self, ratio: &str) -> Option<RatioUnit> {
        self.0.get(ratio).copied()
    }

    /// Returns whether no unit was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for ColumnUnits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, unit)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}:{unit}")?;
        }
        Ok(())
    }
}

/// How a table is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The unit of shares whose column does not state another.
    pub ratio_unit: RatioUnit,
    /// Units of single columns.
    pub units: ColumnUnits,
    /// Whether the sender confirmed that the numbers are right although they look wrong.
    pub confirmed: bool,
    /// The decimal mark of numbers that are texts; without it the file must show it.
    pub decimal: Option<DecimalMark>,
    /// Whether commas separate the columns, so that points separate decimals.
    pub columns_by_comma: bool,
    /// The current year, by which years in the future are noticed; without it they are not.
    pub this_year: Option<u16>,
}

/// The typical size of a share, in fractions: roughly the median of listed companies.
fn typical(name: &str) -> f64 {
    match name {
        "long_term_debt_to_total_capital" => 0.3,
        "working_capital_to_total_assets" => 0.2,
        _ => 0.05,
    }
}

/// The sizes of one column's values, counted as written in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sizes {
    /// Values without a unit sign that are not 0.
    pub(super) count: u32,
    /// Of these: at most 0.5, at most 1, at most 1.5, beyond 1, beyond 2, above 2.
    half: u32,
    one: u32,
    pub(super) small: u32,
    pub(super) beyond_one: u32,
    pub(super) beyond_two: u32,
    above_two: u32,
    above_twenty: u32,
    /// The number of values by the logarithm of their size, ten classes to a power of ten.
    histogram: BTreeMap<i16, u32>,
}

impl Sizes {
    pub(super) fn see(&mut self, value: f64) {
        let size = value.abs();
        if size == 0.0 || !size.is_finite() {
            return;
        }
        self.count += 1;
        self.half += u32::from(size <= 0.5);
        self.one += u32::from(size <= 1.0);
        self.small += u32::from(size <= 1.5);
        self.above_two += u32::from(value > 2.0);
        self.above_twenty += u32::from(value > 20.0);
        self.beyond_one += u32::from(size > 1.0);
        self.beyond_two += u32::from(size > 2.0);
        #[expect(clippy::cast_possible_truncation, reason = "a logarithm of an f64")]
        let bin = (size.log10() * 10.0).floor() as i16;
        *self.histogram.entry(bin).or_default() += 1;
    }

    /// Adds the values of another selection of the same column.
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.half += other.half;
        self.one += other.one;
        self.small += other.small;
        self.beyond_one += other.beyond_one;
        self.beyond_two += other.beyond_two;
        self.above_two += other.above_two;
        self.above_twenty += other.above_twenty;
        for (bin, count) in &other.histogram {
            *self.histogram.entry(*bin).or_default() += count;
        }
    }

    /// Returns the median of the values up to a size and that of the others, and how far they are
    /// apart.
    fn gap_at(&self, size: f64) -> f64 {
        let middle = |is_above: bool| {
            let mut part = Self::default();
            for (bin, count) in &self.histogram {
                if (centre(*bin) > size) == is_above {
                    part.histogram.insert(*bin, *count);
                    part.count += count;
                }
            }
            part.median()
        };
        match (middle(true), middle(false)) {
            (Some(above), Some(below)) => above / below,
            _ => 1.0,
        }
    }

    /// Returns the smallest size, to within a tenth of a power of ten.
    fn smallest(&self) -> f64 {
        let first = self.histogram.keys().next();
        first.map_or(0.0, |bin| centre(*bin))
    }

    /// Returns the median size, to within a tenth of a power of ten.
    pub(super) fn median(&self) -> Option<f64> {
        let mut left = self.count.div_ceil(2);
        for (bin, count) in &self.histogram {
            if *count >= left {
                return Some(centre(*bin));
            }
            left -= count;
        }
        None
    }
}

/// Returns the middle of a class of sizes.
fn centre(bin: i16) -> f64 {
    10_f64.powf((f64::from(bin) + 0.5) / 10.0)
}

/// The smallest number of values that is conclusive for a column.
pub(super) const MIN_VALUES: u32 = 5;
/// The same where most shares are beyond their range: fewer suffice, because hardly any
/// company has one.
const MIN_BEYOND: u32 = 3;
/// Judges all shares of a table that is too small for [`judge()`]: no company has every share
/// above 2 in fractions, and hardly any has every share below 1 in percent.
pub(super) fn judge_together(columns: &[&Sizes], unit: RatioUnit) -> Verdict {
    let with_values: Vec<_> = columns.iter().filter(|sizes| sizes.count > 0).collect();
    let is_percent = !with_values.is_empty() && with_values.iter().all(|s| s.above_two == s.count);
    let is_fraction = with_values.len() > 1 && with_values.iter().all(|s| s.one == s.count);
    match unit {
        RatioUnit::Fraction if is_percent => Verdict::LooksLikePercent,
        RatioUnit::Percent if is_fraction => Verdict::LooksLikeFraction,
        _ => Verdict::Agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: Kind, name: &str, values: &[f64], unit: RatioUnit) -> Verdict {
        let definition = kind.ratios().iter().find(|r| r.name == name).unwrap();
        let mut sizes = Sizes::default();
        for value in values {
            sizes.see(*value);
        }
        judge(definition, &sizes, unit, Stated::No)
    }

    const LTD: &str = "long_term_debt_to_total_capital";
    const ROA: &str = "return_on_assets";

    #[test]
    fn unit_of_each_share_is_checked_by_its_own_limits() {
        use RatioUnit::{Fraction, Percent};
        let share = |name, values: &[f64], unit| verdict(Kind::Annual, name, values, unit);
        let debt = [0.4551, 0.38, 0.41, 0.12, 0.55, 0.61];
        let debt_percent = debt.map(|v| v * 100.0);
        let returns = [2.6, 5.1, -3.2, 7.4, 0.9, 11.0];
        let banks = [1.1, 1.3, 0.9, 1.2, 1.0, 1.4];
        assert_eq!(share(LTD, &debt, Fraction), Verdict::Agrees);
        assert_eq!(share(LTD, &debt, Percent), Verdict::LooksLikeFraction);
        assert_eq!(share(LTD, &debt_percent, Percent), Verdict::Agrees);
        assert_eq!(
            share(LTD, &debt_percent, Fraction),
            Verdict::LooksLikePercent
        );
        assert_eq!(share(ROA, &returns, Percent), Verdict::Agrees);
        assert_eq!(share(ROA, &returns, Fraction), Verdict::LooksLikePercent);
        assert_eq!(
            share(ROA, &returns.map(|v| v / 100.0), Fraction),
            Verdict::Agrees
        );
        assert_eq!(
            share(ROA, &returns.map(|v| v / 100.0), Percent),
            Verdict::LooksLikeFraction
        );
        assert_eq!(share(ROA, &banks, Percent), Verdict::Agrees);
        assert_eq!(share(ROA, &banks, Fraction), Verdict::LooksLikePercent);
        // Two values are not conclusive, unless both would be limited to a bound.
        assert_eq!(share(ROA, &[0.45, 0.6], Fraction), Verdict::Agrees);
        assert_eq!(
            share(ROA, &returns[..2], Fraction),
            Verdict::LooksLikePercent
        );
    }

    #[test]
    fn multiples_in_percent_are_detected() {
        let quarterly =
            |name, values: &[f64]| verdict(Kind::Quarterly, name, values, RatioUnit::Fraction);
        assert_eq!(
            quarterly("debt_to_equity", &[195.9, 80.0, 45.0, 120.0, 33.0]),
            Verdict::LooksLikePercent
        );
        assert_eq!(
            quarterly("current_ratio", &[177.0, 130.0, 95.0, 210.0, 88.0]),
            Verdict::LooksLikePercent
        );
        // Banks.
        assert_eq!(
            quarterly("debt_to_equity", &[8.0, 9.5, 11.0, 7.0, 12.0]),
            Verdict::Agrees
        );
    }

    #[test]
    fn invalid_column_units_are_all_reported() {
        let units = ColumnUnits::parse(
            Kind::Annual,
            "return_on_assets:percent, net_income_margin : fraction",
        )
        .unwrap();
        assert_eq!(units.of("return_on_assets"), Some(RatioUnit::Percent));
        assert_eq!(units.of("net_income_margin"), Some(RatioUnit::Fraction));
        assert_eq!(units.of(LTD), None);
        let faults =
            ColumnUnits::parse(Kind::Annual, "roa:percent,return_on_assets:bp,x").unwrap_err();
        assert_eq!(faults.len(), 3);
        assert!(ColumnUnits::parse(Kind::Annual, "").unwrap().is_empty());
        let twice = "return_on_assets:percent,return_on_assets:fraction";
        let faults = ColumnUnits::parse(Kind::Annual, twice).unwrap_err();
        assert_eq!(faults[0].code, "invalid_units");
        let same = "return_on_assets:percent,return_on_assets:percent";
        assert!(ColumnUnits::parse(Kind::Annual, same).is_ok());
    }
}
