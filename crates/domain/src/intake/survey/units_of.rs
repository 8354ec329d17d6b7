//! The unit of each column, and the columns whose values contradict it.

use super::{Survey, findings::warning};
use crate::{
    fault::Fault,
    intake::{
        column::{Seen, named},
        units::{self, MIN_VALUES, Sizes, Stated, Verdict, is_open, judge, judge_signed},
    },
    job::JobWarning,
    prediction::Kind,
    ratio::{RatioDefinition, RatioUnit},
};

impl Survey {
    pub(super) fn units(
        &self,
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) -> Vec<RatioUnit> {
        let mut wrong = Vec::new();
        let mut right = Vec::new();
        let mut hinted = Vec::new();
        let units: Vec<RatioUnit> = self
            .definitions()
            .enumerate()
            .map(|(ratio, (definition, stats, name))| {
                let (unit, stated) = self.unit_of(ratio, definition);
                let default = self.default_of(definition);
                if stated == Stated::File && unit != default && stats.read.unsigned > 0 {
                    hinted.push((definition, name, unit));
                }
                let median = stats.read.sizes.median().unwrap_or_default();
                let found = |median, verdict, is_signed| Wrong {
                    definition,
                    name: name.to_owned(),
                    median,
                    verdict,
                    signed: Some(&stats.read.signed).filter(|_| is_signed).cloned(),
                };
                match judge(definition, &stats.read.sizes, unit, stated) {
                    Verdict::Agrees => {
                        if definition.is_share && stats.read.sizes.count >= MIN_VALUES {
                            let is_open = stated == Stated::No && is_open(definition, median);
                            right.push((definition, median, unit, is_open));
                        }
                    }
                    verdict => wrong.push(found(median, verdict, false)),
                }
                match judge_signed(definition, &stats.read.signed_sizes) {
                    Verdict::Agrees => {}
                    verdict => {
                        let median = stats.read.signed_sizes.median().unwrap_or_default();
                        wrong.push(found(median, verdict, true));
                    }
                }
                unit
            })
            .collect();
        if wrong.is_empty() {
            wrong.extend(self.tiny(&units));
        }
        for (definition, name, unit) in hinted {
            warnings.push(warning(
                "unit_from_header",
                &[definition.name],
                format!(
                    "{} is read in {unit}, as its name says",
                    named(name, definition)
                ),
            ));
        }
        if !wrong.is_empty() {
            let detail = mismatch(&wrong, &right, self.layout.kind());
            if self.options.confirmed {
                let names: Vec<&str> = wrong.iter().map(|w| w.definition.name).collect();
                warnings.push(warning("unit_mismatch", &names, detail));
            } else {
                faults.push(Fault::new("/ratio_unit", "unit_mismatch", detail));
            }
        }
        for (definition, stats, name) in self.definitions() {
            if stats.read.signed.count > 0 && stats.read.unsigned > 0 {
                warnings.push(warning(
                    "some_percent_signs",
                    &[definition.name],
                    format!(
                        "{} has {} and {} numbers without a sign, which are read in the unit of \
                         the column{}",
                        named(name, definition),
                        stats.read.signed.described("number with a percent sign"),
                        stats.read.unsigned,
                        if definition.is_share {
                            ""
                        } else {
                            "; with the sign, 250 % is a multiple of 2.5"
                        }
                    ),
                ));
            }
        }
        self.few_in_percent(&units, warnings);
        self.rows_in_another_unit(&units, warnings);
        units
    }

    /// Returns the unit of a ratio's column, and how it is known.
    fn unit_of(&self, ratio: usize, definition: &RatioDefinition) -> (RatioUnit, Stated) {
        let hint = self.layout.hint(ratio);
        let default = self.default_of(definition);
        match (self.options.units.of(definition.name), hint) {
            (Some(unit), _) => (unit, Stated::Column),
            (None, Some(unit)) => (unit, Stated::File),
            (None, None) if default == RatioUnit::Percent => (default, Stated::File),
            (None, None) => (default, Stated::No),
        }
    }

    const fn default_of(&self, definition: &RatioDefinition) -> RatioUnit {
        if definition.is_share {
            self.options.ratio_unit
        } else {
            RatioUnit::Fraction
        }
    }

