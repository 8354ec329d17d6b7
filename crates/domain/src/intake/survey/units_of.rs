//! In which unit each column is, and the columns that do not look like it.

use super::{Survey, findings::warning};
use crate::{
    fault::Fault,
    intake::{
        column::named,
        units::{self, MIN_VALUES, Verdict},
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

/// A column whose values do not look like its unit.
struct Wrong {
    definition: &'static RatioDefinition,
    name: String,
    median: f64,
    verdict: Verdict,
}

/// What is wrong with the units, and the option that settles it.
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
            format!(
                "{} looks like {} (median {:.4})",
                named(&w.name, w.definition),
                looks(w.verdict),
                w.median
            )
        })
        .collect();
    told.extend(right.iter().map(|(definition, median, unit)| {
        format!(
            "{} agrees with {unit} (median {median:.4})",
            definition.name
        )
    }));
    let shares = kind.ratios().iter().filter(|ratio| ratio.is_share).count();
    let is_whole_file = wrong.len() == shares
        && wrong
            .iter()
            .all(|w| w.definition.is_share && looks(w.verdict) == looks(wrong[0].verdict));
    let remedy = if is_whole_file {
        format!("ratio_unit={}", looks(wrong[0].verdict))
    } else {
        let units: Vec<_> = wrong
            .iter()
            .map(|w| format!("{}:{}", w.definition.name, looks(w.verdict)))
            .collect();
        format!("units={}", units.join(","))
    };
    format!(
        "{}; send {remedy}, or confirm_units=true if the values are right as they are",
        told.join("; ")
    )
}
