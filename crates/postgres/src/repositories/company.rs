//! Companies.

use std::time::Duration;

use accunode_domain::{
    access::{Grant, Scope},
    company::{Company, CompanyProfile},
    id::{CompanyId, OrganizationId},
    owner::Owner,
    page::{Cursor, Limit, Page, Sort},
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    repositories::{CompanyFilter, CompanyRepository, FoundCompany},
};
use async_trait::async_trait;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{
    db::Db,
    entities::companies,
    errors::from_orm,
    keyset::{Keyset, no_such_order, page},
    kinds::KindNames,
    row::{COMPANY, company, get, time_key},
    scope::Reach,
};

/// The owners among whose companies a symbol is looked up, best first.
pub(crate) fn lookup_keys(scope: &Scope, grant: Grant, home: Option<OrganizationId>) -> Vec<Uuid> {
    let mut keys = vec![grant.owner().key()];
    if let (Owner::Person(_), Some(home)) = (grant.owner(), home) {
        keys.push(home.0);
    }
    if grant.owner() != Owner::System && scope.contains(Owner::System) {
        keys.push(Owner::System.key());
    }
    keys
}

#[async_trait]
impl CompanyRepository for Db {
    async fn add(
        &self,
        grant: Grant,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<Company, RepositoryError> {
        let row = companies::ActiveModel {
            id: Set(id.0),
            created_by: Set(grant.by().0),
            ..companies::ActiveModel::describing(profile, grant.owner())
        };
        row.insert(self.transaction()?)
            .await
            .map_err(from_orm)?
            .into_company()
    }

    async fn find(&self, scope: &Scope, id: CompanyId) -> Result<Option<Company>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT {COMPANY} FROM companies p WHERE {} AND p.id = ",
            reach.condition_of_one("p", "id"),
        ));
        sql.push_bind(id.0).push(" LIMIT 1) x");
        self.one(sql).await?.as_ref().map(company).transpose()
    }

    async fn find_or_add(
        &self,
        scope: &Scope,
        grant: Grant,
        home: Option<OrganizationId>,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<FoundCompany, RepositoryError> {
        self.transaction()?;
        let keys = lookup_keys(scope, grant, home);
        // Twice: where somebody else makes the company at this moment, it is found then.
        for _ in 0..2 {
            let mut sql = QueryBuilder::new(format!("SELECT {COMPANY} FROM unnest("));
            sql.push_bind(keys.clone())
                .push(
                    "::uuid[]) WITH ORDINALITY o (key, rank) \
                     JOIN companies p ON p.owner_key = o.key AND p.symbol = ",
                )
                .push_bind(profile.symbol.as_str())
                .push(" ORDER BY o.rank LIMIT 1");
            if let Some(row) = self.one(sql).await? {
                return Ok(FoundCompany {
                    company: company(&row)?,
                    is_new: false,
                });
            }
            if let Some(row) = self.one(insert_unless_there(grant, id, profile)).await? {
                return Ok(FoundCompany {
                    company: company(&row)?,
                    is_new: true,
                });
            }
        }
        Err(RepositoryError::Conflict {
            constraint: "unique_company_symbol_per_org".to_owned(),
        })
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Company>, RepositoryError> {
        if let Some(q) = &filter.q {
            return self.search(scope, q, filter, limit).await;
        }
        if sort == Sort::Pd {
            return Err(no_such_order("companies", sort));
        }
        let keyset = Keyset {
            columns: COMPANY,
            table: "companies",
            sort,
            over_organizations: sort == Sort::CreatedAt,
        };
        let actor = self.actor(scope);
        let sql = keyset.statement(&Reach::of(scope), &actor, limit, after.as_ref(), |sql| {
            push_filter(sql, filter);
        })?;
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(company).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort,
            key: match sort {
                Sort::Name => last.profile.name.clone(),
                Sort::Symbol => last.profile.symbol.as_str().to_owned(),
                _ => time_key(last.created_at),
            },
            id: last.id.0,
        }))
    }

    async fn is_in_use(&self, scope: &Scope, id: CompanyId) -> Result<bool, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push("SELECT x.used FROM a CROSS JOIN LATERAL (SELECT ");
        for (n, kind) in Kind::ALL.into_iter().enumerate() {
            sql.push(if n == 0 { "" } else { " OR " });
            sql.push(format_args!(
                "EXISTS (SELECT FROM {} p WHERE {} AND p.company_id = ",
                kind.table(),
                reach.condition("p")
            ));
            sql.push_bind(id.0).push(")");
        }
        sql.push(" AS used OFFSET 0) x");
        self.one(sql)
            .await?
            .map_or(Ok(false), |row| get(&row, "used"))
    }

    async fn update(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError> {
        let changed = companies::Entity::update_many()
            .set(companies::ActiveModel::describing(
                &company.profile,
                grant.owner(),
            ))
            .filter(companies::Column::Id.eq(company.id.0))
            .filter(companies::Column::RowVersion.eq(version))
            .exec_with_returning(self.transaction()?)
            .await
            .map_err(from_orm)?;
        let Some(changed) = changed.into_iter().next() else {
            return Err(RepositoryError::Stale { what: "company" });
        };
        changed.into_company()
    }

    async fn remove(
        &self,
        _grant: Grant,
        id: CompanyId,
        version: i64,
    ) -> Result<(), RepositoryError> {
        let gone = companies::Entity::delete_many()
            .filter(companies::Column::Id.eq(id.0))
            .filter(companies::Column::RowVersion.eq(version))
            .exec(self.transaction()?)
            .await
            .map_err(from_orm)?;
        if gone.rows_affected == 0 {
            return Err(RepositoryError::Stale { what: "company" });
        }
        Ok(())
    }
}

