//! The grouping of figures, in SQL.

use accunode_ports::repositories::GroupBy;

use crate::sql::Sql;

const OF_SECTORS: &str = include_str!("sql/groups_of_sectors.sql");
const OF_ROLLUP: &str = include_str!("sql/groups_of_rollup.sql");
const OF_COMPANIES: &str = include_str!("sql/groups_of_companies.sql");
const BY_BOUNDS: &str = include_str!("sql/groups_by_bounds.sql");
/// The name of an owner.
const OWNER_NAME: &str = "coalesce(o.name, CASE r.access_level WHEN 'system' THEN 'System' \
     WHEN 'personal' THEN 'Personal' ELSE 'Unknown' END)";
const OWNER_ID: &str = "CASE r.access_level WHEN 'organization' THEN r.owner_key END";
const OWNER_JOIN: &str = "LEFT JOIN organizations o ON o.id = r.owner_key";

/// Returns the source of counts by risk level, with the columns `group_name`, `group_id`,
/// `risk_level` and `n`: the rollup of sectors if it has the groups, otherwise the predictions
/// themselves.
pub(super) fn counts(group_by: GroupBy) -> Sql {
    groups_of(Some(group_by), OF_SECTORS)
}

/// Returns the source of grouped figures: the rollup if it has the groups, otherwise the
/// predictions themselves, in the rollup's columns: `group_name`, `group_id`, `reporting_year`,
/// `reporting_quarter` (quarterly), `risk_level`, `pd_bucket`, `n`, `sum_pd` to 12 decimals, and
/// `n0` to `n9`, the number of predictions in each tenth of the bucket.
pub(super) fn groups(group_by: Option<GroupBy>) -> Sql {
    groups_of(group_by, OF_ROLLUP)
}

/// Returns the source of counts by the grades of any scale: the predictions themselves, in the
/// columns `group_name`, `group_id`, `pd_bucket` (the grade, from 0), `n` and `sum_pd`. `{bounds}`
/// is replaced by the array of the PDs at which the grades after the first begin.
pub(super) fn groups_by_bounds(group_by: Option<GroupBy>) -> Sql {
    let of = |name: &str, id: &str, join: &str| {
        Sql::of(BY_BOUNDS)
            .with("group_name", name)
            .with("group_id", id)
            .with("group_join", join)
    };
    let nothing = "NULL::uuid";
    let companies = "LEFT JOIN companies c ON c.id = r.company_id";
    match group_by {
        None => of("''", nothing, ""),
        Some(GroupBy::Sector) => of("r.company_sector", nothing, ""),
        Some(GroupBy::Organization) => of(OWNER_NAME, OWNER_ID, OWNER_JOIN),
        Some(GroupBy::Industry) => of("coalesce(c.industry, 'Unknown')", nothing, companies),
        Some(GroupBy::Country) => of("coalesce(c.country, 'Unknown')", nothing, companies),
    }
}

fn groups_of(group_by: Option<GroupBy>, rollup: &str) -> Sql {
    let rollup = |name: &str, id: &str, join: &str| {
        Sql::of(rollup)
            .with("group_name", name)
            .with("group_id", id)
            .with("group_join", join)
    };
    let companies = |column: &str| Sql::of(OF_COMPANIES).with("group_column", column);
    match group_by {
        None => rollup("''", "NULL::uuid", ""),
        Some(GroupBy::Sector) => rollup("r.sector", "NULL::uuid", ""),
        // By its id: two organizations may have the same name.
        Some(GroupBy::Organization) => rollup(OWNER_NAME, OWNER_ID, OWNER_JOIN),
        Some(GroupBy::Industry) => companies("industry"),
        Some(GroupBy::Country) => companies("country"),
    }
}
