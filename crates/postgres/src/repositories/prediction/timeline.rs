//! What there is for one company, in the order of the periods. One scan of each
//! owner's part of the unique index by company and period, for each kind.

use accunode_domain::{
    access::Scope,
    id::CompanyId,
    page::Limit,
    prediction::{Kind, Period, Quarter},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Timeline, TimelineFilter, TimelineMark},
};
use sqlx::{Postgres, QueryBuilder};

use super::columns::{columns, prediction};
use crate::{db::Db, kinds::KindNames, row::get, scope::Reach};

/// Stands for the year's own statement: after its quarters.
const YEARS_END: &str = "Y";

/// A place in the order: text compares as the periods do.
fn place(period: Period) -> String {
    let quarter = period.quarter.map_or(YEARS_END, Quarter::as_str);
    format!("{} {quarter}", period.year)
}

/// From the first moment of a period on. A year's own statement is of its last quarter.
fn from(period: Period) -> String {
    match period.quarter {
        None => format!("{} {}", period.year, Quarter::Q1),
        Some(_) => place(period),
    }
}

/// Up to the last moment of a period.
fn to(period: Period) -> String {
    match period.quarter {
        None | Some(Quarter::Q4) => format!("{} {YEARS_END}", period.year),
        Some(_) => place(period),
    }
}

pub(super) async fn part(
    db: &Db,
    scope: &Scope,
    company: CompanyId,
    filter: &TimelineFilter,
    limit: Limit,
    after: Option<TimelineMark>,
) -> Result<Timeline, RepositoryError> {
    let reach = Reach::of(scope);
    let more = i64::from(limit.get()) + 1;
    let mut sql = reach.statement(&db.actor(scope));
    sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (");
    // A super_admin's owners are too many to be asked one by one.
    let one_scan = reach.every_organization();
    if !one_scan {
        sql.push(format_args!(
            "SELECT y.* FROM {} CROSS JOIN LATERAL (",
            reach.owners()
        ));
    }
    let kinds: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| filter.kind.is_none_or(|wanted| wanted == *kind))
        .collect();
    for (n, kind) in kinds.into_iter().enumerate() {
        let owners = if one_scan {
            reach.condition("p")
        } else {
            "p.owner_key = o.key".to_owned()
        };
        let place = match kind {
            Kind::Annual => format!("p.reporting_year || ' {YEARS_END}'"),
            Kind::Quarterly => "p.reporting_year || ' ' || p.reporting_quarter".to_owned(),
        };
        sql.push(if n == 0 { "(" } else { " UNION ALL (" });
        sql.push(format_args!(
            "SELECT {}, ({place}) COLLATE \"C\" AS place FROM {} p WHERE {owners} AND p.company_id = ",
            columns(kind),
            kind.table()
        ))
        .push_bind(company.0);
        bounds(&mut sql, &place, filter, after);
        sql.push(" ORDER BY place, p.id LIMIT ")
            .push_bind(more)
            .push(")");
    }
    if !one_scan {
        sql.push(") y");
    }
    sql.push(if one_scan {
        ""
    } else {
        " ORDER BY y.place, y.id LIMIT "
    });
    if !one_scan {
        sql.push_bind(more);
    }
    sql.push(") x ORDER BY x.place, x.id LIMIT ")
        .push_bind(more);

    let mut predictions = db
        .all(sql)
        .await?
        .iter()
        .map(|row| {
            let is_annual = get::<Option<&str>>(row, "reporting_quarter")?.is_none();
            let kind = if is_annual {
                Kind::Annual
            } else {
                Kind::Quarterly
            };
            prediction(kind, row)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let asked = limit.get() as usize;
    let is_more = predictions.len() > asked;
    predictions.truncate(asked);
    let last = predictions.last().filter(|_| is_more);
    let next = last.map(|last| TimelineMark {
        period: last.period,
        id: last.id,
    });
    Ok(Timeline { predictions, next })
}

/// The year alone is what the index knows; the place says the rest.
fn bounds(
    sql: &mut QueryBuilder<Postgres>,
    place_of_row: &str,
    filter: &TimelineFilter,
    after: Option<TimelineMark>,
) {
    if let Some(first) = filter.from {
        sql.push(" AND p.reporting_year >= ")
            .push_bind(first.year.to_string())
            .push(format_args!(" AND ({place_of_row}) COLLATE \"C\" >= "))
            .push_bind(from(first));
    }
    if let Some(last) = filter.to {
        sql.push(" AND p.reporting_year <= ")
            .push_bind(last.year.to_string())
            .push(format_args!(" AND ({place_of_row}) COLLATE \"C\" <= "))
            .push_bind(to(last));
    }
    if let Some(mark) = after {
        sql.push(" AND p.reporting_year >= ")
            .push_bind(mark.period.year.to_string())
            .push(format_args!(
                " AND (({place_of_row}) COLLATE \"C\", p.id) > ("
            ))
            .push_bind(place(mark.period))
            .push(", ")
            .push_bind(mark.id.0)
            .push(")");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_years_statement_comes_after_its_quarters_and_belongs_to_the_last() {
        let read = |text| Period::read("", text).unwrap();
        assert!(place(read("2023")) > place(read("2023-Q4")));
        assert!(place(read("2023")) < place(read("2024-Q1")));
        assert!(place(read("2023")) >= from(read("2023-Q4")));
        assert!(place(read("2023")) <= to(read("2023-Q4")));
        assert!(place(read("2023")) > to(read("2023-Q3")));
        assert!(place(read("2023-Q1")) >= from(read("2023")));
    }
}
