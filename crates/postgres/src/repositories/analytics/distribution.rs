//! Counts by group and risk level.

use std::collections::BTreeMap;

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
    risk::RiskLevel,
};
use accunode_ports::{
    RepositoryError,
    repositories::{Distribution, Group, GroupBy, RiskCount},
};

use super::Analytics;
use super::{
    groups::{Source, group},
    push_year,
};
use crate::{kinds::KindNames, row::get, scope::Reach};

impl Analytics {
    pub(super) async fn distribution(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: GroupBy,
    ) -> Result<Distribution, RepositoryError> {
        let reach = Reach::of(scope);
        let source = Source::of(kind, Some(group_by), &reach);
        // Personal predictions stand on companies of others: the policies must let those through.
        let mut sql = reach.statement(&self.db.actor(reader));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT s.group_name, s.group_id, s.risk_level, \
             sum(s.n)::bigint AS n FROM ({}) s WHERE true",
            source.rows
        ));
        push_year(&mut sql, "s", year);
        sql.push(" GROUP BY 1, 2, 3 OFFSET 0) x WHERE x.n <> 0");
        let mut counts: BTreeMap<(Group, RiskLevel), i64> = BTreeMap::new();
        for row in self.db.all(sql).await? {
            let level: &str = get(&row, "risk_level")?;
            let level = level.parse().map_err(|_| RepositoryError::Corrupt {
                table: kind.rollup(),
                column: "risk_level",
                id: level.to_owned(),
            })?;
            counts.insert((group(&row)?, level), get(&row, "n")?);
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
