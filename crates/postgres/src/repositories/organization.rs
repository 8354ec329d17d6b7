//! Organizations. No policy of the database stands on them: who may see which is in the
//! ids that the access rules hand over.

use accunode_domain::{
    access::{Organizations, Scope},
    id::{OrganizationId, UserId},
    organization::{Organization, OrganizationProfile, OrganizationStats},
    page::{Cursor, Limit, Page, Sort},
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        Bereaved, FormerMember, NewOrganization, OrganizationFilter, OrganizationRepository,
        OrganizationState,
    },
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    keyset::{no_such_order, page},
    kinds::KindNames,
    row::{RowRef, get, key_time, time_key},
    scope::Reach,
};

/// An organization's columns, of the alias `o`.
const ORGANIZATION: &str = "o.id, o.name, o.domain, o.description, o.industry, o.size_category, \
     o.parent_id, o.is_active, o.hide_system_data, o.require_second_factor, o.second_factor_approval, o.max_users, o.join_policy, o.created_at, \
     o.updated_at, o.row_version";

#[async_trait]
impl OrganizationRepository for Db {
    async fn add(&self, new: &NewOrganization) -> Result<Organization, RepositoryError> {
        self.transaction()?;
        let profile = &new.profile;
        let mut sql = QueryBuilder::new(
            "INSERT INTO organizations AS o (id, name, domain, description, industry, size_category, \
             parent_id, name_key) VALUES (",
        );
        sql.separated(", ")
            .push_bind(new.id.0)
            .push_bind(&profile.name)
            .push_bind(&profile.domain)
            .push_bind(&profile.description)
            .push_bind(&profile.industry)
            .push_bind(profile.size_category.map(|size| size.as_str()))
            .push_bind(new.parent.map(|id| id.0))
            .push_bind(profile.name_key());
        sql.push(format_args!(") RETURNING {ORGANIZATION}"));
        let row = self.one(sql).await?;
        read(&row.ok_or_else(|| defect("an insert without its row"))?)
    }

