//! Operation `list_my_permissions`.

use accunode_domain::{access::Permission, owner::AccessLevel, user::Role};
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    call::Authenticated,
    enums::{AccessLevelName, RoleName},
    problem::Answer,
};

/// What the caller may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permissions)]
pub(crate) struct PermissionsDto {
    /// Everything that the caller may do; anything that is not listed is not allowed.
    data: Vec<PermissionDto>,
}

/// Something that the caller may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionDto {
    /// With what.
    #[schema(example = "company")]
    resource: &'static str,
    /// What.
    #[schema(example = "update")]
    action: &'static str,
    /// The access level of the rows, if it is about rows.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// The roles of the users, if it is about users.
    #[schema(value_type = Vec<RoleName>)]
    roles: Vec<Role>,
    /// The organizations, if it is about those.
    organizations: Vec<Uuid>,
    /// Whether in every organization there is.
    every_organization: bool,
    /// Whether only with rows that they made themselves.
    own_only: bool,
}

impl From<Permission> for PermissionDto {
    fn from(permission: Permission) -> Self {
        Self {
            resource: permission.resource,
            action: permission.action,
            access_level: permission.level,
            roles: permission.roles,
            organizations: permission.organizations.iter().map(|id| id.0).collect(),
            every_organization: permission.every_organization,
            own_only: permission.own_only,
        }
    }
}

/// Everything that the caller may do
///
/// Computed by the access rules themselves for the present state of the caller.
#[utoipa::path(
    get,
    path = super::PERMISSIONS,
    tag = "Account",
    operation_id = "list_my_permissions",
    responses((status = 200, description = "What the caller may do", body = PermissionsDto))
)]
pub(crate) async fn permissions(call: Authenticated) -> Answer {
    call.no_params()?;
    let all = call.caller.actor.permissions();
    let data = all.into_iter().map(PermissionDto::from).collect();
    Ok(HttpResponse::Ok().json(PermissionsDto { data }))
}