    /// Tells of a column of a few values that are rare in percent.
    fn few_in_percent(&self, units: &[RatioUnit], warnings: &mut Vec<JobWarning>) {
        for (ratio, (definition, stats, name)) in self.definitions().enumerate() {
            let is_stated = self.unit_of(ratio, definition).1 == Stated::Column;
            let few = (1..MIN_VALUES).contains(&stats.read.sizes.count);
            let median = stats.read.sizes.median().unwrap_or_default();
            let is_rare = units[ratio] == RatioUnit::Percent && !is_open(definition, median);
            if few && definition.is_share && is_rare && !is_stated {
                let detail = format!(
                    "{} is read in percent, and {median:.4} % is rare: send \
                     units={}:fraction if it is a fraction",
                    named(name, definition),
                    definition.name
                );
                warnings.push(warning("unit_doubtful", &[definition.name], detail));
            }
        }
    }

    /// Tells of rows whose shares are all in another unit than those of most rows.
    fn rows_in_another_unit(&self, units: &[RatioUnit], warnings: &mut Vec<JobWarning>) {
        let shares: Vec<RatioUnit> = self
            .definitions()
            .zip(units)
            .filter(|((definition, ..), _)| definition.is_share)
            .map(|(_, unit)| *unit)
            .collect();
        let is_all = |unit| shares.iter().all(|other| *other == unit);
        let (seen, other) = if is_all(RatioUnit::Percent) {
            (&self.small_rows, RatioUnit::Fraction)
        } else if is_all(RatioUnit::Fraction) {
            (&self.large_rows, RatioUnit::Percent)
        } else {
            return;
        };
        if seen.count == 0 || seen.count * 2 > self.rows {
            return;
        }
        warnings.push(warning(
            "rows_in_another_unit",
            &[],
            format!(
                "every share of {} looks like {other}, unlike those of the other rows; they are \
                 read like the others",
                seen.described("row")
            ),
        ));
    }
}

impl Survey {
    /// Checks the shares of a table with so few rows that a single column is not
    /// conclusive.
    fn tiny(&self, units: &[RatioUnit]) -> Vec<Wrong> {
        let shares: Vec<_> = self
            .definitions()
            .zip(units)
            .filter(|((definition, stats, _), _)| definition.is_share && stats.read.sizes.count > 0)
            .collect();
        let Some((_, unit)) = shares.first() else {
            return Vec::new();
        };
        let is_tiny = shares.iter().all(|((_, stats, _), other)| {
            stats.read.sizes.count < MIN_VALUES && other == unit && stats.read.signed.count == 0
        });
        let sizes: Vec<&Sizes> = shares
            .iter()
            .map(|((_, stats, _), _)| &stats.read.sizes)
            .collect();
        let verdict = units::judge_together(&sizes, **unit);
        if !is_tiny || verdict == Verdict::Agrees {
            return Vec::new();
        }
        shares
            .iter()
            .map(|((definition, stats, name), _)| Wrong {
                definition,
                name: (*name).to_owned(),
                median: stats.read.sizes.median().unwrap_or_default(),
                verdict,
                signed: None,
            })
            .collect()
    }
}

/// A column whose values do not look like its unit.
struct Wrong {
    definition: &'static RatioDefinition,
    name: String,
    median: f64,
    verdict: Verdict,
    /// The numbers with a unit sign, if these are meant.
    signed: Option<Seen>,
}

