//! Definitions of default: the shipped ones, and those that owners make.
//!
//! A definition is never changed, because outcomes, coverage and reports name it; a new version
//! replaces it. One that is no longer used is retired: no new outcome names it.

use std::{fmt, str::FromStr};

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::{Fault, Faults, UnknownName, shorten},
    id::{DefaultDefinitionId, UserId},
    owner::Owner,
    text::{clean_prose, clean_text},
};

/// The longest code of a definition, in characters.
pub const LONGEST_CODE: usize = 40;
/// The highest version of a definition.
pub const LAST_VERSION: u32 = 99_999;
/// The longest name of a definition for readers, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest text that says when an obligation counts as past due, in characters.
pub const LONGEST_MATERIALITY: usize = 500;
/// The longest text that says where a definition is published, in characters.
pub const LONGEST_SOURCE: usize = 500;
/// The most days past due, and of a probation.
pub const MOST_DAYS: u16 = 3_650;
/// What the codes of definitions of everyone begin with, and no others. So a name means the same
/// definition to everyone who can read it.
const OF_EVERYONE: &str = "system_";
/// A code, `@` and a version.
const LONGEST_FULL_NAME: usize = LONGEST_CODE + 6;

/// A definition of default by its name and version, such as `crr_178@1`.
///
/// A name says nothing of whether an owner has such a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Definition {
    /// Article 178 of Regulation (EU) 575/2013, with the guidelines EBA/GL/2016/07.
    Crr178,
    /// A filing for bankruptcy: the definition that the shipped models were trained with.
    Bankruptcy,
    /// A definition that an owner made.
    Own(OwnDefinition),
}

/// The name and version of a definition that an owner made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnDefinition {
    full: ArrayString<LONGEST_FULL_NAME>,
    code: u8,
}

impl OwnDefinition {
    /// Returns the name of a definition; `None` if the code or the version is none.
    #[must_use]
    pub fn new(code: &str, version: u32) -> Option<Self> {
        let is_free = Definition::SHIPPED
            .iter()
            .all(|shipped| !shipped.as_str().starts_with(&format!("{code}@")));
        if !is_code(code) || !is_free || !(1..=LAST_VERSION).contains(&version) {
            return None;
        }
        Some(Self {
            full: ArrayString::from(&format!("{code}@{version}")).ok()?,
            code: u8::try_from(code.len()).ok()?,
        })
    }

    /// Returns the code, without the version.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.full[..usize::from(self.code)]
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> u32 {
        let version = &self.full[usize::from(self.code) + 1..];
        version.parse().unwrap_or(1)
    }

    /// Returns whether it is a definition of everyone, made by a super_admin.
    #[must_use]
    pub fn is_of_everyone(&self) -> bool {
        self.full.starts_with(OF_EVERYONE)
    }
}

/// Returns whether a text is a code: a to z, 0 to 9 and `_`, beginning with a letter.
fn is_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    code.len() <= LONGEST_CODE
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl Definition {
    /// The definitions that are part of the program.
    pub const SHIPPED: [Self; 2] = [Self::Crr178, Self::Bankruptcy];

    /// Returns the name and version, as in the API and the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Crr178 => "crr_178@1",
            Self::Bankruptcy => "bankruptcy@1",
            Self::Own(own) => &own.full,
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Definition {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        if let Some(shipped) = Self::SHIPPED.into_iter().find(|x| x.as_str() == name) {
            return Ok(shipped);
        }
        let parts = name.split_once('@');
        let own = parts.and_then(|(code, version)| {
            let digits = version.bytes().all(|b| b.is_ascii_digit());
            let version = Some(version).filter(|text| digits && !text.starts_with('0'));
            OwnDefinition::new(code, version?.parse().ok()?)
        });
        own.map(Self::Own).ok_or_else(|| UnknownName {
            value: shorten(name),
            allowed: format!(
                "{}, or code@version of a definition of yours",
                Self::SHIPPED.map(|x| x.to_string()).join(", ")
            ),
        })
    }
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// What a definition is based on.
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
pub enum DefinitionBasis {
    /// Article 178 of Regulation (EU) 575/2013.
    #[serde(rename = "crr_178")]
    #[strum(serialize = "crr_178")]
    Crr178,
    /// A filing for bankruptcy.
    Bankruptcy,
    /// A payment that was missed.
    MissedPayment,
    /// The definition of a rating agency.
    Agency,
    /// Something else, which its name and source describe.
    Other,
}

crate::fault::text_enum!(DefinitionBasis);

/// The terms of a definition of default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DefinitionTerms {
    /// The name of the definition, for readers.
    pub name: String,
    /// What it is based on.
    pub basis: DefinitionBasis,
    /// The number of days past due after which it is a default.
    pub days_past_due: Option<u16>,
    /// When an amount counts as past due, such as `1 % and EUR 500`.
    pub materiality: Option<String>,
    /// The number of days before a cure.
    pub probation_days: Option<u16>,
    /// The same after a distressed restructuring.
    pub forbearance_probation_days: Option<u16>,
    /// Where the definition is published.
    pub source: Option<String>,
}

