//! Organizations and tenants. A tenant is a root organization and its children.

mod settings;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

pub use settings::{
    MAX_SETTING_NAME, MAX_SETTING_TEXT, MAX_SETTINGS, MAX_SETTINGS_BYTES, Settings,
};

use crate::{
    Timestamp,
    fault::{Fault, shorten, text_enum},
    id::OrganizationId,
    text::{clean_name, clean_prose, clean_text, lookalike_key},
    user::ascii_host,
};

/// The greatest length of a description, in characters.
pub const MAX_DESCRIPTION: usize = 2_000;

/// The size of an organization, as its administrators state it.
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
#[expect(missing_docs, reason = "the names say it")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SizeCategory {
    Startup,
    Small,
    Medium,
    Large,
    Enterprise,
}

text_enum!(SizeCategory);

/// Who may join an organization with its join token.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum JoinPolicy {
    /// No one may join.
    #[default]
    Closed,
    /// Anyone who holds the token may join.
    Token,
    /// Anyone who holds the token and whose e-mail address is listed may join.
    AllowedEmails,
}

text_enum!(JoinPolicy);

/// The description of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationProfile {
    /// At most 200 characters. Names within a tenant must not look alike.
    pub name: String,
    /// The e-mail domain in its DNS form, at most 100 characters, unique.
    pub domain: Option<String>,
    /// At most [`MAX_DESCRIPTION`] characters.
    pub description: Option<String>,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// The size that the administrators state.
    pub size_category: Option<SizeCategory>,
    /// Values that programs keep with the organization, at most [`MAX_SETTINGS_BYTES`] bytes.
    #[serde(default)]
    pub settings: Settings,
}

/// A description as it was sent; [`OrganizationDraft::check`] turns it into a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the profile")]
pub struct OrganizationDraft {
    pub name: String,
    pub domain: Option<String>,
    pub description: Option<String>,
    pub industry: Option<String>,
    pub size_category: Option<SizeCategory>,
    pub settings: Settings,
}

impl OrganizationDraft {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults together: `required`, `too_long`, `control_character`, `invalid_domain`, and
    /// those of the settings.
    pub fn check(&self) -> Result<OrganizationProfile, Vec<Fault>> {
        let mut faults = Vec::new();
        let name = clean_name("/name", &self.name, 200)
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
            clean_prose("/description", text, MAX_DESCRIPTION)
                .map_err(|fault| faults.push(fault))
                .ok()
        });
        let settings = settings::check(&self.settings)
            .map_err(|more| faults.extend(more))
            .unwrap_or_default();
        match name {
            Some(name) if faults.is_empty() => Ok(OrganizationProfile {
                name,
                domain,
                description,
                industry,
                size_category: self.size_category,
                settings,
            }),
            _ => Err(faults),
        }
    }
}

impl OrganizationDraft {
    /// Checks the fields that have changed. Stored values were checked by the rules of their time
    /// and stay.
    ///
    /// # Errors
    /// As for [`Self::check`].
    pub fn check_change(
        &self,
        stored: &OrganizationProfile,
    ) -> Result<OrganizationProfile, Vec<Fault>> {
        let same_name = self.name == stored.name;
        let changed =
            |new: &Option<String>, old: &Option<String>| new.clone().filter(|_| new != old);
        let mut profile = Self {
            name: if same_name {
                "unchanged".to_owned()
            } else {
                self.name.clone()
            },
            domain: changed(&self.domain, &stored.domain),
            description: changed(&self.description, &stored.description),
            industry: changed(&self.industry, &stored.industry),
            size_category: self.size_category,
            settings: match self.settings == stored.settings {
                true => Settings::new(),
                false => self.settings.clone(),
            },
        }
        .check()?;
        if same_name {
            profile.name.clone_from(&stored.name);
        }
        for (field, new, old) in [
            (&mut profile.domain, &self.domain, &stored.domain),
            (
                &mut profile.description,
                &self.description,
                &stored.description,
            ),
            (&mut profile.industry, &self.industry, &stored.industry),
        ] {
            if new == old {
                field.clone_from(old);
            }
        }
        profile.settings.clone_from(&self.settings);
        Ok(profile)
    }
}

impl OrganizationProfile {
    /// The key that names share if they look alike; unique within a tenant.
    #[must_use]
    pub fn name_key(&self) -> String {
        lookalike_key(&self.name)
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
            settings: profile.settings,
        }
    }
}