/// How long a search may take. It reads what is like `q` among the companies of the scope,
/// whatever the size of the page.
const SEARCH_LIMIT: Duration = Duration::from_secs(2);

impl Db {
    /// Best match first, in one statement: scope and filters are part of the search, which
    /// looks at nothing that belongs to other owners.
    async fn search(
        &self,
        scope: &Scope,
        q: &str,
        filter: &CompanyFilter,
        limit: Limit,
    ) -> Result<Page<Company>, RepositoryError> {
        let reach = Reach::of(scope);
        let actor = self.actor(scope);
        let mut sql = reach.statement(&actor);
        // The argument refers to `a`, so that the function is called after the actor is set.
        sql.push(format_args!(
            "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT {COMPANY}, h.rank AS hit_rank \
             FROM find_companies(CASE WHEN a.actor IS NOT NULL THEN "
        ))
        .push_bind(q)
        .push(" END, ")
        .push_bind(i32::try_from(limit.get()).unwrap_or(i32::MAX))
        .push(", a.keys, ")
        .push_bind(reach.every_organization());
        for text in [
            filter.symbol.as_ref().map(|symbol| symbol.as_str()),
            filter.sector.as_deref(),
            filter.industry.as_deref(),
            filter.country.as_deref(),
            filter.exchange.as_deref(),
        ] {
            sql.push(", ").push_bind(text);
        }
        for number in [filter.market_cap_gte, filter.market_cap_lte] {
            sql.push(", ").push_bind(number);
        }
        sql.push(format_args!(
            ") h JOIN companies p ON p.id = h.id WHERE {} OFFSET 0) x ORDER BY x.hit_rank DESC, x.id DESC",
            reach.condition("p")
        ));
        let hits = self
            .all_within(&actor, SEARCH_LIMIT, "the search", sql)
            .await?;
        Ok(Page {
            rows: hits.iter().map(company).collect::<Result<_, _>>()?,
            next: None,
        })
    }
}

/// SeaORM knows no conflict on a named constraint over a generated column.
fn insert_unless_there(
    grant: Grant,
    id: CompanyId,
    profile: &CompanyProfile,
) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO companies AS p (id, symbol, name, sector, industry, market_cap, country, currency, \
         exchange, organization_id, access_level, created_by) VALUES (",
    );
    let mut values = sql.separated(", ");
    values
        .push_bind(id.0)
        .push_bind(profile.symbol.as_str().to_owned())
        .push_bind(profile.name.clone())
        .push_bind(profile.sector.clone())
        .push_bind(profile.industry.clone())
        .push_bind(profile.market_cap)
        .push_bind(profile.country.clone())
        .push_bind(profile.currency.clone())
        .push_bind(profile.exchange.clone())
        .push_bind(grant.owner().organization().map(|id| id.0))
        .push_bind(grant.owner().level().as_str())
        .push_bind(grant.by().0);
    sql.push(format_args!(
        ") ON CONFLICT ON CONSTRAINT unique_company_symbol_per_org DO NOTHING RETURNING {COMPANY}"
    ));
    sql
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, filter: &CompanyFilter) {
    let texts = [
        (
            "symbol",
            filter.symbol.as_ref().map(|symbol| symbol.as_str()),
        ),
        ("sector", filter.sector.as_deref()),
        ("industry", filter.industry.as_deref()),
        ("country", filter.country.as_deref()),
        ("exchange", filter.exchange.as_deref()),
    ];
    for (column, value) in texts {
        if let Some(value) = value {
            sql.push(format_args!(" AND p.{column} = "))
                .push_bind(value.to_owned());
        }
    }
    if let Some(least) = filter.market_cap_gte {
        sql.push(" AND p.market_cap >= ").push_bind(least);
    }
    if let Some(most) = filter.market_cap_lte {
        sql.push(" AND p.market_cap <= ").push_bind(most);
    }
}