/// A definition as it was sent; [`DefinitionDraft::check`] turns it into [`DefinitionFacts`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct DefinitionDraft {
    pub code: String,
    pub version: u32,
    pub name: String,
    pub basis: DefinitionBasis,
    pub days_past_due: Option<u16>,
    pub materiality: Option<String>,
    pub probation_days: Option<u16>,
    pub forbearance_probation_days: Option<u16>,
    pub source: Option<String>,
}

/// A definition that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFacts {
    /// Its code and version.
    pub definition: OwnDefinition,
    /// Its terms.
    pub terms: DefinitionTerms,
}

impl DefinitionDraft {
    /// Checks all fields of a definition of this owner.
    ///
    /// # Errors
    /// All faults in one list: `invalid_code`, `reserved_name`, `out_of_range`, `required`, and
    /// those of texts.
    pub fn check(&self, owner: Owner) -> Result<DefinitionFacts, Vec<Fault>> {
        let mut faults = Faults::new();
        faults.extend(self.fields());
        let code = self.code.trim();
        let is_system = owner == Owner::System;
        if is_code(code) && code.starts_with(OF_EVERYONE) != is_system {
            let rule = if is_system {
                format!("the codes of definitions of everyone begin with {OF_EVERYONE}")
            } else {
                format!("only the codes of definitions of everyone begin with {OF_EVERYONE}")
            };
            faults.push(Fault::new("/code", "reserved_name", rule));
        }
        let text = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        match OwnDefinition::new(code, self.version) {
            Some(definition) if faults.is_empty() => Ok(DefinitionFacts {
                definition,
                terms: DefinitionTerms {
                    name: self.name.trim().to_owned(),
                    basis: self.basis,
                    days_past_due: self.days_past_due,
                    materiality: text(&self.materiality),
                    probation_days: self.probation_days,
                    forbearance_probation_days: self.forbearance_probation_days,
                    source: text(&self.source),
                },
            }),
            _ => Err(faults.listed().to_vec()),
        }
    }

    /// The faults of the fields by themselves, whatever their owner is.
    #[must_use]
    pub fn fields(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let code = self.code.trim();
        if !is_code(code) {
            faults.push(Fault::new(
                "/code",
                "invalid_code",
                format!(
                    "{:?} is no code: 1 to {LONGEST_CODE} of a to z, 0 to 9 and `_`, beginning \
                     with a letter",
                    shorten(code)
                ),
            ));
        } else if OwnDefinition::new(code, 1).is_none() {
            let rule = format!("{code} is the code of a shipped definition; choose another");
            faults.push(Fault::new("/code", "reserved_name", rule));
        }
        if !(1..=LAST_VERSION).contains(&self.version) {
            faults.push(Fault::new(
                "/version",
                "out_of_range",
                format!("{} is no version; from 1 to {LAST_VERSION}", self.version),
            ));
        }
        let name = self.name.trim();
        if name.is_empty() {
            let rule = "say what the definition is called";
            faults.push(Fault::new("/name", "required", rule));
        } else {
            faults.extend(clean_text("/name", name, LONGEST_NAME).err());
        }
        for (pointer, text, longest) in [
            ("/materiality", &self.materiality, LONGEST_MATERIALITY),
            ("/source", &self.source, LONGEST_SOURCE),
        ] {
            let text = text.as_deref().map(str::trim);
            let text = text.filter(|text| !text.is_empty());
            let read = text.map(|text| clean_prose(pointer, text, longest));
            faults.extend(read.and_then(Result::err));
        }
        for (pointer, days) in [
            ("/days_past_due", self.days_past_due),
            ("/probation_days", self.probation_days),
            (
                "/forbearance_probation_days",
                self.forbearance_probation_days,
            ),
        ] {
            if let Some(days) = days.filter(|days| *days > MOST_DAYS) {
                let rule = format!("{days} days are too many; at most {MOST_DAYS}");
                faults.push(Fault::new(pointer, "out_of_range", rule));
            }
        }
        faults
    }
}

/// A definition of an owner, or a shipped one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultDefinition {
    /// Its id.
    pub id: DefaultDefinitionId,
    /// Its name and version.
    pub definition: Definition,
    /// Its terms.
    pub terms: DefinitionTerms,
    /// Since when no new outcome names it.
    pub retired_at: Option<Timestamp>,
    /// Its owner.
    pub owner: Owner,
    /// Who made it, and when; `None` for a shipped one.
    pub made: Option<(UserId, Timestamp)>,
    /// The number of changes; the ETag.
    pub row_version: i64,
}

