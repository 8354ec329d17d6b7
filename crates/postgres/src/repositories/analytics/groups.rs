//! What figures are grouped by, in SQL.

use accunode_domain::{id::OrganizationId, prediction::Kind};
use accunode_ports::{
    RepositoryError,
    repositories::{Group, GroupBy},
};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{kinds::KindNames, row::get, scope::Reach};

/// Where grouped figures are read from: the rollup where it knows the groups, else
/// the predictions themselves, in the rollup's columns.
///
/// The sums of the predictions are those that the rollup keeps: `n`, the headline
/// probability with 4 decimals, `pd_bucket`.
pub(super) struct Source {
    /// A subquery with the columns `group_name`, `group_id`, `reporting_year`,
    /// `reporting_quarter` (quarterly), `risk_level`, `pd_bucket`, `n`, `probability`.
    pub(super) rows: String,
}

impl Source {
    /// The rows of a scope, in groups.
    pub(super) fn of(kind: Kind, group_by: Option<GroupBy>, reach: &Reach) -> Self {
        let rollup = |name: &str, id: &str, join: &str| {
            format!(
                "SELECT {name} AS group_name, {id} AS group_id, {}, r.risk_level, r.pd_bucket, r.n, \
                 r.{} AS probability FROM {} r {join} WHERE {}",
                period(kind, "r"),
                kind.rollup_sum(),
                kind.rollup(),
                reach.condition("r")
            )
        };
        // A prediction stays readable when its company no longer is.
        let companies = |column: &str| {
            format!(
                "SELECT coalesce(c.{column}, 'Unknown') AS group_name, NULL::uuid AS group_id, {}, p.risk_level, \
                 pd_bucket(p.pd) AS pd_bucket, 1::bigint AS n, p.{} AS probability \
                 FROM {} p LEFT JOIN companies c ON c.id = p.company_id WHERE {}",
                period(kind, "p"),
                kind.probabilities()[0],
                kind.table(),
                reach.condition("p")
            )
        };
        let rows = match group_by {
            None => rollup("''", "NULL::uuid", ""),
            Some(GroupBy::Sector) => rollup("r.sector", "NULL::uuid", ""),
            // By its id: two organizations may have the same name.
            Some(GroupBy::Organization) => rollup(
                "coalesce(o.name, CASE r.access_level WHEN 'system' THEN 'System' \
                 WHEN 'personal' THEN 'Personal' ELSE 'Unknown' END)",
                "CASE r.access_level WHEN 'organization' THEN r.owner_key END",
                "LEFT JOIN organizations o ON o.id = r.owner_key",
            ),
            Some(GroupBy::Industry) => companies("industry"),
            Some(GroupBy::Country) => companies("country"),
        };
        Self { rows }
    }
}

fn period(kind: Kind, alias: &str) -> String {
    let columns: Vec<_> = kind
        .period()
        .iter()
        .map(|column| format!("{alias}.{column}"))
        .collect();
    columns.join(", ")
}

/// The group of a row with `group_name` and `group_id`.
pub(super) fn group(row: &PgRow) -> Result<Group, RepositoryError> {
    Ok(Group {
        name: get(row, "group_name")?,
        organization: get::<Option<Uuid>>(row, "group_id")?.map(OrganizationId),
    })
}
