//! Finds rows of one company and period whose ratios differ. An upload stores one of them and
//! reports the others; here every row is scored.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

use accunode_application::bulk_uploads::offline::OfflineScore;

/// The rows so far by their company and period, as hashes of both and of the ratios: 20 bytes for
/// each row of a file.
#[derive(Debug, Default)]
pub(super) struct RepeatedRows {
    seen: HashMap<u64, u64>,
    count: u64,
    first: Option<String>,
}

impl RepeatedRows {
    /// Adds a row.
    pub(super) fn see(&mut self, row: u32, score: &OfflineScore) {
        let key = (score.company.symbol.as_str(), score.period.to_string());
        let values = score.ratios.values().iter();
        let values: Vec<Option<u32>> = values.map(|ratio| ratio.scored.map(f32::to_bits)).collect();
        self.add(row, &key, hash(&values));
    }

    fn add(&mut self, row: u32, key: &(&str, String), ratios: u64) {
        match self.seen.entry(hash(key)) {
            Entry::Vacant(new) => {
                new.insert(ratios);
            }
            Entry::Occupied(before) if *before.get() != ratios => {
                self.count += 1;
                let (symbol, period) = key;
                self.first
                    .get_or_insert_with(|| format!("{symbol} {period} in row {row}"));
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Returns the warning about them.
    pub(super) fn warning(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let (rows, verb) = if self.count == 1 {
            ("row", "repeats")
        } else {
            ("rows", "repeat")
        };
        Some(format!(
            "{} {rows} {verb} a company and a period with other ratios, first {first}: each is \
             scored, and an upload would store one of them",
            self.count
        ))
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_with_other_ratios_of_the_same_period_is_reported() {
        let mut rows = RepeatedRows::default();
        let key = |symbol| (symbol, "2024".to_owned());
        rows.add(2, &key("A"), 1);
        rows.add(3, &key("B"), 1);
        rows.add(4, &key("A"), 1);
        assert_eq!(rows.warning(), None);
        rows.add(5, &key("A"), 2);
        let warning = rows.warning().unwrap();
        assert!(warning.starts_with("1 row repeats") && warning.contains("A 2024 in row 5"));
    }
}
