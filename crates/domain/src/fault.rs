//! Faults of an input, all collected together; each names its place and its rule.
//!
//! The sender of an input controls how much is wrong with it, so both the number of faults
//! ([`MAX_FAULTS`]) and the length of each are limited here.

use serde::{Deserialize, Serialize};

/// The largest number of faults that are collected from one input.
pub const MAX_FAULTS: usize = 100;
/// The longest pointer of a fault, in bytes.
const MAX_POINTER: usize = 250;
/// The longest detail of a fault, in bytes.
const MAX_DETAIL: usize = 1_500;

/// One fault of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The place: a JSON pointer into the body (`/ratios/return_on_assets`), or a column's name.
    pub pointer: String,
    /// A stable code for programs, in snake_case.
    pub code: String,
    /// A message for users: the value, the rule, and the remedy.
    pub detail: String,
}

impl Fault {
    /// Creates a fault at `pointer`. Pointers beyond 250 bytes and details beyond 1,500 bytes are
    /// truncated, because both may repeat what was sent.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: bounded(pointer.into(), MAX_POINTER),
            code: code.into(),
            detail: bounded(detail.into(), MAX_DETAIL),
        }
    }

    /// Returns the same fault one level deeper: `prefix` is put before the pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// Returns a text of at most `max` bytes and an ellipsis.
fn bounded(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
        // Frees the memory of the part that was truncated.
        text.shrink_to_fit();
    }
    text
}

/// The faults of one input: the first [`MAX_FAULTS`], and whether there are more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    more: bool,
}

impl Faults {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            listed: Vec::new(),
            more: false,
        }
    }

    /// Adds a fault, or only records that there are more if [`MAX_FAULTS`] are listed.
    pub fn push(&mut self, fault: Fault) {
        if self.listed.len() < MAX_FAULTS {
            self.listed.push(fault);
        } else {
            self.more = true;
        }
    }

    /// Records that the input was not checked completely.
    pub const fn note_more(&mut self) {
        self.more = true;
    }

    /// Returns the listed faults, in the order in which they were found.
    #[must_use]
    pub fn listed(&self) -> &[Fault] {
        &self.listed
    }

    /// Returns whether there are more faults than are listed.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.more
    }

    /// Returns whether there is no fault.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.listed.is_empty() && !self.more
    }

    /// Returns whether a listed fault has this pointer.
    #[must_use]
    pub fn is_listed_at(&self, pointer: &str) -> bool {
        self.listed.iter().any(|fault| fault.pointer == pointer)
    }
}

impl Extend<Fault> for Faults {
    /// Consumes no more faults from the iterator than needed to know that there are more.
    fn extend<I: IntoIterator<Item = Fault>>(&mut self, faults: I) {
        for fault in faults {
            if self.more {
                break;
            }
            self.push(fault);
        }
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut collected = Self::new();
        collected.extend(faults);
        collected
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        faults.into_iter().collect()
    }
}

/// A name that is not a value of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is none of {allowed}")]
pub struct UnknownName {
    /// The name that was given.
    pub value: String,
    /// The allowed names, separated by commas.
    pub allowed: String,
}

/// `ALL`, `as_str`, `Display` and `FromStr` of an enumeration with the derives of strum: the same
/// names in the API, the database and every file.
macro_rules! text_enum {
    ($name:ty) => {
        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: [Self; <Self as strum::EnumCount>::COUNT] =
                match <Self as strum::VariantArray>::VARIANTS.first_chunk() {
                    Some(all) => *all,
                    None => panic!("there are as many as are counted"),
                };

            /// Returns the name in the API and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                self.into_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::fault::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|x| x.as_str() == name)
                    .ok_or_else(|| $crate::fault::UnknownName {
                        value: $crate::fault::shorten(name),
                        allowed: Self::ALL.map(Self::as_str).join(", "),
                    })
            }
        }
    };
}
pub(crate) use text_enum;

/// Returns at most 40 characters of a value, so that an error never repeats a megabyte.
#[must_use]
pub fn shorten(value: &str) -> String {
    match value.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_beyond_the_limit_are_only_flagged_as_more() {
        let fault = |n: usize| Fault::new(format!("/{n}"), "wrong", "no");
        let mut faults: Faults = (0..MAX_FAULTS).map(fault).collect();
        assert!(!faults.has_more());
        faults.push(fault(MAX_FAULTS));
        assert!(faults.has_more());
        assert_eq!(faults.listed().len(), MAX_FAULTS);
        // An endless iterator is not read beyond the first fault over the limit.
        let endless: Faults = std::iter::repeat_with(|| fault(0)).collect();
        assert_eq!(endless.listed().len(), MAX_FAULTS);
        assert!(Faults::new().is_empty() && !endless.is_empty());
    }

    #[test]
    fn fault_truncates_a_long_pointer_and_detail() {
        let long = "ł".repeat(1 << 20);
        let fault = Fault::new(long.clone(), "wrong", long);
        assert!(fault.pointer.len() <= MAX_POINTER + 3);
        assert!(fault.detail.len() <= MAX_DETAIL + 3);
        assert!(fault.detail.ends_with("ł…"));
    }
}