impl DefaultDefinition {
    /// Returns the definitions that are part of the program, the latest id first. Everyone may
    /// read them; they cannot be changed or retired.
    #[must_use]
    pub fn shipped() -> [Self; 2] {
        [
            Self::part_of_the_program(
                2,
                Definition::Crr178,
                DefinitionTerms {
                    name: "Default as in Article 178 of the CRR".to_owned(),
                    basis: DefinitionBasis::Crr178,
                    days_past_due: Some(90),
                    materiality: Some("1 % and EUR 500, of retail exposures EUR 100".to_owned()),
                    probation_days: Some(90),
                    forbearance_probation_days: Some(365),
                    source: Some(
                        "Regulation (EU) 575/2013, Art. 178; EBA/GL/2016/07; Regulation (EU) 2018/171"
                            .to_owned(),
                    ),
                },
            ),
            Self::part_of_the_program(
                1,
                Definition::Bankruptcy,
                DefinitionTerms {
                    name: "Filing for bankruptcy within twelve months".to_owned(),
                    basis: DefinitionBasis::Bankruptcy,
                    days_past_due: None,
                    materiality: None,
                    probation_days: None,
                    forbearance_probation_days: None,
                    source: Some(
                        "The training data of the shipped models (Tomczak 2016; Lombardo et al. 2022)"
                            .to_owned(),
                    ),
                },
            ),
        ]
    }

    fn part_of_the_program(number: u128, definition: Definition, terms: DefinitionTerms) -> Self {
        const FIRST: u128 = 0x6163_6375_6e6f_8465_8178_0000_0000_0000;
        Self {
            id: DefaultDefinitionId(uuid::Uuid::from_u128(FIRST + number)),
            definition,
            terms,
            retired_at: None,
            owner: Owner::System,
            made: None,
            row_version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(code: &str, version: u32) -> DefinitionDraft {
        DefinitionDraft {
            code: code.to_owned(),
            version,
            name: "Missed payment".to_owned(),
            basis: DefinitionBasis::MissedPayment,
            days_past_due: Some(30),
            materiality: Some(" ".to_owned()),
            probation_days: None,
            forbearance_probation_days: None,
            source: Some(" Credit manual, 4.2 ".to_owned()),
        }
    }

    fn faults(found: Result<DefinitionFacts, Vec<Fault>>) -> Vec<(String, String)> {
        let faults = found.unwrap_err();
        let found = faults
            .iter()
            .map(|f| (f.pointer.to_string(), f.code.to_string()));
        found.collect()
    }

    const OWNER: Owner = Owner::User(UserId(uuid::Uuid::nil()));

    #[test]
    fn definition_name_round_trips_and_others_are_rejected() {
        for name in ["crr_178@1", "bankruptcy@1", "retail_30@2", "a@99999"] {
            let definition: Definition = name.parse().unwrap();
            assert_eq!(definition.to_string(), name);
            let json = serde_json::to_string(&definition).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(
                serde_json::from_str::<Definition>(&json).unwrap(),
                definition
            );
        }
        let Ok(Definition::Own(own)) = "retail_30@2".parse() else {
            panic!("a definition of an owner");
        };
        assert_eq!((own.code(), own.version()), ("retail_30", 2));
        assert!(!own.is_of_everyone());
        let longest = format!("{}@99999", "a".repeat(LONGEST_CODE));
        assert_eq!(longest.parse::<Definition>().unwrap().as_str(), longest);
        let longer = format!("{}@1", "a".repeat(LONGEST_CODE + 1));
        for name in [
            "",
            "@",
            "retail",
            "retail@",
            "retail@0",
            "retail@01",
            "retail@+1",
            "retail@100000",
            "Retail@1",
            "1a@1",
            "re tail@1",
            "re-tail@1",
            "é@1",
            "a@1@1",
            "crr_178@2",
            &longer,
        ] {
            assert!(name.parse::<Definition>().is_err(), "{name}");
        }
    }

    #[test]
    fn definition_draft_is_checked_and_trimmed() {
        let facts = draft("retail", 3).check(OWNER).unwrap();
        assert_eq!(Definition::Own(facts.definition).as_str(), "retail@3");
        assert_eq!(facts.terms.materiality, None);
        assert_eq!(facts.terms.source.as_deref(), Some("Credit manual, 4.2"));
    }

    #[test]
    fn invalid_definition_draft_reports_every_field() {
        let wrong = DefinitionDraft {
            name: " ".to_owned(),
            days_past_due: Some(MOST_DAYS + 1),
            probation_days: Some(u16::MAX),
            source: Some("x".repeat(LONGEST_SOURCE + 1)),
            ..draft("Retail", 0)
        };
        let pointers: Vec<_> = faults(wrong.check(OWNER));
        let pointers: Vec<_> = pointers.iter().map(|(pointer, _)| &**pointer).collect();
        assert_eq!(
            pointers,
            [
                "/code",
                "/version",
                "/name",
                "/source",
                "/days_past_due",
                "/probation_days"
            ]
        );
    }

    /// A name means one definition to everyone who can read it.
    #[test]
    fn codes_of_everyone_are_reserved_for_the_system() {
        let reserved = vec![("/code".to_owned(), "reserved_name".to_owned())];
        assert_eq!(faults(draft("system_agency", 1).check(OWNER)), reserved);
        assert_eq!(faults(draft("agency", 1).check(Owner::System)), reserved);
        assert_eq!(faults(draft("crr_178", 2).check(OWNER)), reserved);
        let facts = draft("system_agency", 1).check(Owner::System).unwrap();
        assert!(facts.definition.is_of_everyone());
    }
}
