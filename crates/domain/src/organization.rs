//! Organizations and tenants. A tenant is a root organization and its children.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    fault::{Fault, clean_text, shorten, text_enum},
    id::OrganizationId,
};

/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 2_000;

/// How large an organization says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum SizeCategory {
    Startup,
    Small,
    Medium,
    Large,
    Enterprise,
}

impl SizeCategory {
    /// Every category, smallest first.
    pub const ALL: [Self; 5] = [
        Self::Startup,
        Self::Small,
        Self::Medium,
        Self::Large,
        Self::Enterprise,
    ];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Enterprise => "enterprise",
        }
    }
}

text_enum!(SizeCategory);

/// Who may join with the organization's join token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinPolicy {
    /// Nobody.
    #[default]
    Closed,
    /// Whoever holds the token.
    Token,
    /// Whoever holds the token and whose e-mail address is listed.
    AllowedEmails,
}

impl JoinPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Token, Self::AllowedEmails];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Token => "token",
            Self::AllowedEmails => "allowed_emails",
        }
    }
}

text_enum!(JoinPolicy);

/// What describes an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationProfile {
    /// At most 200 characters, not unique.
    pub name: String,
    /// Its e-mail domain, lower-cased, at most 100 characters, unique.
    pub domain: Option<String>,
    /// At most [`MAX_DESCRIPTION`] characters.
    pub description: Option<String>,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// How large it says it is.
    pub size_category: Option<SizeCategory>,
}

/// A description as it was sent; [`OrganizationDraft::check`] makes a profile of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the profile")]
pub struct OrganizationDraft {
    pub name: String,
    pub domain: Option<String>,
    pub description: Option<String>,
    pub industry: Option<String>,
    pub size_category: Option<SizeCategory>,
}

impl OrganizationDraft {
    /// Checks every field.
    ///
    /// # Errors
    /// Every fault at once: `required`, `too_long`, `control_character`,
    /// `invalid_domain`.
    pub fn check(&self) -> Result<OrganizationProfile, Vec<Fault>> {
        let mut faults = Vec::new();
        let name = clean_text("/name", &self.name, 200)
            .map_err(|fault| faults.push(fault))
            .ok();
        let domain = self
            .domain
            .as_deref()
            .and_then(|text| domain(text).map_err(|fault| faults.push(fault)).ok());
        let mut optional = |pointer: &str, value: &Option<String>, max| {
            let text = value.as_deref()?;
            clean_text(pointer, text, max)
                .map_err(|fault| faults.push(fault))
                .ok()
        };
        let industry = optional("/industry", &self.industry, 100);
        let description = self.description.as_deref().and_then(|text| {
            prose("/description", text, MAX_DESCRIPTION)
                .map_err(|fault| faults.push(fault))
                .ok()
        });
        match name {
            Some(name) if faults.is_empty() => Ok(OrganizationProfile {
                name,
                domain,
                description,
                industry,
                size_category: self.size_category,
            }),
            _ => Err(faults),
        }
    }
}

impl From<OrganizationProfile> for OrganizationDraft {
    fn from(profile: OrganizationProfile) -> Self {
        Self {
            name: profile.name,
            domain: profile.domain,
            description: profile.description,
            industry: profile.industry,
            size_category: profile.size_category,
        }
    }
}

/// A domain as people write it, `example.com`: dotted labels of letters, digits and
/// hyphens.
fn domain(value: &str) -> Result<String, Fault> {
    let text = value.trim().to_lowercase();
    let sound = (1..=100).contains(&text.len())
        && text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    if sound {
        Ok(text)
    } else {
        Err(Fault::new(
            "/domain",
            "invalid_domain",
            format!("{:?} is not a domain like example.com", shorten(value)),
        ))
    }
}

/// A text that may have several lines.
fn prose(pointer: &str, value: &str, max: usize) -> Result<String, Fault> {
    let one_line = value.replace(['\n', '\r', '\t'], " ");
    clean_text(pointer, &one_line, max)?;
    Ok(value.trim().replace("\r\n", "\n"))
}

/// An organization as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What describes it.
    pub profile: OrganizationProfile,
    /// The root it belongs to; `None` for a root. Depth is exactly one.
    pub parent: Option<OrganizationId>,
    /// Members of an inactive organization can do nothing but leave.
    pub is_active: bool,
    /// Whether its members are spared everyone's rows.
    pub hide_system_data: bool,
    /// Whether its members must show a second factor.
    pub require_second_factor: bool,
    /// How many members it may have, active or not; `None` for any number.
    pub max_users: Option<u32>,
    /// Who may join with its token.
    pub join_policy: JoinPolicy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; the ETag.
    pub row_version: i64,
}

/// What there is of an organization, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrganizationStats {
    /// Its members.
    pub users: u64,
    /// Those of them who are active.
    pub active_users: u64,
    /// Its companies.
    pub companies: u64,
    /// Its annual predictions.
    pub annual_predictions: u64,
    /// Its quarterly predictions.
    pub quarterly_predictions: u64,
    /// Its bulk uploads.
    pub jobs: u64,
    /// Those of them that have not ended.
    pub open_jobs: u64,
    /// Its children, where it is a root.
    pub children: u64,
}

impl OrganizationStats {
    /// Whether nothing and nobody would be touched by its deletion.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the access rules need to know of a person's organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// Its root, where it is a child.
    pub parent: Option<OrganizationId>,
    /// Its children, where it is a root.
    pub children: Vec<OrganizationId>,
    /// Whether it is active.
    pub is_active: bool,
    /// Whether everyone's rows are hidden from its members.
    pub hide_system_data: bool,
    /// Whether its members must show a second factor.
    #[serde(default)]
    pub require_second_factor: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_draft_is_told_at_once() {
        let draft = OrganizationDraft {
            name: "  ".into(),
            domain: Some("no domain".into()),
            description: Some("a\0b".into()),
            industry: Some("x".repeat(101)),
            size_category: None,
        };
        let codes: Vec<_> = draft
            .check()
            .unwrap_err()
            .into_iter()
            .map(|fault| (fault.pointer, fault.code))
            .collect();
        let expected = [
            ("/name", "required"),
            ("/domain", "invalid_domain"),
            ("/industry", "too_long"),
            ("/description", "control_character"),
        ];
        assert_eq!(
            codes,
            expected.map(|(p, c)| (p.to_owned(), c.to_owned())).to_vec()
        );
    }

    #[test]
    fn a_domain_is_lower_cased_and_a_description_keeps_its_lines() {
        let profile = OrganizationDraft {
            name: " Bank ".into(),
            domain: Some("Bank.Example".into()),
            description: Some("one\r\ntwo".into()),
            ..OrganizationDraft::default()
        }
        .check()
        .unwrap();
        assert_eq!(profile.name, "Bank");
        assert_eq!(profile.domain.as_deref(), Some("bank.example"));
        assert_eq!(profile.description.as_deref(), Some("one\ntwo"));
    }
}
