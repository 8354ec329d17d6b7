//! Companies whose risk is predicted.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decimal::Decimal,
    fault::{Fault, shorten},
    id::{CompanyId, UserId},
    identifier::{IdentifierChanges, Identifiers},
    owner::Owner,
    text::clean_text,
};

/// The country of a company whose description names none, as in the schema.
pub const DEFAULT_COUNTRY: &str = "USA";

/// The country of a company whose description names one that cannot be understood: a code that ISO
/// 3166 leaves to its users.
pub const UNKNOWN_COUNTRY: &str = "ZZZ";

/// The currency of a company whose description names one that cannot be understood: the code of ISO
/// 4217 for no currency.
pub const UNKNOWN_CURRENCY: &str = "XXX";

/// The sector of a company whose sector is not given.
pub const UNKNOWN_SECTOR: &str = "Unknown";

/// A ticker or another identifier, upper-cased, 1 to [`Symbol::LONGEST`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(String);

impl Symbol {
    /// The largest number of characters.
    pub const LONGEST: usize = 32;

    /// Reads a symbol: letters and digits of ASCII, `.`, `-`, `/`, `_`, `&`, `^`, `=`, `:`,
    /// `+`, and single blanks inside, as vendors write them (`NASDAQGS:AAPL`, `BRK/B`,
    /// `AAPL US EQUITY`). Letters of other alphabets are refused, because they could be
    /// mistaken for these.
    ///
    /// # Errors
    /// `required` or `invalid_symbol` at `pointer`.
    pub fn parse(pointer: &str, value: &str) -> Result<Self, Fault> {
        let text = value.trim().to_ascii_uppercase();
        if text.is_empty() {
            return Err(Fault::new(pointer, "required", "must not be empty"));
        }
        let sound = text.len() <= Self::LONGEST
            && !text.contains("  ")
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-/_&^=:+ ".contains(c))
            && text.chars().any(|c| c.is_ascii_alphanumeric());
        if sound {
            Ok(Self(text))
        } else {
            Err(Fault::new(
                pointer,
                "invalid_symbol",
                match text.chars().find(|c| !c.is_ascii()) {
                    None => format!(
                        "{:?} is not a symbol: 1 to {} letters, digits, single blanks or \
                         . - / _ & ^ = : +",
                        shorten(value),
                        Self::LONGEST
                    ),
                    Some(c) => format!(
                        "{:?} contains U+{:04X}, and a symbol has letters A to Z, digits, single \
                         blanks and . - / _ & ^ = : + only; type it anew",
                        shorten(value),
                        u32::from(c)
                    ),
                },
            ))
        }
    }

    /// Wraps a symbol that was checked when it was stored.
    #[must_use]
    pub fn from_stored(value: String) -> Self {
        Self(value)
    }

    /// The symbol as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The description of a company, independent of its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyProfile {
    /// Unique within one owner.
    pub symbol: Symbol,
    /// At most 200 characters.
    pub name: String,
    /// At most 100 characters; [`UNKNOWN_SECTOR`] where none is given.
    pub sector: String,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// In whole units of `currency`, above zero.
    pub market_cap: Option<i64>,
    /// ISO 3166 alpha-3, upper-cased.
    pub country: String,
    /// ISO 4217, upper-cased.
    pub currency: String,
    /// At most 64 characters.
    pub exchange: Option<String>,
    /// The company's identifiers; each is unique within one owner.
    #[serde(default)]
    pub identifiers: Identifiers,
}

/// The exclusive upper bound of market capitalizations.
const MAX_MARKET_CAP: i64 = 9_000_000_000_000_000_000;

/// A description as it was sent; [`CompanyDraft::check`] turns it into a profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompanyDraft {
    pub symbol: String,
    pub name: Option<String>,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub market_cap: Option<Decimal>,
    pub country: Option<String>,
    pub currency: Option<String>,
    pub exchange: Option<String>,
    pub identifiers: Identifiers,
}

impl CompanyDraft {
    /// Returns a description that contains only the symbol, as the base for callers that
    /// set some of the fields.
    #[must_use]
    pub fn of_symbol(symbol: impl Into<String>) -> Self {
        Self {
            symbol: symbol.into(),
            ..Self::default()
        }
    }

    /// Checks every field; a missing name is the symbol, a missing sector
    /// [`UNKNOWN_SECTOR`], country USA and currency USD as the schema has it.
    ///
    /// # Errors
    /// Every fault, with pointers `/symbol`, `/name` and so on.
    pub fn check(&self) -> Result<CompanyProfile, Vec<Fault>> {
        self.check_beside(&Identifiers::default())
    }

