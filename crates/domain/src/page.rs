//! Pages of lists, by key and never by offset.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::fault::{Fault, text_enum};

/// The number of rows of a page: 1 to 1,000, 20 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The largest page.
    pub const MAX: u32 = 1_000;

    /// # Errors
    /// `out_of_range` at `/limit`.
    pub fn new(value: u32) -> Result<Self, Fault> {
        if (1..=Self::MAX).contains(&value) {
            Ok(Self(value))
        } else {
            Err(Fault::new(
                "/limit",
                "out_of_range",
                format!("{value} is not within 1 to {}", Self::MAX),
            ))
        }
    }

    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

/// The order of a list. Each order has an index behind the owner's key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Sort {
    /// Newest first.
    #[default]
    CreatedAt,
    /// Highest PD first (predictions).
    Pd,
    /// By name, A to Z (companies).
    Name,
    /// By symbol, A to Z (companies).
    Symbol,
    /// Oldest change first, so that a cursor can follow changes (companies, predictions).
    UpdatedAt,
}

text_enum!(Sort);

/// The position where a page ended: the value of the sort key and the id of its last row, so
/// that ties are neither skipped nor repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The order of the list; a cursor of another order is refused.
    pub sort: Sort,
    /// The last row's sort key as text: microseconds since 1970 for times, the
    /// shortest decimal that reads back to the same number for PDs.
    pub key: String,
    /// The last row's id.
    pub id: uuid::Uuid,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The position where the next page starts; `None` on the last page. In the order of
    /// changes it is `None` only on a page without rows, because later changes follow every
    /// cursor.
    pub next: Option<Cursor>,
}
