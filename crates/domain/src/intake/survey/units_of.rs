//! The unit of each column, and the columns whose values contradict it.

use super::{Survey, findings::warning};
use crate::{
    fault::Fault,
    intake::{
        column::named,
        units::{self, MIN_VALUES, Sizes, Verdict},
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
                let given = self.options.units.of(definition.name);
                let hint = self.layout.hint(ratio).filter(|_| definition.is_share);
                let default = if definition.is_share {
                    self.options.ratio_unit
                } else {
                    RatioUnit::Fraction
                };
                let unit = given.or(hint).unwrap_or(default);
                if given.is_none() && hint.is_some_and(|hint| hint != default) && stats.unsigned > 0
                {
                    hinted.push((definition, name, unit));
                }
                let verdict = units::judge(definition, &stats.sizes, unit);
                let median = stats.sizes.median().unwrap_or_default();
                match verdict {
                    Verdict::Agrees => {
                        if definition.is_share && stats.sizes.count >= MIN_VALUES {
                            right.push((definition, median, unit));
                        }
                    }
                    _ => wrong.push(Wrong {
                        definition,
                        name: name.to_owned(),
                        median,
                        verdict,
                    }),
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
            let told = mismatch(&wrong, &right, self.layout.kind());
            if self.options.confirmed {
                let names: Vec<&str> = wrong.iter().map(|w| w.definition.name).collect();
                warnings.push(warning("unit_mismatch", &names, told));
            } else {
                faults.push(Fault::new("/ratio_unit", "unit_mismatch", told));
            }
        }
        for (definition, stats, name) in self.definitions() {
            let mixed = stats.percents.count > 0 && stats.unsigned > 0;
            if definition.is_share && mixed {
                warnings.push(warning(
                    "some_percent_signs",
                    &[definition.name],
                    format!(
                        "{} has {} and {} numbers without a sign, which are read in the unit of \
                         the column",
                        named(name, definition),
                        stats.percents.told("number with a percent sign"),
                        stats.unsigned
                    ),
                ));
            }
        }
        units
    }
}

impl Survey {
    /// Checks the shares of a table with so few rows that a single column is not
    /// conclusive.
    fn tiny(&self, units: &[RatioUnit]) -> Vec<Wrong> {
        let shares: Vec<_> = self
            .definitions()
            .zip(units)
            .filter(|((definition, stats, _), _)| definition.is_share && stats.sizes.count > 0)
            .collect();
        let Some((_, unit)) = shares.first() else {
            return Vec::new();
        };
        let is_tiny = shares.iter().all(|((_, stats, _), other)| {
            stats.sizes.count < MIN_VALUES && other == unit && stats.percents.count == 0
        });
        let sizes: Vec<&Sizes> = shares
            .iter()
            .map(|((_, stats, _), _)| &stats.sizes)
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
                median: stats.sizes.median().unwrap_or_default(),
                verdict,
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
}

/// Describes what is wrong with the units, and the option that settles it.
fn mismatch(
    wrong: &[Wrong],
    right: &[(&'static RatioDefinition, f64, RatioUnit)],
    kind: Kind,
) -> String {
    let looks = |verdict: Verdict| match verdict {
        Verdict::LooksLikePercent => RatioUnit::Percent,
        _ => RatioUnit::Fraction,
    };
    let mut told: Vec<String> = wrong
        .iter()
        .map(|w| {
            let name = named(&w.name, w.definition);
            match w.verdict {
                Verdict::Mixed => format!(
                    "{name} has values that look like percent among others that look like \
                     fractions (median {:.4})",
                    w.median
                ),
                Verdict::OutOfScale => format!(
                    "{name} is neither in {} nor in percent (median {:.4})",
                    if w.definition.is_share {
                        "fractions"
                    } else {
                        "plain multiples"
                    },
                    w.median
                ),
                verdict => format!(
                    "{name} looks like {} (median {:.4})",
                    looks(verdict),
                    w.median
                ),
            }
        })
        .collect();
    told.extend(right.iter().map(|(definition, median, unit)| {
        format!(
            "{} agrees with {unit} (median {median:.4})",
            definition.name
        )
    }));
    let no_unit = |w: &&Wrong| matches!(w.verdict, Verdict::Mixed | Verdict::OutOfScale);
    let unsettled: Vec<&str> = wrong
        .iter()
        .filter(no_unit)
        .map(|w| w.definition.name)
        .collect();
    let wrong: Vec<&Wrong> = wrong.iter().filter(|w| !no_unit(w)).collect();
    let mut remedies = Vec::new();
    if !unsettled.is_empty() {
        remedies.push(format!(
            "write {} in one unit, as fractions like 0.254 and multiples like 2.5",
            unsettled.join(", ")
        ));
    }
    let shares = kind.ratios().iter().filter(|ratio| ratio.is_share).count();
    let is_whole_file = wrong.len() == shares
        && wrong
            .iter()
            .all(|w| w.definition.is_share && looks(w.verdict) == looks(wrong[0].verdict));
    if is_whole_file {
        remedies.push(format!("send ratio_unit={}", looks(wrong[0].verdict)));
    } else if !wrong.is_empty() {
        let units: Vec<_> = wrong
            .iter()
            .map(|w| format!("{}:{}", w.definition.name, looks(w.verdict)))
            .collect();
        remedies.push(format!("send units={}", units.join(",")));
    }
    format!(
        "{}; {}, or send confirm_units=true if the values are right as they are",
        told.join("; "),
        remedies.join(" and ")
    )
}
