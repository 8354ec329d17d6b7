//! DTOs of organizations.

use crate::http::body::RequestBody;
use crate::http::body::text;
use accunode_application::organizations::{
    CreateOrganization, OrganizationSettings, UpdateOrganization,
};
use accunode_domain::fault::Fault;
use accunode_domain::user::Email;
use accunode_domain::{
    id::OrganizationId,
    organization::{JoinPolicy, Organization, OrganizationDraft, OrganizationStats, SizeCategory},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::settings::SettingsMap;
use crate::{
    http::{
        call::Authenticated,
        enums::{JoinPolicyName, SizeCategoryName},
        problem::Problem,
    },
    v1::companies::dto::given,
};

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    /// At most 200 characters.
    #[schema(example = "Example Bank", max_length = 200)]
    name: String,
    /// Its e-mail domain; no two organizations have the same.
    #[schema(example = "bank.example", max_length = 100)]
    domain: Option<String>,
    /// At most 2,000 characters.
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(example = "Banking", max_length = 100)]
    industry: Option<String>,
    #[schema(value_type = Option<SizeCategoryName>)]
    size_category: Option<SizeCategory>,
    /// The root it is to belong to; without one it is a root itself.
    parent_id: Option<Uuid>,
    /// Who is invited as its first administrator: tenant_admin of a root, org_admin of a
    /// child.
    #[schema(example = "ada@bank.example", max_length = 255)]
    admin_email: Option<String>,
    /// Who may join with the join token; by default no one.
    #[schema(value_type = Option<JoinPolicyName>)]
    join_policy: Option<JoinPolicy>,
    /// Whether the organization is active; it is by default.
    is_active: Option<bool>,
    /// The limit of members; by default there is none.
    max_users: Option<u32>,
    /// Whether system rows are hidden from its members.
    hide_system_data: Option<bool>,
    /// Whether its members must show a second factor.
    require_second_factor: Option<bool>,
    /// Whether a second factor that a member enrols counts only once an administrator has
    /// approved it.
    second_factor_approval: Option<bool>,
    settings: Option<SettingsMap>,
}

impl RequestBody for NewOrganization {
    fn check_parts(body: &Value) -> Vec<Fault> {
        organization_faults(body)
    }
}

impl From<NewOrganization> for CreateOrganization {
    fn from(body: NewOrganization) -> Self {
        Self {
            draft: OrganizationDraft {
                name: body.name,
                domain: body.domain,
                description: body.description,
                industry: body.industry,
                size_category: body.size_category,
                settings: body.settings.unwrap_or_default().0,
            },
            parent: body.parent_id.map(OrganizationId),
            admin_email: body.admin_email,
            settings: OrganizationSettings {
                join_policy: body.join_policy,
                is_active: body.is_active,
                max_users: body.max_users.map(Some),
                hide_system_data: body.hide_system_data,
                require_second_factor: body.require_second_factor,
                second_factor_approval: body.second_factor_approval,
                parent: None,
            },
        }
    }
}

/// The changes to an organization; fields that are not named keep their values.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationChanges {
    #[schema(value_type = String, required = false, example = "Example Bank", max_length = 200)]
    name: Option<String>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    domain: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    industry: Option<Option<String>>,
    /// Null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SizeCategoryName>)]
    size_category: Option<Option<SizeCategory>>,
    /// Replaces all former values.
    #[schema(value_type = SettingsMap, required = false)]
    settings: Option<SettingsMap>,
    /// Who may join with the join token.
    #[schema(value_type = JoinPolicyName, required = false)]
    join_policy: Option<JoinPolicy>,
    /// For a tenant_admin and above: whether its members can work.
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
    /// For a tenant_admin and above: how many members it may have. Null allows any number.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    max_users: Option<Option<u32>>,
    /// For a tenant_admin and above: whether system rows are hidden from its members.
    #[schema(value_type = bool, required = false)]
    hide_system_data: Option<bool>,
    /// For a tenant_admin and above: whether its members must show a second factor.
    #[schema(value_type = bool, required = false)]
    require_second_factor: Option<bool>,
    /// For a tenant_admin and above: whether a second factor that a member enrols counts only
    /// once an administrator has approved it.
    #[schema(value_type = bool, required = false)]
    second_factor_approval: Option<bool>,
    /// For a super_admin: the root it belongs to. Null makes it a root.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<Option<Uuid>>,
}

impl RequestBody for OrganizationChanges {
    fn check_parts(body: &Value) -> Vec<Fault> {
        organization_faults(body)
    }
}

