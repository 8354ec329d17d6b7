//! DTOs of users.

use crate::http::body::RequestBody;
use crate::v1::auth::dto::profile_faults;
use accunode_application::users::{SetRole, UpdateUser, UserView};
use accunode_domain::fault::Fault;
use accunode_domain::{id::OrganizationId, user::Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{call::Authenticated, enums::RoleName, problem::Problem},
    v1::companies::dto::given,
};

/// A user. The fields after `role` are visible to the user and their administrators.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserDto {
    id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// The role that counts: a tenant_admin of a child organization is its org_admin.
    #[schema(value_type = RoleName)]
    effective_role: Role,
    /// The role as stored.
    #[schema(value_type = RoleName)]
    role: Role,
    #[serde(flatten)]
    more: Option<UserDetailsDto>,
}

/// What only they and their administrators are shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserDetails)]
pub(crate) struct UserDetailsDto {
    #[schema(required = false)]
    phone: Option<String>,
    #[schema(required = false)]
    organization_id: Option<Uuid>,
    /// Whether the e-mail address is known to be theirs.
    #[schema(required = false)]
    is_verified: bool,
    #[schema(required = false)]
    is_active: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = false)]
    last_login: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(required = false)]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(required = false)]
    updated_at: OffsetDateTime,
}

impl UserDto {
    /// The columns of an export; for members the last ones are empty.
    pub(crate) const COLUMNS: &[&str] = &[
        "id",
        "email",
        "first_name",
        "last_name",
        "effective_role",
        "role",
        "phone",
        "organization_id",
        "is_verified",
        "is_active",
        "last_login",
        "created_at",
        "updated_at",
    ];
}

impl From<UserView> for UserDto {
    fn from(view: UserView) -> Self {
        let user = view.user;
        Self {
            id: user.id.0,
            email: user.email.as_str().to_owned(),
            first_name: user.profile.first_name,
            last_name: user.profile.last_name,
            effective_role: view.effective_role,
            role: user.role,
            more: view.full.then_some(UserDetailsDto {
                phone: user.profile.phone,
                organization_id: user.organization.map(|id| id.0),
                is_verified: user.is_verified,
                is_active: user.is_active,
                last_login: user.last_login,
                created_at: user.created_at,
                updated_at: user.updated_at,
            }),
        }
    }
}

/// The changes to a user; fields that are not named keep their values, null empties a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChanges {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Ada", max_length = 100)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Lovelace", max_length = 100)]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "+44 20 7946 0000", max_length = 20)]
    phone: Option<Option<String>>,
    /// For administrators. Who is not active has no session and no working key.
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
    /// Why, for the audit log; at most 500 characters.
    #[schema(value_type = String, required = false, example = "Left the bank", max_length = 500)]
    reason: Option<String>,
}

impl RequestBody for UserChanges {
    fn check_parts(body: &Value) -> Vec<Fault> {
        profile_faults(body)
    }
}

impl UserChanges {
    /// The command of the use case.
    ///
    /// # Errors
    /// `step_up_required`, `key_forbidden` if the caller may not change `is_active`.
    pub(crate) fn command(
        self,
        if_match: Option<i64>,
        call: &Authenticated,
    ) -> Result<UpdateUser, Problem> {
        let is_active = match self.is_active {
            Some(is_active) => Some(call.confirmed()?.confirmed_only(is_active)),
            None => None,
        };
        Ok(UpdateUser {
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            is_active,
            reason: self.reason,
            if_match,
        })
    }
}

/// What a user is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    #[schema(value_type = RoleName, example = "org_admin")]
    role: Role,
    /// The organization; the user's own by default. None with `user` and `super_admin`.
    organization_id: Option<Uuid>,
    /// Why, for the audit log; at most 500 characters.
    #[schema(example = "Takes over from Charles", max_length = 500)]
    reason: String,
}

impl RequestBody for NewRole {}

impl NewRole {
    /// The command of the use case.
    pub(crate) fn command(self, if_match: Option<i64>) -> SetRole {
        SetRole {
            role: self.role,
            organization: self.organization_id.map(OrganizationId),
            reason: self.reason,
            if_match,
        }
    }
}