    /// As [`Self::check`]; identifiers that are stored already are not checked again.
    fn check_beside(&self, stored: &Identifiers) -> Result<CompanyProfile, Vec<Fault>> {
        let mut faults = Vec::new();
        let symbol = Symbol::parse("/symbol", &self.symbol)
            .map_err(|f| faults.push(f))
            .ok();
        let mut text = |pointer: &str, value: &Option<String>, max| {
            value
                .as_deref()
                .filter(|v| !v.trim_matches(' ').is_empty())
                .and_then(|v| clean_text(pointer, v, max).map_err(|f| faults.push(f)).ok())
        };
        let name = text("/name", &self.name, 200);
        let sector = text("/sector", &self.sector, 100);
        let industry = text("/industry", &self.industry, 100);
        let exchange = text("/exchange", &self.exchange, 64);
        let mut code = |pointer: &str, value: &Option<String>, default: &str| {
            let given = value.as_deref().map(str::trim).filter(|v| !v.is_empty());
            let text = given.unwrap_or(default).to_uppercase();
            if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_uppercase()) {
                faults.push(Fault::new(
                    pointer,
                    "invalid_code",
                    format!(
                        "{:?} is not a three-letter code like {default}",
                        shorten(&text)
                    ),
                ));
            }
            text
        };
        let country = code("/country", &self.country, DEFAULT_COUNTRY);
        let currency = code("/currency", &self.currency, "USD");
        let market_cap = self.market_cap.as_ref().and_then(|value| {
            let whole = value.to_whole().filter(|whole| *whole < MAX_MARKET_CAP);
            if value.is_positive() && whole.is_some() {
                return whole.map(|whole| whole.max(1));
            }
            faults.push(Fault::new(
                "/market_cap",
                "out_of_range",
                format!("{value} must be above 0 and below 9e18"),
            ));
            None
        });
        let identifiers = self.identifiers.check(stored).unwrap_or_else(|more| {
            faults.extend(more);
            Identifiers::default()
        });
        match symbol {
            Some(symbol) if faults.is_empty() => Ok(CompanyProfile {
                name: name.unwrap_or_else(|| symbol.as_str().to_owned()),
                sector: sector.unwrap_or_else(|| UNKNOWN_SECTOR.to_owned()),
                symbol,
                industry,
                market_cap,
                country,
                currency,
                exchange,
                identifiers,
            }),
            _ => Err(faults),
        }
    }
}

impl CompanyDraft {
    /// Checks what differs from the stored profile: stored values were checked by the rules
    /// of their time and stay valid.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_change(&self, stored: &CompanyProfile) -> Result<CompanyProfile, Vec<Fault>> {
        let same_symbol = self.symbol == stored.symbol.as_str();
        let is = |new: &Option<String>, old: &str| new.as_deref() == Some(old);
        let (same_name, same_sector) = (
            is(&self.name, &stored.name),
            is(&self.sector, &stored.sector),
        );
        let same_industry = self.industry == stored.industry;
        let same_exchange = self.exchange == stored.exchange;
        let unless = |same: bool, value: &Option<String>| value.clone().filter(|_| !same);
        let mut profile = Self {
            symbol: if same_symbol {
                "X".to_owned()
            } else {
                self.symbol.clone()
            },
            name: unless(same_name, &self.name),
            sector: unless(same_sector, &self.sector),
            industry: unless(same_industry, &self.industry),
            exchange: unless(same_exchange, &self.exchange),
            ..self.clone()
        }
        .check_beside(&stored.identifiers)?;
        if same_symbol {
            profile.symbol = stored.symbol.clone();
        }
        if same_name {
            profile.name.clone_from(&stored.name);
        }
        if same_sector {
            profile.sector.clone_from(&stored.sector);
        }
        if same_industry {
            profile.industry.clone_from(&stored.industry);
        }
        if same_exchange {
            profile.exchange.clone_from(&stored.exchange);
        }
        Ok(profile)
    }
}

/// Changes of a description. `None` keeps a field, and `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the profile")]
pub struct CompanyChanges {
    pub symbol: Option<String>,
    pub name: Option<String>,
    pub sector: Option<String>,
    pub industry: Option<Option<String>>,
    pub market_cap: Option<Option<Decimal>>,
    pub country: Option<String>,
    pub currency: Option<String>,
    pub exchange: Option<Option<String>>,
    pub identifiers: IdentifierChanges,
}

