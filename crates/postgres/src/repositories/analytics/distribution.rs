//! Counts by group and risk level.

use std::collections::BTreeMap;

use accunode_domain::{
    access::Scope,
    id::OrganizationId,
    prediction::{Kind, ReportingYear},
    risk::RiskLevel,
};
use accunode_ports::{
    RepositoryError,
    repositories::{Distribution, Group, GroupBy, RiskCount},
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Analytics, corrupt, groups::counts, year_or_all};
use crate::{db::Executor, sql::Sql, tenant::ScopeSql};

const DISTRIBUTION: &str = include_str!("sql/distribution.sql");

#[derive(Debug, FromQueryResult)]
struct Row {
    group_name: String,
    group_id: Option<Uuid>,
    risk_level: String,
    n: i64,
}

impl<E: Executor> Analytics<E> {
    pub(super) async fn distribution(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: GroupBy,
    ) -> Result<Distribution, RepositoryError> {
        let sql = Sql::of(DISTRIBUTION)
            .with("groups", counts(group_by).as_str())
            .with("year_or_all", year_or_all(year))
            .of_kind(kind);
        // Personal predictions may be on companies of other owners, which the policies must
        // permit.
        let scope = ScopeSql::of(scope).read_by(reader);
        let rows: Vec<Row> = self.db.models(scope.read(&self.db, sql, year)?).await?;
        let mut counts: BTreeMap<(Group, RiskLevel), i64> = BTreeMap::new();
        for row in rows {
            let level = row.risk_level.parse();
            let level = level.map_err(|cause| corrupt(kind, "risk_level", cause))?;
            let group = Group {
                name: row.group_name,
                organization: row.group_id.map(OrganizationId),
            };
            counts.insert((group, level), row.n);
        }
        let counts = counts.into_iter();
        Ok(counts
            .map(|((group, risk_level), count)| RiskCount {
                group,
                risk_level,
                count,
            })
            .collect())
    }
}
