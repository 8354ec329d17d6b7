//! Master scales of owners, in addition to the shipped one.
//!
//! A scale is never changed, because figures and reports refer to it by name; a new version
//! replaces it.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::{Fault, Faults, shorten},
    id::{RatingScaleId, UserId},
    owner::Owner,
    validation::{Grade, MasterScale},
};

/// The longest name of a scale, in characters.
pub const LONGEST_NAME: usize = 40;
/// The highest version of a scale.
pub const LAST_VERSION: u32 = 99_999;
/// The prefix that is reserved for the names of shipped scales.
const SHIPPED_NAMES: &str = "accunode";

/// The status of a scale.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ScaleStatus {
    /// Made; figures and back-tests can name it.
    Draft,
    /// The scale that its owner grades by. The shipped one is active for everyone.
    Active,
    /// No longer to be used.
    Retired,
}

crate::fault::text_enum!(ScaleStatus);

/// A scale as it was sent; [`ScaleDraft::check`] turns it into [`ScaleFacts`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct ScaleDraft {
    pub name: String,
    pub version: u32,
    pub grades: Vec<Grade>,
}

/// A scale with its name, such as `retail@2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedScale {
    /// Its name and version.
    pub name: String,
    /// Its grades.
    pub grades: MasterScale,
}

impl NamedScale {
    /// Returns the scale that is part of the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            name: MasterScale::SHIPPED.to_owned(),
            grades: MasterScale::shipped(),
        }
    }
}

/// A scale that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleFacts {
    /// Its name, without its version.
    pub name: String,
    /// 1 to [`LAST_VERSION`].
    pub version: u32,
    /// Its grades.
    pub scale: MasterScale,
}

impl ScaleDraft {
    /// Checks all fields.
    ///
    /// # Errors
    /// All faults in one list: `invalid_name`, `reserved_name`, `out_of_range`, and those of
    /// [`MasterScale::new`].
    pub fn check(self) -> Result<ScaleFacts, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = self.name.trim();
        let mut bytes = name.bytes();
        let is_name = name.len() <= LONGEST_NAME
            && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        if !is_name {
            faults.push(Fault::new(
                "/name",
                "invalid_name",
                format!(
                    "{:?} is no name of a scale: 1 to {LONGEST_NAME} of a to z, 0 to 9, `_` and \
                     `-`, beginning with a letter",
                    shorten(name)
                ),
            ));
        } else if name.starts_with(SHIPPED_NAMES) {
            faults.push(Fault::new(
                "/name",
                "reserved_name",
                format!("names that begin with {SHIPPED_NAMES} are those of shipped scales"),
            ));
        }
        let version = self.version;
        if !(1..=LAST_VERSION).contains(&version) {
            faults.push(Fault::new(
                "/version",
                "out_of_range",
                format!("{version} is no version; from 1 to {LAST_VERSION}"),
            ));
        }
        let name = name.to_owned();
        match MasterScale::new(self.grades) {
            Ok(scale) if faults.is_empty() => Ok(ScaleFacts {
                name,
                version,
                scale,
            }),
            Ok(_) => Err(faults.listed().to_vec()),
            Err(more) => {
                faults.extend(more);
                Err(faults.listed().to_vec())
            }
        }
    }
}

/// A scale of an owner, or the shipped one.
#[derive(Clone, Debug, PartialEq)]
pub struct RatingScale {
    /// Its id.
    pub id: RatingScaleId,
    /// Its name, without its version.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its status.
    pub status: ScaleStatus,
    /// Its grades.
    pub scale: MasterScale,
    /// Its owner.
    pub owner: Owner,
    /// Who made it, and when; `None` for the shipped one.
    pub made: Option<(UserId, Timestamp)>,
    /// The number of changes; the ETag.
    pub row_version: i64,
}

impl RatingScale {
    /// The id of the shipped scale, which has no row.
    pub const SHIPPED: RatingScaleId = RatingScaleId(uuid::Uuid::from_u128(
        0x6163_6375_6e6f_8465_8017_0000_0000_0001,
    ));

    /// Returns the scale that is part of the program. Everyone may read it; it cannot be
    /// changed.
    #[must_use]
    pub fn shipped() -> Self {
        let (name, version) = MasterScale::SHIPPED
            .split_once('@')
            .unwrap_or((MasterScale::SHIPPED, "1"));
        Self {
            id: Self::SHIPPED,
            name: name.to_owned(),
            version: version.parse().unwrap_or(1),
            status: ScaleStatus::Active,
            scale: MasterScale::shipped(),
            owner: Owner::System,
            made: None,
            row_version: 1,
        }
    }

    /// Returns the name and version: `retail@2`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Returns the scale with its name.
    #[must_use]
    pub fn named(self) -> NamedScale {
        NamedScale {
            name: self.full_name(),
            grades: self.scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, version: u32) -> ScaleDraft {
        ScaleDraft {
            name: name.to_owned(),
            version,
            grades: MasterScale::shipped().grades().to_vec(),
        }
    }

    #[test]
    fn invalid_scale_draft_reports_every_field() {
        let mut wrong = draft("Retail", 0);
        wrong.grades.truncate(6);
        let faults = wrong.check().unwrap_err();
        let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
        assert_eq!(
            found,
            [
                ("/name", "invalid_name"),
                ("/version", "out_of_range"),
                ("/grades", "too_few_grades"),
                ("/grades/5/pd_to", "gap"),
            ]
        );
    }

    #[test]
    fn scale_name_is_short_and_not_reserved() {
        for name in ["retail", "a", "retail-12_b", &"a".repeat(LONGEST_NAME)] {
            assert_eq!(draft(name, 1).check().unwrap().name, name);
        }
        for name in [
            "",
            "1a",
            "-a",
            "a b",
            "é",
            "a@1",
            &"a".repeat(LONGEST_NAME + 1),
        ] {
            assert_eq!(draft(name, 1).check().unwrap_err()[0].code, "invalid_name");
        }
        let taken = draft("accunode-17", 1).check().unwrap_err();
        assert_eq!(taken[0].code, "reserved_name");
    }

    #[test]
    fn the_shipped_scale_has_a_fixed_id_and_name() {
        let shipped = RatingScale::shipped();
        assert_eq!(shipped.full_name(), "accunode-17@1");
        assert_eq!(
            shipped.id.to_string(),
            "61636375-6e6f-8465-8017-000000000001"
        );
        assert_eq!(shipped.named(), NamedScale::shipped());
    }
}