    async fn find(&self, id: OrganizationId) -> Result<Option<Organization>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {ORGANIZATION} FROM organizations o WHERE o.id = "
        ));
        sql.push_bind(id.0);
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    async fn list(
        &self,
        among: &Organizations,
        filter: &OrganizationFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Organization>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {ORGANIZATION} FROM organizations o WHERE TRUE"
        ));
        push_filter(&mut sql, among, filter);
        if let Some(q) = &filter.q {
            push_search(&mut sql, q, limit);
            let rows = self.all(sql).await?;
            return Ok(Page {
                rows: rows.iter().map(read).collect::<Result<_, _>>()?,
                next: None,
            });
        }
        push_order(&mut sql, sort, limit, after.as_ref())?;
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort,
            key: match sort {
                Sort::Name => last.profile.name.clone(),
                _ => time_key(last.created_at),
            },
            id: last.id.0,
        }))
    }

    async fn root_like(
        &self,
        name_key: &str,
        other_than: OrganizationId,
    ) -> Result<Option<OrganizationId>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "SELECT id FROM organizations WHERE parent_id IS NULL AND name_key = ",
        );
        sql.push_bind(name_key)
            .push(" AND id <> ")
            .push_bind(other_than.0)
            .push(" ORDER BY id LIMIT 1");
        let found = self.one(sql).await?;
        let id = found.map(|row| get(&row, "id")).transpose()?;
        Ok(id.map(OrganizationId))
    }

    async fn update(
        &self,
        id: OrganizationId,
        state: &OrganizationState,
        version: i64,
    ) -> Result<Organization, RepositoryError> {
        self.transaction()?;
        let profile = &state.profile;
        let seats = state
            .max_users
            .map(i32::try_from)
            .transpose()
            .map_err(|_| defect("max_users beyond 2^31"))?;
        let mut sql = QueryBuilder::new("UPDATE organizations o SET name = ");
        sql.push_bind(&profile.name)
            .push(", name_key = ")
            .push_bind(profile.name_key())
            .push(", domain = ")
            .push_bind(&profile.domain)
            .push(", description = ")
            .push_bind(&profile.description)
            .push(", industry = ")
            .push_bind(&profile.industry)
            .push(", size_category = ")
            .push_bind(profile.size_category.map(|size| size.as_str()))
            .push(", parent_id = ")
            .push_bind(state.parent_id.map(|id| id.0))
            .push(", is_active = ")
            .push_bind(state.is_active)
            .push(", hide_system_data = ")
            .push_bind(state.hide_system_data)
            .push(", require_second_factor = ")
            .push_bind(state.require_second_factor)
            .push(", second_factor_approval = ")
            .push_bind(state.second_factor_approval)
            .push(", max_users = ")
            .push_bind(seats)
            .push(", join_policy = ")
            .push_bind(state.join_policy.as_str())
            .push(" WHERE o.id = ")
            .push_bind(id.0)
            .push(" AND o.row_version = ")
            .push_bind(version)
            .push(format_args!(" RETURNING {ORGANIZATION}"));
        match self.one(sql).await? {
            Some(row) => read(&row),
            None => Err(STALE),
        }
    }

    /// Predictions are counted by their sums, which cost the same however many there are.
    async fn stats(
        &self,
        scope: &Scope,
        of: &[OrganizationId],
    ) -> Result<Vec<OrganizationStats>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        sql.push("SELECT x.* FROM a CROSS JOIN LATERAL (SELECT o.id, o.at");
        for (name, table, more) in [
            ("companies", "companies", ""),
            ("jobs", "bulk_upload_jobs", ""),
            (
                "open_jobs",
                "bulk_upload_jobs",
                " AND p.status IN ('pending', 'processing')",
            ),
        ] {
            sql.push(format_args!(
                ", (SELECT count(*) FROM {table} p WHERE p.owner_key = o.id AND {}{more}) AS {name}",
                reach.condition("p")
            ));
        }
        for kind in Kind::ALL {
            sql.push(format_args!(
                ", (SELECT coalesce(sum(p.n), 0)::bigint FROM {} p WHERE p.owner_key = o.id AND {}) AS {}",
                kind.rollup(),
                reach.condition("p"),
                kind.table(),
            ));
        }
        let ids: Vec<_> = of.iter().map(|id| id.0).collect();
        sql.push(
            ", (SELECT count(*) FROM organizations c WHERE c.parent_id = o.id) AS children, \
             (SELECT count(*) FROM users u WHERE u.organization_id = o.id) AS users, \
             (SELECT count(*) FROM users u WHERE u.is_active AND u.organization_id = o.id) AS active_users \
             FROM unnest(",
        )
        .push_bind(ids)
        .push("::uuid[]) WITH ORDINALITY o (id, at) OFFSET 0) x ORDER BY x.at");
        self.all(sql).await?.iter().map(read_stats).collect()
    }

    async fn bereaved(&self, id: OrganizationId) -> Result<Bereaved, RepositoryError> {
        self.transaction()?;
        self.take_time().await?;
        let about = |text: &str| {
            let mut sql = QueryBuilder::new(text);
            sql.push_bind(id.0);
            sql
        };
        let mut lock = about("SELECT o.id FROM organizations o WHERE o.id = ");
        lock.push(" FOR UPDATE");
        self.one(lock).await?;
        let members = about("SELECT u.id, u.role FROM users u WHERE u.organization_id = ");
        let children = about("SELECT c.id FROM organizations c WHERE c.parent_id = ");
        let files = about(
            "SELECT j.filename FROM bulk_upload_jobs j WHERE j.filename <> '' AND j.organization_id = ",
        );
        let mut owners = about("SELECT d.owner FROM organization_dependants(");
        owners.push(") d (owner)");
        let members = self.all(members).await?;
        let members = members.iter().map(|row| {
            let id = get(row, "id")?;
            let place = RowRef { table: "users", id };
            Ok(FormerMember {
                id: UserId(id),
                role: place.named(row, "role")?,
            })
        });
        let children = self.all(children).await?;
        let files = self.all(files).await?;
        let owners = self.all(owners).await?;
        Ok(Bereaved {
            members: members.collect::<Result<_, RepositoryError>>()?,
            children: children
                .iter()
                .map(|row| get(row, "id").map(OrganizationId))
                .collect::<Result<_, _>>()?,
            files: files
                .iter()
                .map(|row| get(row, "filename"))
                .collect::<Result<_, _>>()?,
            owners: owners
                .iter()
                .map(|row| get(row, "owner"))
                .collect::<Result<_, _>>()?,
        })
    }

    async fn remove(&self, id: OrganizationId, version: i64) -> Result<(), RepositoryError> {
        self.transaction()?;
        self.take_time().await?;
        let mut sql = QueryBuilder::new("DELETE FROM organizations o WHERE o.id = ");
        sql.push_bind(id.0)
            .push(" AND o.row_version = ")
            .push_bind(version);
        if self.run(sql).await? == 0 {
            return Err(STALE);
        }
        Ok(())
    }
}

