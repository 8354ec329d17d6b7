//! One page of a list: a limited scan of each owner's index from where the last page
//! ended, merged and cut. What a page costs depends neither on how many rows there
//! are nor on how far into them it is.

use accunode_domain::{
    Timestamp,
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::RepositoryError;
use sqlx::{Postgres, QueryBuilder};

use crate::{
    actor::ActorSettings,
    errors::defect,
    row::{bad_cursor, key_time},
    scope::Reach,
};

/// The condition of the partial indexes over the rows of all organizations, of the alias
/// `p`. There is no index over the rows of all owners: where one owner has nearly every
/// row, the planner would take it for everyone's list and filter the whole table away.
pub(crate) const ORGANIZATIONS: &str = "p.access_level = 'organization'";

/// A list's table and order. The table's alias is `p`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyset<'c> {
    /// What is selected, of the alias `p`; the sort key and `id` among it.
    pub(crate) columns: &'c str,
    /// The table.
    pub(crate) table: &'c str,
    /// The order.
    pub(crate) sort: Sort,
    /// Whether there is an index over the rows of all organizations in this order, which
    /// only a query with [`ORGANIZATIONS`] can use.
    pub(crate) over_organizations: bool,
}

/// Where the last page ended.
enum From {
    Time(Timestamp),
    Number(f64),
    Text(String),
}

impl Keyset<'_> {
    /// The statement for one page and one row more, by which [`page`] knows whether
    /// there is a next one.
    pub(crate) fn statement(
        &self,
        reach: &Reach,
        actor: &ActorSettings,
        limit: Limit,
        after: Option<&Cursor>,
        filter: impl Fn(&mut QueryBuilder<Postgres>),
    ) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        let (key, direction, compare) = match self.sort {
            Sort::CreatedAt => ("created_at", "DESC", "<"),
            Sort::Pd => ("pd", "DESC", "<"),
            Sort::Name => ("name", "ASC", ">"),
            Sort::Symbol => ("symbol", "ASC", ">"),
        };
        let after = after
            .map(|cursor| self.from(cursor).map(|from| (from, cursor.id)))
            .transpose()?;
        let (columns, table) = (self.columns, self.table);
        let more = i64::from(limit.get()) + 1;
        let one_scan = reach.every_organization() && self.over_organizations;
        let select = format!("SELECT {columns} FROM {table} p WHERE ");
        let order = format!("{key} {direction}, id {direction}");
        let narrow = |sql: &mut QueryBuilder<Postgres>| {
            filter(sql);
            if let Some((from, id)) = &after {
                sql.push(format_args!(" AND (p.{key}, p.id) {compare} ("));
                match from {
                    From::Time(at) => sql.push_bind(*at),
                    From::Number(number) => sql.push_bind(*number),
                    From::Text(text) => sql.push_bind(text.clone()),
                };
                sql.push(", ").push_bind(*id).push(")");
            }
            sql.push(format_args!(
                " ORDER BY p.{key} {direction}, p.id {direction} LIMIT "
            ))
            .push_bind(more);
        };
        let mut sql = reach.statement(actor);
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (SELECT y.* FROM (");
        if one_scan {
            sql.push(format_args!(
                "({select}a.actor IS NOT NULL AND {ORGANIZATIONS}"
            ));
            narrow(&mut sql);
            sql.push(") UNION ALL (");
        }
        let owners = if one_scan {
            reach.named_owners()
        } else {
            reach.owners()
        };
        sql.push(format_args!(
            "SELECT z.* FROM {owners} CROSS JOIN LATERAL ({select}p.owner_key = o.key"
        ));
        narrow(&mut sql);
        sql.push(if one_scan { ") z)" } else { ") z" });
        sql.push(format_args!(") y ORDER BY {order} LIMIT "))
            .push_bind(more);
        sql.push(format_args!(") x ORDER BY {order}"));
        Ok(sql)
    }

    fn from(&self, cursor: &Cursor) -> Result<From, RepositoryError> {
        if cursor.sort != self.sort {
            return Err(bad_cursor(self.sort));
        }
        Ok(match self.sort {
            Sort::CreatedAt => From::Time(key_time(cursor)?),
            Sort::Pd => From::Number(cursor.key.parse().map_err(|_| bad_cursor(self.sort))?),
            Sort::Name | Sort::Symbol => From::Text(cursor.key.clone()),
        })
    }
}

/// A page of rows of which one more than asked was read.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    let asked = limit.get() as usize;
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = if more { rows.last().map(key) } else { None };
    Page { rows, next }
}

/// An order that a list does not have.
pub(crate) fn no_such_order(list: &str, sort: Sort) -> RepositoryError {
    defect(format!("{list} are not sorted by {sort}"))
}
