//! Figures in plain SQL over the rows that a scope contains.

use std::fmt::Write as _;

use accunode_domain::{
    access::{DashboardScope, Scope},
    id::OrganizationId,
    prediction::Kind,
};
use accunode_ports::repositories::GroupBy;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::fixture::{Fixture, id};

/// What a user may read, as a condition on the alias, from the facts only.
pub(super) struct Plain {
    pub(super) everything: Vec<String>,
    pub(super) personal: String,
    pub(super) organizations: Vec<OrganizationId>,
    pub(super) system: String,
}

impl Plain {
    pub(super) async fn of(fixture: &Fixture, name: &str) -> Self {
        let facts = sqlx::query(
            "SELECT u.role, u.organization_id, o.parent_id, coalesce(o.hide_system_data, false) AS hides, \
             ARRAY(SELECT id FROM organizations c WHERE c.parent_id = u.organization_id) AS children, \
             ARRAY(SELECT id FROM organizations) AS every \
             FROM users u LEFT JOIN organizations o ON o.id = u.organization_id WHERE u.id = $1",
        )
        .bind(id(name))
        .fetch_one(&fixture.superuser)
        .await
        .unwrap();
        let role: String = facts.get("role");
        let own: Option<Uuid> = facts.get("organization_id");
        let mut organizations: Vec<Uuid> = own.into_iter().collect();
        match role.as_str() {
            "super_admin" => organizations = facts.get("every"),
            "tenant_admin" if facts.get::<Option<Uuid>, _>("parent_id").is_none() => {
                organizations.extend(facts.get::<Vec<Uuid>, _>("children"));
            }
            _ => {}
        }
        let organizations: Vec<_> = organizations.into_iter().map(OrganizationId).collect();
        let personal = format!(
            "(p.access_level = 'personal' AND p.created_by = '{}')",
            id(name)
        );
        let system = if facts.get("hides") {
            "false".to_owned()
        } else {
            "p.access_level = 'system'".to_owned()
        };
        let everything = vec![personal.clone(), of_any(&organizations), system.clone()];
        Self {
            everything,
            personal,
            organizations,
            system,
        }
    }

    pub(super) fn all(&self) -> String {
        format!("({})", self.everything.join(" OR "))
    }
}

pub(super) fn of_any(organizations: &[OrganizationId]) -> String {
    let ids: Vec<_> = organizations.iter().map(|id| format!("'{id}'")).collect();
    match ids.len() {
        0 => "false".to_owned(),
        _ => format!(
            "(p.access_level = 'organization' AND p.organization_id IN ({}))",
            ids.join(", ")
        ),
    }
}

/// Returns every scope that a user may request, with the plain condition for it.
pub(super) async fn scopes(fixture: &Fixture, name: &str) -> Vec<(String, Scope, String)> {
    let actor = fixture.actor(name).await;
    let plain = Plain::of(fixture, name).await;
    let mut scopes = vec![("everything".to_owned(), actor.scope(), plain.all())];
    let mut add = |part: DashboardScope, named, children: &[OrganizationId], condition: String| {
        // A scope that they may not request has no figures.
        if let Ok(scope) = actor.dashboard(part, named, children) {
            scopes.push((format!("{part} {named:?}"), scope, condition));
        }
    };
    add(DashboardScope::Personal, None, &[], plain.personal.clone());
    add(DashboardScope::System, None, &[], plain.system.clone());
    for organization in &plain.organizations {
        let one = of_any(&[*organization]);
        add(DashboardScope::Organization, Some(*organization), &[], one);
        let rows = sqlx::query("SELECT id FROM organizations WHERE parent_id = $1")
            .bind(organization.0)
            .fetch_all(&fixture.superuser)
            .await
            .unwrap();
        let children: Vec<_> = rows
            .iter()
            .map(|row| OrganizationId(row.get("id")))
            .collect();
        let tenant: Vec<_> = [*organization]
            .into_iter()
            .chain(children.clone())
            .collect();
        let tenant = of_any(&tenant);
        add(
            DashboardScope::Tenant,
            Some(*organization),
            &children,
            tenant,
        );
    }
    scopes
}

pub(super) async fn plainly(fixture: &Fixture, sql: String) -> Vec<String> {
    let lines: Vec<Option<String>> = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
        .fetch_all(&fixture.superuser)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    lines.into_iter().map(Option::unwrap_or_default).collect()
}

/// Formats a number with more digits than any mean of these can have.
pub(super) fn digits(value: f64) -> String {
    format!("{value:.12}")
}

/// The geometric middle of one of 640 buckets over five decades. `analytics` compares it with
/// the median itself.
pub(super) const MIDDLE: &str = "power(10::float8, (10 * pd_bucket(percentile_disc(0.5) WITHIN GROUP (ORDER BY p.pd)) \
     + pd_tenth(percentile_disc(0.5) WITHIN GROUP (ORDER BY p.pd)) + 0.5) * 5 / 640 - 5)";

pub(super) struct Tables {
    pub(super) table: &'static str,
    pub(super) period: &'static str,
}

pub(super) fn tables(kind: Kind) -> Tables {
    match kind {
        Kind::Annual => Tables {
            table: "annual_predictions",
            period: "p.reporting_year",
        },
        Kind::Quarterly => Tables {
            table: "quarterly_predictions",
            period: "p.reporting_year || ' ' || p.reporting_quarter",
        },
    }
}

/// Returns the name and organization of a group, and the joins that they need.
pub(super) fn group_sql(group_by: GroupBy, readable: &str) -> (String, &'static str) {
    let company = |column: &str| {
        let readable = readable.replace("p.", "c.");
        (
            format!("coalesce(CASE WHEN {readable} THEN c.{column} END, 'Unknown') || '/'"),
            "LEFT JOIN companies c ON c.id = p.company_id",
        )
    };
    match group_by {
        GroupBy::Sector => ("p.company_sector || '/'".to_owned(), ""),
        GroupBy::Industry => company("industry"),
        GroupBy::Country => company("country"),
        GroupBy::Organization => (
            "CASE p.access_level WHEN 'system' THEN 'System/' WHEN 'personal' THEN 'Personal/' \
             ELSE o.name || '/' || o.id::text END"
                .to_owned(),
            "LEFT JOIN organizations o ON o.id = p.organization_id",
        ),
    }
}

pub(super) fn group_text(group: &accunode_ports::repositories::Group) -> String {
    let mut text = format!("{}/", group.name);
    if let Some(organization) = group.organization {
        let _ = write!(text, "{organization}");
    }
    text
}

pub(super) const GROUPS: [GroupBy; 4] = [
    GroupBy::Sector,
    GroupBy::Industry,
    GroupBy::Country,
    GroupBy::Organization,
];