const STALE: RepositoryError = RepositoryError::Stale {
    what: "organization",
};

fn push_filter(
    sql: &mut QueryBuilder<Postgres>,
    among: &Organizations,
    filter: &OrganizationFilter,
) {
    if !among.every() {
        let ids: Vec<Uuid> = among.ids().iter().map(|id| id.0).collect();
        sql.push(" AND o.id = ANY (").push_bind(ids).push(")");
    }
    if let Some(is_active) = filter.is_active {
        sql.push(" AND o.is_active = ").push_bind(is_active);
    }
    if let Some(parent) = filter.parent {
        sql.push(" AND o.parent_id = ").push_bind(parent.0);
    }
}

/// Best match first: what begins like it, then what is like it.
fn push_search(sql: &mut QueryBuilder<Postgres>, q: &str, limit: Limit) {
    let escaped = q
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let (begins, holds) = (format!("{escaped}%"), format!("%{escaped}%"));
    sql.push(" AND (o.name ILIKE ")
        .push_bind(holds.clone())
        .push(" OR o.domain ILIKE ")
        .push_bind(holds)
        .push(" OR o.name % ")
        .push_bind(q.to_owned())
        .push(") ORDER BY o.name ILIKE ")
        .push_bind(begins)
        .push(" DESC, similarity(o.name, ")
        .push_bind(q.to_owned())
        .push(") DESC, o.name, o.id LIMIT ")
        .push_bind(i64::from(limit.get()));
}

/// One row more than asked, by which the page knows whether there is a next one.
fn push_order(
    sql: &mut QueryBuilder<Postgres>,
    sort: Sort,
    limit: Limit,
    after: Option<&Cursor>,
) -> Result<(), RepositoryError> {
    let by_time = match sort {
        Sort::CreatedAt => true,
        Sort::Name => false,
        other => return Err(no_such_order("organizations", other)),
    };
    if let Some(cursor) = after {
        if by_time {
            sql.push(" AND (o.created_at, o.id) < (")
                .push_bind(key_time(cursor)?);
        } else {
            sql.push(" AND (o.name, o.id) > (")
                .push_bind(cursor.key.clone());
        }
        sql.push(", ").push_bind(cursor.id).push(")");
    }
    sql.push(if by_time {
        " ORDER BY o.created_at DESC, o.id DESC LIMIT "
    } else {
        " ORDER BY o.name, o.id LIMIT "
    })
    .push_bind(i64::from(limit.get()) + 1);
    Ok(())
}

fn read_stats(row: &PgRow) -> Result<OrganizationStats, RepositoryError> {
    let place = RowRef {
        table: "organizations",
        id: get(row, "id")?,
    };
    let count = |column: &'static str| {
        u64::try_from(get::<i64>(row, column)?).map_err(|_| place.corrupt(column))
    };
    Ok(OrganizationStats {
        users: count("users")?,
        active_users: count("active_users")?,
        companies: count("companies")?,
        annual_predictions: count("annual_predictions")?,
        quarterly_predictions: count("quarterly_predictions")?,
        jobs: count("jobs")?,
        open_jobs: count("open_jobs")?,
        children: count("children")?,
    })
}

fn read(row: &PgRow) -> Result<Organization, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef {
        table: "organizations",
        id,
    };
    let size_category = get::<Option<&str>>(row, "size_category")?
        .map(|text| text.parse().map_err(|_| place.corrupt("size_category")))
        .transpose()?;
    let max_users = get::<Option<i32>>(row, "max_users")?
        .map(|seats| u32::try_from(seats).map_err(|_| place.corrupt("max_users")))
        .transpose()?;
    Ok(Organization {
        id: OrganizationId(id),
        profile: OrganizationProfile {
            name: get(row, "name")?,
            domain: get(row, "domain")?,
            description: get(row, "description")?,
            industry: get(row, "industry")?,
            size_category,
        },
        parent: get::<Option<Uuid>>(row, "parent_id")?.map(OrganizationId),
        is_active: get(row, "is_active")?,
        hide_system_data: get(row, "hide_system_data")?,
        require_second_factor: get(row, "require_second_factor")?,
        second_factor_approval: get(row, "second_factor_approval")?,
        max_users,
        join_policy: place.named(row, "join_policy")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        row_version: get(row, "row_version")?,
    })
}