/// A column whose values agree with its unit: its median, and whether another unit would do, too.
type Right = (&'static RatioDefinition, f64, RatioUnit, bool);

impl Wrong {
    const fn looks(&self) -> Option<RatioUnit> {
        match self.verdict {
            Verdict::LooksLikePercent => Some(RatioUnit::Percent),
            Verdict::LooksLikeFraction => Some(RatioUnit::Fraction),
            _ => None,
        }
    }

    fn words(&self) -> String {
        let (name, median) = (named(&self.name, self.definition), self.median);
        if let Some(signed) = &self.signed {
            let median = median * 100.0;
            let numbers = signed.described("number");
            return match self.verdict {
                Verdict::Mixed => format!(
                    "{name} has unit signs on {numbers}, and some of these are 100 times as large \
                     as the others"
                ),
                _ => format!(
                    "{name} has unit signs on {numbers}, which make a median of {median:.4} %: \
                     the signs seem to be added to numbers in another unit"
                ),
            };
        }
        let plain = if self.definition.is_share {
            "fractions"
        } else {
            "plain multiples"
        };
        match self.verdict {
            Verdict::Mixed => format!(
                "{name} has values that look like percent among others that look like fractions \
                 (median {median:.4})"
            ),
            Verdict::OutOfScale => {
                format!("{name} is neither in {plain} nor in percent (median {median:.4})")
            }
            Verdict::Unclear => format!(
                "{name} may be in percent and may be in fractions, which cannot be told from its \
                 values (median {median:.4})"
            ),
            Verdict::LooksLikePercent | Verdict::Agrees => {
                format!("{name} looks like percent (median {median:.4})")
            }
            Verdict::LooksLikeFraction => {
                let plain = plain.trim_end_matches('s');
                format!("{name} looks like {plain} (median {median:.4})")
            }
        }
    }
}

/// Describes what is wrong with the units, and the options that settle it.
fn mismatch(wrong: &[Wrong], right: &[Right], kind: Kind) -> String {
    let mut found: Vec<String> = wrong.iter().map(Wrong::words).collect();
    // Where one share is in percent, another whose values would do in both units may be as well.
    let is_doubtful = |right: &&Right| {
        let (.., is_open) = **right;
        is_open
            && wrong
                .iter()
                .any(|w| w.definition.is_share && w.looks().is_some())
    };
    found.extend(right.iter().map(|all| {
        let (definition, median, unit, _) = all;
        let also = if is_doubtful(&all) {
            " and, being in percent, would be possible, too"
        } else {
            ""
        };
        format!(
            "{} agrees with {unit} (median {median:.4}){also}",
            definition.name
        )
    }));
    let open: Vec<&str> = wrong
        .iter()
        .filter(|w| w.verdict == Verdict::Unclear && w.signed.is_none())
        .map(|w| w.definition.name)
        .chain(right.iter().filter(is_doubtful).map(|(d, ..)| d.name))
        .collect();
    format!(
        "{}; {}, or send confirm_units=true if the values are right as they are",
        found.join("; "),
        remedies(wrong, &open, kind).join(" and ")
    )
}

fn remedies(wrong: &[Wrong], open: &[&str], kind: Kind) -> Vec<String> {
    let mut remedies = Vec::new();
    let names = |of: &dyn Fn(&&Wrong) -> bool| -> Vec<&str> {
        wrong.iter().filter(of).map(|w| w.definition.name).collect()
    };
    let signed = names(&|w| w.signed.is_some());
    if !signed.is_empty() {
        remedies.push(format!(
            "write {} without unit signs, and say its unit with units=",
            signed.join(", ")
        ));
    }
    let no_unit = |w: &&Wrong| {
        matches!(w.verdict, Verdict::Mixed | Verdict::OutOfScale) && w.signed.is_none()
    };
    let unsettled = names(&no_unit);
    if !unsettled.is_empty() {
        remedies.push(format!(
            "write {} in one unit, as fractions like 0.254 and multiples like 2.5",
            unsettled.join(", ")
        ));
    }
    let known: Vec<(&Wrong, RatioUnit)> = wrong
        .iter()
        .filter_map(|w| {
            w.looks()
                .filter(|_| w.signed.is_none())
                .map(|unit| (w, unit))
        })
        .collect();
    let shares = kind.ratios().iter().filter(|ratio| ratio.is_share).count();
    let is_one_unit = known.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let all_shares = known.iter().all(|(w, _)| w.definition.is_share);
    let pairs = |open_unit: Option<RatioUnit>| -> String {
        let known = known
            .iter()
            .map(|(w, unit)| format!("{}:{unit}", w.definition.name));
        let open = open
            .iter()
            .filter_map(|name| Some(format!("{name}:{}", open_unit?)));
        known.chain(open).collect::<Vec<_>>().join(",")
    };
    if !open.is_empty() {
        remedies.push(format!(
            "send units={} if {} is in percent, or units={} if it is in fractions",
            pairs(Some(RatioUnit::Percent)),
            open.join(", "),
            pairs(Some(RatioUnit::Fraction))
        ));
    } else if known.len() == shares && is_one_unit && all_shares {
        remedies.push(format!("send ratio_unit={}", known[0].1));
    } else if !known.is_empty() {
        let is_other = known.iter().any(|(_, unit)| *unit == RatioUnit::Percent);
        let if_so = if is_other {
            " if these are percent, not per mille or basis points"
        } else {
            ""
        };
        remedies.push(format!("send units={}{if_so}", pairs(None)));
    }
    remedies
}
