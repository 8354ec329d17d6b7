//! Rows of one file for the same company and period.

use std::collections::HashMap;

use accunode_domain::{
    prediction::{OnConflict, Period},
    ratio::RatioUnit,
};

use super::Candidate;

/// The rows of a chunk for one company and period, and the one that is to be stored.
#[derive(Debug)]
pub(super) struct Group<'c> {
    /// The first row, or the last if the last takes precedence.
    pub(super) chosen: Candidate<'c>,
    /// The other rows, in the file's order.
    pub(super) others: Vec<Candidate<'c>>,
}

/// Groups rows by symbol and period: within one chunk a symbol always means the same
/// company. Groups are in the order in which the file first names them.
pub(super) fn group<'c>(candidates: &[Candidate<'c>], on_conflict: OnConflict) -> Vec<Group<'c>> {
    let mut places: HashMap<(&str, Period), usize> = HashMap::with_capacity(candidates.len());
    let mut groups: Vec<Group<'c>> = Vec::with_capacity(candidates.len());
    for &candidate in candidates {
        let key = (
            candidate.scored.company.symbol.as_str(),
            candidate.scored.period,
        );
        if let Some(&place) = places.get(&key) {
            let group = &mut groups[place];
            let other = match on_conflict {
                OnConflict::Update => std::mem::replace(&mut group.chosen, candidate),
                OnConflict::Error | OnConflict::Skip => candidate,
            };
            group.others.push(other);
        } else {
            places.insert(key, groups.len());
            groups.push(Group {
                chosen: candidate,
                others: Vec::new(),
            });
        }
    }
    groups
}

/// Returns whether two rows have different ratios, compared as numbers, so that `25.4` and
/// `25.40` are equal.
pub(super) fn differ(
    one: (&[Option<String>], RatioUnit),
    other: (&[Option<String>], RatioUnit),
) -> bool {
    let same = |(a, b): (&Option<String>, &Option<String>)| match (a, b) {
        (Some(a), Some(b)) => {
            a == b
                || matches!((a.trim().parse::<f64>(), b.trim().parse::<f64>()), (Ok(a), Ok(b)) if a == b)
        }
        (None, None) => true,
        _ => false,
    };
    one.1 != other.1 || one.0.len() != other.0.len() || !one.0.iter().zip(other.0).all(same)
}

/// Returns whether two rows of a file have different ratios.
pub(super) fn have_other_ratios(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let (one, other) = (&one.scored.ratios, &other.scored.ratios);
    differ((&one.raw, one.unit), (&other.raw, other.unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_ratios_are_compared_as_numbers() {
        let row = |texts: &[Option<&str>]| -> Vec<Option<String>> {
            texts.iter().map(|text| text.map(str::to_owned)).collect()
        };
        let fraction = RatioUnit::Fraction;
        let a = row(&[Some("25.4"), None]);
        assert!(!differ(
            (&a, fraction),
            (&row(&[Some("25.40"), None]), fraction)
        ));
        assert!(differ(
            (&a, fraction),
            (&row(&[Some("25.4"), Some("1")]), fraction)
        ));
        assert!(differ(
            (&a, fraction),
            (&row(&[Some("25.5"), None]), fraction)
        ));
        assert!(
            differ((&a, fraction), (&a, RatioUnit::Percent)),
            "25.4 % is not 25.4"
        );
    }
}