impl CompanyChanges {
    /// Returns the stored description with the changes applied, to be checked by
    /// [`CompanyDraft::check_change`].
    ///
    /// # Errors
    /// `required` for each field that would be emptied and must not be.
    pub fn of(&self, stored: &CompanyProfile) -> Result<CompanyDraft, Vec<Fault>> {
        // An empty text would be replaced by a default that the caller did not ask for.
        let emptied: Vec<Fault> = [
            ("/symbol", &self.symbol),
            ("/name", &self.name),
            ("/sector", &self.sector),
            ("/country", &self.country),
            ("/currency", &self.currency),
        ]
        .into_iter()
        .filter(|(_, value)| value.as_deref().is_some_and(|text| text.trim().is_empty()))
        .map(|(pointer, _)| Fault::new(pointer, "required", "must not be empty"))
        .collect();
        if !emptied.is_empty() {
            return Err(emptied);
        }
        let kept =
            |new: &Option<String>, old: &str| Some(new.clone().unwrap_or_else(|| old.to_owned()));
        let or_stored = |new: &Option<Option<String>>, old: &Option<String>| {
            new.clone().unwrap_or_else(|| old.clone())
        };
        let symbol = self.symbol.clone();
        let market_cap = self.market_cap.clone();
        Ok(CompanyDraft {
            symbol: symbol.unwrap_or_else(|| stored.symbol.as_str().to_owned()),
            name: kept(&self.name, &stored.name),
            sector: kept(&self.sector, &stored.sector),
            industry: or_stored(&self.industry, &stored.industry),
            market_cap: market_cap.unwrap_or_else(|| stored.market_cap.map(Decimal::from)),
            country: kept(&self.country, &stored.country),
            currency: kept(&self.currency, &stored.currency),
            exchange: or_stored(&self.exchange, &stored.exchange),
            identifiers: self.identifiers.of(&stored.identifiers),
        })
    }
}

/// A company as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// The description of the company.
    pub profile: CompanyProfile,
    /// The owner.
    pub owner: Owner,
    /// The user who created the company.
    pub created_by: UserId,
    /// When the company was created.
    pub created_at: Timestamp,
    /// When the company was last changed.
    pub updated_at: Timestamp,
    /// The number of changes; the ETag.
    pub row_version: i64,
}

/// What a prediction stores of its company at the time of scoring, so that a readable
/// prediction stays complete when its company is no longer readable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanySnapshot {
    /// The company's id.
    pub id: CompanyId,
    /// The symbol at that time.
    pub symbol: Symbol,
    /// The name at that time.
    pub name: String,
    /// The sector at that time.
    pub sector: String,
}

impl Company {
    /// Returns what a prediction made now stores of the company.
    #[must_use]
    pub fn snapshot(&self) -> CompanySnapshot {
        CompanySnapshot {
            id: self.id,
            symbol: self.profile.symbol.clone(),
            name: self.profile.name.clone(),
            sector: self.profile.sector.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_company_draft_reports_every_field() {
        let draft = CompanyDraft {
            symbol: "A SYMBOL OF MORE THAN 32 CHARACTERS".into(),
            name: Some("a\0b".into()),
            country: Some("Poland".into()),
            market_cap: Some((-1).into()),
            ..CompanyDraft::default()
        };
        let pointers: Vec<_> = draft
            .check()
            .unwrap_err()
            .into_iter()
            .map(|f| f.pointer)
            .collect();
        assert_eq!(pointers, ["/symbol", "/name", "/country", "/market_cap"]);
    }

    #[test]
    fn company_stored_before_a_rule_is_valid_until_changed() {
        let stored = CompanyProfile {
            symbol: Symbol::from_stored("ŁÓD".to_owned()),
            name: "Ac\u{200B}me".into(),
            ..CompanyDraft {
                symbol: "X".into(),
                ..CompanyDraft::default()
            }
            .check()
            .unwrap()
        };
        let same = CompanyDraft {
            symbol: "ŁÓD".into(),
            name: Some(stored.name.clone()),
            sector: Some(stored.sector.clone()),
            ..CompanyDraft::default()
        };
        assert_eq!(same.check_change(&stored).unwrap(), stored);
        let other = CompanyDraft {
            symbol: "ŁÓDŹ".into(),
            sector: Some("Ba\u{202E}nks".into()),
            ..same
        };
        let pointers: Vec<_> = other
            .check_change(&stored)
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(pointers, ["/symbol", "/sector"]);
    }

    #[test]
    fn symbol_with_lookalike_letters_is_refused() {
        for symbol in ["ААPL", "ＡＡＰＬ", "AAPL\u{200B}", "ŁÓD", "A\u{301}"] {
            let fault = Symbol::parse("/symbol", symbol).unwrap_err();
            assert_eq!(fault.code, "invalid_symbol", "{symbol}");
            assert!(fault.detail.contains("U+"), "{}", fault.detail);
        }
        assert_eq!(Symbol::parse("/symbol", "brk.b").unwrap().as_str(), "BRK.B");
    }

    #[test]
    fn company_needs_only_a_symbol() {
        let profile = CompanyDraft {
            symbol: " bf-b".into(),
            ..CompanyDraft::default()
        }
        .check()
        .unwrap();
        assert_eq!(
            (
                profile.symbol.as_str(),
                profile.name.as_str(),
                profile.sector.as_str()
            ),
            ("BF-B", "BF-B", "Unknown")
        );
    }
}
