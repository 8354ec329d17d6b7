//! DTOs of the installation.

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
    http::{
        list::{ListDto, encode},
        work::WorkLimits,
    },
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
    /// Connections of the process that answered, over all its pools.
    database_pool: ConnectionsDto,
    /// The same of each pool: `identity`, `reads`, `writes`, `expensive`.
    database_pools: BTreeMap<&'static str, ConnectionsDto>,
    /// Requests of a limited kind in the process that answered, by kind of work.
    at_once: BTreeMap<&'static str, WorkDto>,
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
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = DatabasePool)]
pub(crate) struct ConnectionsDto {
    /// Open, in use or idle.
    open: u32,
    /// Open and waiting for work.
    idle: u32,
    /// How many there may be.
    max: u32,
    /// Callers who waited for a connection and got none, since the process started.
    refused: u64,
}

/// Requests of one kind of work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkAtOnce)]
pub(crate) struct WorkDto {
    /// The most requests of one owner that run at the same time; null for no limit.
    max: Option<usize>,
    /// Being worked on, over all owners.
    running: u64,
    /// Refused with `too_many_at_once`, since the process started.
    refused: u64,
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
            max: connections.at_most,
            refused: connections.refused,
        }
    }
}

impl ConnectionsDto {
    fn sum(pools: &[Connections]) -> Self {
        pools.iter().fold(Self::default(), |sum, pool| Self {
            open: sum.open + pool.open,
            idle: sum.idle + pool.idle,
            max: sum.max + pool.at_most,
            refused: sum.refused + pool.refused,
        })
    }
}

impl InstallationStatsDto {
    pub(super) fn new(stats: InstallationStats, work: &WorkLimits) -> Self {
        let page = stats.organizations;
        let mut jobs: BTreeMap<_, _> = JobStatus::ALL.iter().map(|s| (s.as_str(), 0)).collect();
        jobs.extend(stats.jobs.iter().map(|(status, n)| (status.as_str(), *n)));
        Self {
            organizations: ListDto {
                has_more: page.next.is_some(),
                next_cursor: page.next.as_ref().map(encode),
                data: page.rows.into_iter().map(Into::into).collect(),
                total: None,
            },
            jobs,
            database_pool: ConnectionsDto::sum(&stats.connections),
            database_pools: stats
                .connections
                .into_iter()
                .map(|pool| (pool.pool, pool.into()))
                .collect(),
            at_once: work
                .figures()
                .map(|(work, figures)| {
                    let figures = WorkDto {
                        max: figures.at_most,
                        running: figures.running,
                        refused: figures.refused,
                    };
                    (work.as_str(), figures)
                })
                .collect(),
        }
    }
}