/// A domain as users write it, such as `example.com`, converted to its DNS form.
fn domain(value: &str) -> Result<String, Fault> {
    ascii_host(value.trim())
        .filter(|host| host.len() <= 100)
        .ok_or_else(|| {
            Fault::new(
                "/domain",
                "invalid_domain",
                format!("{:?} is not a domain like example.com", shorten(value)),
            )
        })
}

/// An organization as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The id of the organization.
    pub id: OrganizationId,
    /// The description of the organization.
    pub profile: OrganizationProfile,
    /// The root of a child; `None` for a root. The depth of a tenant is exactly one.
    pub parent: Option<OrganizationId>,
    /// Members of an inactive organization can do nothing but leave it.
    pub is_active: bool,
    /// Whether system rows are hidden from its members.
    pub hide_system_data: bool,
    /// Whether its members must use a second factor.
    pub require_second_factor: bool,
    /// Whether a second factor that a member enrols counts only after an administrator of that
    /// member has approved it.
    pub second_factor_approval: bool,
    /// The limit of members, active or not; `None` for no limit.
    pub max_users: Option<u32>,
    /// Who may join with its join token.
    pub join_policy: JoinPolicy,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The row version, shown as the ETag.
    pub row_version: i64,
}

/// Counts of the rows of an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrganizationStats {
    /// The members.
    pub users: u64,
    /// The active members.
    pub active_users: u64,
    /// The companies.
    pub companies: u64,
    /// The annual predictions.
    pub annual_predictions: u64,
    /// The quarterly predictions.
    pub quarterly_predictions: u64,
    /// The bulk uploads.
    pub jobs: u64,
    /// The bulk uploads that have not ended.
    pub open_jobs: u64,
    /// The children, for a root.
    pub children: u64,
}

impl OrganizationStats {
    /// Whether the organization has no members, rows or children that its deletion would affect.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The facts about a user's organization that the access rules need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// The root, for a child.
    pub parent: Option<OrganizationId>,
    /// The children, for a root.
    pub children: Vec<OrganizationId>,
    /// Whether the organization is active.
    pub is_active: bool,
    /// Whether system rows are hidden from its members.
    pub hide_system_data: bool,
    /// Whether its members must use a second factor.
    #[serde(default)]
    pub require_second_factor: bool,
}

impl Membership {
    /// Returns whether a member sees everything that they saw as a member of `former`.
    pub(crate) fn has_rights_of(&self, former: &Self) -> bool {
        let children = &self.children;
        self.organization == former.organization
            && self.parent == former.parent
            && (self.is_active || !former.is_active)
            && (!self.hide_system_data || former.hide_system_data)
            && former.children.iter().all(|child| children.contains(child))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_organization_draft_reports_every_field() {
        let draft = OrganizationDraft {
            name: "  ".into(),
            domain: Some("no domain".into()),
            description: Some("a\0b".into()),
            industry: Some("x".repeat(101)),
            size_category: None,
            settings: Settings::new(),
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
    fn organization_name_is_no_link_and_lookalikes_share_one_key() {
        let check = |name: &str| {
            let name = name.to_owned();
            OrganizationDraft {
                name,
                ..OrganizationDraft::default()
            }
            .check()
        };
        for name in ["Click www.evil.example", "evil.com", "x http://evil"] {
            assert_eq!(check(name).unwrap_err()[0].code, "link_in_name", "{name}");
        }
        assert_eq!(
            check("Acme\u{202E}").unwrap_err()[0].code,
            "forbidden_character"
        );
        let (ours, theirs) = (check("Acme Bank").unwrap(), check("Аcme bank").unwrap());
        assert_ne!(ours.name, theirs.name);
        assert_eq!(ours.name_key(), theirs.name_key());
    }

    #[test]
    fn organization_stored_before_a_rule_is_valid_until_changed() {
        let stored = OrganizationProfile {
            name: "evil.com\u{200B}".into(),
            domain: Some("bücher.example".into()),
            description: Some("a\u{202E}b".into()),
            industry: None,
            size_category: None,
            settings: Settings::new(),
        };
        let same = OrganizationDraft::from(stored.clone());
        assert_eq!(same.check_change(&stored).unwrap(), stored);
        let other = OrganizationDraft {
            industry: Some("Bank\u{200B}ing".into()),
            name: "evil.com".into(),
            ..same.clone()
        };
        let codes: Vec<_> = other
            .check_change(&stored)
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(codes, ["/name", "/industry"]);
        let emptied = OrganizationDraft {
            description: None,
            ..same
        };
        assert_eq!(emptied.check_change(&stored).unwrap().description, None);
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
