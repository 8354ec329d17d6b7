//! What is wrong with an input: every fault at once, each naming its place and rule.

use serde::{Deserialize, Serialize};

/// One thing wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where: a JSON pointer into the body (`/ratios/return_on_assets`), or a column's name.
    pub pointer: String,
    /// A stable code for programs, in snake_case.
    pub code: String,
    /// For people: the value, the rule, and what to do.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        }
    }

    /// The same fault one level deeper: `prefix` is put before the pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// A name that stands for no value of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is none of {allowed}")]
pub struct UnknownName {
    /// What was given.
    pub value: String,
    /// What would do, comma separated.
    pub allowed: String,
}

/// `Display` and `FromStr` by `as_str` and `ALL`: the same names in the API, the
/// database and every file.
macro_rules! text_enum {
    ($name:ty) => {
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
                        value: name.to_owned(),
                        allowed: Self::ALL.map(Self::as_str).join(", "),
                    })
            }
        }
    };
}
pub(crate) use text_enum;

/// At most 40 characters of a value, so that an error never repeats a megabyte.
#[must_use]
pub fn shorten(value: &str) -> String {
    match value.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}