impl OrganizationChanges {
    /// The command for the version that was read.
    ///
    /// # Errors
    /// `step_up_required`, `key_forbidden` if it changes more than the description of the
    /// organization and the caller may not do so.
    pub(crate) fn command(
        self,
        if_match: Option<i64>,
        call: &Authenticated,
    ) -> Result<UpdateOrganization, Problem> {
        let settings = OrganizationSettings {
            join_policy: self.join_policy,
            is_active: self.is_active,
            max_users: self.max_users,
            hide_system_data: self.hide_system_data,
            require_second_factor: self.require_second_factor,
            second_factor_approval: self.second_factor_approval,
            parent: self.parent_id.map(|parent| parent.map(OrganizationId)),
        };
        let settings = if settings == OrganizationSettings::default() {
            None
        } else {
            Some(call.confirmed()?.confirmed_only(settings))
        };
        Ok(UpdateOrganization {
            name: self.name,
            domain: self.domain,
            description: self.description,
            industry: self.industry,
            size_category: self.size_category,
            values: self.settings.map(|settings| settings.0),
            settings,
            if_match,
        })
    }
}

/// An organization: a tenant's root or one of its children.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationDto {
    id: Uuid,
    #[schema(example = "Example Bank")]
    name: String,
    #[schema(example = "bank.example")]
    domain: Option<String>,
    description: Option<String>,
    #[schema(example = "Banking")]
    industry: Option<String>,
    #[schema(value_type = Option<SizeCategoryName>)]
    size_category: Option<SizeCategory>,
    /// The root it belongs to; null for a root.
    parent_id: Option<Uuid>,
    /// Members of an inactive organization can do nothing but leave.
    is_active: bool,
    /// Whether system rows are hidden from its members.
    hide_system_data: bool,
    /// Whether its members must show a second factor.
    require_second_factor: bool,
    /// Whether a second factor that a member enrols counts only once an administrator has
    /// approved it.
    second_factor_approval: bool,
    /// How many members it may have, active or not; null for any number.
    max_users: Option<u32>,
    /// Who may join with the join token.
    #[schema(value_type = JoinPolicyName)]
    join_policy: JoinPolicy,
    settings: SettingsMap,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl OrganizationDto {
    /// The columns of an export.
    pub(crate) const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "domain",
        "description",
        "industry",
        "size_category",
        "parent_id",
        "is_active",
        "hide_system_data",
        "require_second_factor",
        "second_factor_approval",
        "max_users",
        "join_policy",
        "created_at",
        "updated_at",
    ];
}

impl From<Organization> for OrganizationDto {
    fn from(organization: Organization) -> Self {
        let profile = organization.profile;
        Self {
            id: organization.id.0,
            name: profile.name,
            domain: profile.domain,
            description: profile.description,
            industry: profile.industry,
            size_category: profile.size_category,
            parent_id: organization.parent.map(|id| id.0),
            is_active: organization.is_active,
            hide_system_data: organization.hide_system_data,
            require_second_factor: organization.require_second_factor,
            second_factor_approval: organization.second_factor_approval,
            max_users: organization.max_users,
            join_policy: organization.join_policy,
            settings: SettingsMap(profile.settings),
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}

/// What there is of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationStats)]
pub(crate) struct OrganizationStatsDto {
    /// Its members.
    users: u64,
    /// Those of them who are active.
    active_users: u64,
    companies: u64,
    predictions: PredictionCountsDto,
    /// Its bulk uploads.
    jobs: u64,
    /// Those of them that have not ended.
    open_jobs: u64,
    /// Its children, if it is a root.
    children: u64,
}

/// Predictions by kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PredictionCounts)]
pub(crate) struct PredictionCountsDto {
    annual: u64,
    quarterly: u64,
}

impl From<OrganizationStats> for OrganizationStatsDto {
    fn from(stats: OrganizationStats) -> Self {
        Self {
            users: stats.users,
            active_users: stats.active_users,
            companies: stats.companies,
            predictions: PredictionCountsDto {
                annual: stats.annual_predictions,
                quarterly: stats.quarterly_predictions,
            },
            jobs: stats.jobs,
            open_jobs: stats.open_jobs,
            children: stats.children,
        }
    }
}

/// Returns the faults of those parts of an organization's description that have the right form.
fn organization_faults(body: &Value) -> Vec<Fault> {
    let owned = |name| text(body, name).map(str::to_owned);
    let draft = OrganizationDraft {
        // A name that is absent or not a text has been reported already.
        name: owned("name").unwrap_or_else(|| "X".to_owned()),
        domain: owned("domain"),
        description: owned("description"),
        industry: owned("industry"),
        size_category: None,
        settings: body
            .get("settings")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
    };
    let mut faults = draft.check().err().unwrap_or_default();
    let admin = text(body, "admin_email").map(|email| Email::parse("/admin_email", email));
    faults.extend(admin.and_then(Result::err));
    faults
}
