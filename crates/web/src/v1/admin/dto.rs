//! The installation as it is written.

use std::collections::BTreeMap;

use accunode_application::installation::InstallationStats;
use accunode_domain::{
    job::JobStatus,
    organization::{Organization, OrganizationStats},
};
use accunode_ports::repositories::Connections;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    page::{ListDto, encode},
    v1::organizations::dto::OrganizationStatsDto,
};

/// What there is, counted. Personal rows are their owners' alone and not counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstallationStats)]
pub(crate) struct InstallationStatsDto {
    /// The organizations, newest first, with what there is of each.
    organizations: ListDto<CountedOrganizationDto>,
    /// Bulk uploads by status.
    jobs: BTreeMap<&'static str, u64>,
    database_pool: ConnectionsDto,
}

/// An organization and what there is of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedOrganization)]
pub(crate) struct CountedOrganizationDto {
    id: Uuid,
    #[schema(example = "Example Bank")]
    name: String,
    /// The root it belongs to; null for a root.
    parent_id: Option<Uuid>,
    is_active: bool,
    #[serde(flatten)]
    stats: OrganizationStatsDto,
}

/// Connections of the process that answered to the database.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DatabasePool)]
pub(crate) struct ConnectionsDto {
    /// Open, in use or idle.
    open: u32,
    /// Open and waiting for work.
    idle: u32,
    /// How many there may be.
    at_most: u32,
}

impl From<(Organization, OrganizationStats)> for CountedOrganizationDto {
    fn from((organization, stats): (Organization, OrganizationStats)) -> Self {
        Self {
            id: organization.id.0,
            name: organization.profile.name,
            parent_id: organization.parent.map(|id| id.0),
            is_active: organization.is_active,
            stats: stats.into(),
        }
    }
}

impl From<Connections> for ConnectionsDto {
    fn from(connections: Connections) -> Self {
        Self {
            open: connections.open,
            idle: connections.idle,
            at_most: connections.at_most,
        }
    }
}

impl From<InstallationStats> for InstallationStatsDto {
    fn from(stats: InstallationStats) -> Self {
        let page = stats.organizations;
        let mut jobs: BTreeMap<_, _> = JobStatus::ALL.iter().map(|s| (s.as_str(), 0)).collect();
        jobs.extend(stats.jobs.iter().map(|(status, n)| (status.as_str(), *n)));
        Self {
            organizations: ListDto {
                has_more: page.next.is_some(),
                next_cursor: page.next.as_ref().map(encode),
                data: page.rows.into_iter().map(Into::into).collect(),
            },
            jobs,
            database_pool: stats.connections.into(),
        }
    }
}
