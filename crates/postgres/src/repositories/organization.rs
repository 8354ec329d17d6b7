//! Organizations. They have no row-level security: the access rules pass the ids of those that a
//! reader may see.

use accunode_domain::{
    access::{
        OrganizationChange, OrganizationCreation, OrganizationGrant, OrganizationRemoval,
        Organizations as Among, Scope,
    },
    id::{OrganizationId, UserId},
    organization::{Organization, OrganizationStats},
    page::{Cursor, Limit, Page, Sort},
    user::Role,
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        DeletionImpact, FormerMember, OrganizationFilter, OrganizationRepository,
        OrganizationState, OrganizationWriter,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Func, LockType, Order, extension::postgres::PgExpr},
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build, raw},
    entities::{Named, bulk_upload_jobs, organizations, users},
    errors::{defect, from_orm},
    keyset::{no_such_order, page},
    row::{RowRef, key_time, like_pattern, time_key},
    scalar::{scalar, scalars},
    tenant::ScopeSql,
};

/// Organizations, through an executor.
#[derive(Debug)]
pub(crate) struct Organizations<E> {
    db: E,
}

impl<E> Organizations<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

const STALE: RepositoryError = RepositoryError::Stale {
    what: "organization",
};

#[async_trait]
impl<E: Executor> OrganizationRepository for Organizations<E> {
    async fn find(&self, id: OrganizationId) -> Result<Option<Organization>, RepositoryError> {
        let select = organizations::Entity::find_by_id(id.0).into_query();
        let found: Option<organizations::Model> = self.db.model(build(select)).await?;
        found
            .map(organizations::Model::into_organization)
            .transpose()
    }

    async fn list(
        &self,
        among: &Among,
        filter: &OrganizationFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Organization>, RepositoryError> {
        let select = organizations::Entity::find().filter(condition(among, filter));
        if let Some(q) = &filter.q {
            let rows = self.all(best_matches(select, q, limit)).await?;
            return Ok(Page { rows, next: None });
        }
        let rows = self
            .all(sorted(select, sort, limit, after.as_ref())?)
            .await?;
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
        let select = organizations::Entity::find()
            .select_only()
            .column(organizations::Column::Id)
            .filter(organizations::Column::ParentId.is_null())
            .filter(organizations::Column::NameKey.eq(name_key))
            .filter(organizations::Column::Id.ne(other_than.0))
            .order_by_asc(organizations::Column::Id)
            .limit(1);
        let found = scalar(&self.db, build(select.into_query())).await?;
        Ok(found.map(OrganizationId))
    }

    /// The rollups count predictions at a cost that does not depend on their number.
    async fn stats(
        &self,
        scope: &Scope,
        of: &[OrganizationId],
    ) -> Result<Vec<OrganizationStats>, RepositoryError> {
        let ids: Vec<_> = of.iter().map(|id| id.0).collect();
        let scope = ScopeSql::of(scope);
        let actor = self.db.actor(scope.reader()).reading_values();
        let reached = [scope.keys().into(), scope.every_organization().into()];
        let values = actor.into_iter().chain(reached).chain([ids.into()]);
        let found: Vec<StatsRow> = self.db.models(raw(STATS, values)).await?;
        found.into_iter().map(StatsRow::into_stats).collect()
    }
}

/// The counts of some organizations, over the rows that the reader can read.
const STATS: &str = include_str!("organization/stats.sql");

/// A row of [`STATS`].
#[derive(Debug, FromQueryResult)]
struct StatsRow {
    id: Uuid,
    users: i64,
    active_users: i64,
    companies: i64,
    annual_predictions: i64,
    quarterly_predictions: i64,
    jobs: i64,
    open_jobs: i64,
    children: i64,
}

impl StatsRow {
    fn into_stats(self) -> Result<OrganizationStats, RepositoryError> {
        let row = RowRef {
            table: "organizations",
            id: self.id,
        };
        let count =
            |column, n: i64| u64::try_from(n).map_err(|error| row.corrupt_by(column, error));
        Ok(OrganizationStats {
            users: count("users", self.users)?,
            active_users: count("active_users", self.active_users)?,
            companies: count("companies", self.companies)?,
            annual_predictions: count("annual_predictions", self.annual_predictions)?,
            quarterly_predictions: count("quarterly_predictions", self.quarterly_predictions)?,
            jobs: count("jobs", self.jobs)?,
            open_jobs: count("open_jobs", self.open_jobs)?,
            children: count("children", self.children)?,
        })
    }
}

impl<E: Executor> Organizations<E> {
    async fn all(
        &self,
        select: Select<organizations::Entity>,
    ) -> Result<Vec<Organization>, RepositoryError> {
        let found: Vec<organizations::Model> = self.db.models(build(select.into_query())).await?;
        let rows = found
            .into_iter()
            .map(organizations::Model::into_organization);
        rows.collect()
    }
}

fn condition(among: &Among, filter: &OrganizationFilter) -> Condition {
    let ids = (!among.every())
        .then(|| organizations::Column::Id.eq_any(among.ids().iter().map(|id| id.0)));
    let is_active = filter.is_active;
    let parent = filter.parent;
    Condition::all()
        .add_option(ids)
        .add_option(is_active.map(|is_active| organizations::Column::IsActive.eq(is_active)))
        .add_option(parent.map(|parent| organizations::Column::ParentId.eq(parent.0)))
}

/// Orders the best matches first: names that begin with the text, then similar ones.
fn best_matches(
    select: Select<organizations::Entity>,
    q: &str,
    limit: Limit,
) -> Select<organizations::Entity> {
    let name = || Expr::col((organizations::Entity, organizations::Column::Name));
    let domain = Expr::col((organizations::Entity, organizations::Column::Domain));
    let escaped = like_pattern(q);
    let holds = format!("%{escaped}%");
    let similarity = Func::cust("similarity").arg(name()).arg(q);
    select
        .filter(
            Condition::any()
                .add(name().ilike(holds.clone()))
                .add(domain.ilike(holds))
                .add(Expr::cust_with_exprs("$1 % $2", [name(), Expr::val(q)])),
        )
        .order_by(name().ilike(format!("{escaped}%")), Order::Desc)
        .order_by(Expr::from(similarity), Order::Desc)
        .order_by_asc(organizations::Column::Name)
        .order_by_asc(organizations::Column::Id)
        .limit(u64::from(limit.get()))
}

/// Selects one row more than requested, which shows whether there is a next page.
fn sorted(
    select: Select<organizations::Entity>,
    sort: Sort,
    limit: Limit,
    after: Option<&Cursor>,
) -> Result<Select<organizations::Entity>, RepositoryError> {
    let (column, order) = match sort {
        Sort::CreatedAt => (organizations::Column::CreatedAt, Order::Desc),
        Sort::Name => (organizations::Column::Name, Order::Asc),
        other => return Err(no_such_order("organizations", other)),
    };
    let mut select = select;
    if let Some(cursor) = after {
        let row = Expr::tuple([Expr::col(column), Expr::col(organizations::Column::Id)]);
        let behind = match sort {
            Sort::CreatedAt => row.lt(Expr::tuple([
                Expr::val(key_time(cursor)?),
                Expr::val(cursor.id),
            ])),
            _ => row.gt(Expr::tuple([
                Expr::val(cursor.key.as_str()),
                Expr::val(cursor.id),
            ])),
        };
        select = select.filter(behind);
    }
    Ok(select
        .order_by(column, order.clone())
        .order_by(organizations::Column::Id, order)
        .limit(u64::from(limit.get()) + 1))
}

#[async_trait]
impl OrganizationWriter for Organizations<Tx> {
    #[tracing::instrument(name = "OrganizationWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: OrganizationCreation,
        id: OrganizationId,
        state: &OrganizationState,
    ) -> Result<Organization, RepositoryError> {
        let mut row = organizations::ActiveModel {
            id: Set(id.0),
            ..Default::default()
        };
        for change in OrganizationChange::ALL {
            set(&mut row, change, state)?;
        }
        row.parent_id = Set(grant.parent().map(|id| id.0));
        let stored = row.insert(&*self.db).await.map_err(from_orm)?;
        stored.into_organization()
    }

    #[tracing::instrument(name = "OrganizationWriter::update", level = "debug", skip_all)]
    async fn update(
        &self,
        id: OrganizationId,
        grants: &[OrganizationGrant],
        state: &OrganizationState,
        version: i64,
    ) -> Result<Organization, RepositoryError> {
        // The key follows from the name, and names stored before keys existed have none yet.
        let mut changes = organizations::ActiveModel {
            name_key: Set(Some(state.profile.name_key())),
            ..Default::default()
        };
        for grant in grants {
            if grant.organization() != id {
                return Err(defect("a grant for another organization"));
            }
            set(&mut changes, grant.change(), state)?;
        }
        let changed = organizations::Entity::update_many()
            .set(changes)
            .filter(organizations::Column::Id.eq(id.0))
            .filter(organizations::Column::RowVersion.eq(version))
            .exec_with_returning(&*self.db)
            .await
            .map_err(from_orm)?;
        match changed.into_iter().next() {
            Some(changed) => changed.into_organization(),
            None => Err(STALE),
        }
    }

    #[tracing::instrument(
        name = "OrganizationWriter::deletion_impact",
        level = "debug",
        skip_all
    )]
    async fn deletion_impact(
        &self,
        removal: OrganizationRemoval,
    ) -> Result<DeletionImpact, RepositoryError> {
        self.db.extend_statement_timeout().await?;
        let id = removal.organization().0;
        let mut lock = organizations::Entity::find_by_id(id)
            .select_only()
            .column(organizations::Column::Id)
            .into_query();
        lock.lock(LockType::Update);
        self.db.rows(build(lock)).await?;
        let children = organizations::Entity::find()
            .select_only()
            .column(organizations::Column::Id)
            .filter(organizations::Column::ParentId.eq(id));
        let children: Vec<Uuid> = scalars(&self.db, build(children.into_query())).await?;
        let files = bulk_upload_jobs::Entity::find()
            .select_only()
            .column(bulk_upload_jobs::Column::Filename)
            .filter(bulk_upload_jobs::Column::OrganizationId.eq(id))
            .filter(bulk_upload_jobs::Column::Filename.ne(""));
        Ok(DeletionImpact {
            members: self.members(id).await?,
            children: children.into_iter().map(OrganizationId).collect(),
            files: scalars(&self.db, build(files.into_query())).await?,
            owners: scalars(&self.db, raw(DEPENDANTS, [id.into()])).await?,
        })
    }

    #[tracing::instrument(name = "OrganizationWriter::remove", level = "debug", skip_all)]
    async fn remove(
        &self,
        removal: OrganizationRemoval,
        version: i64,
    ) -> Result<(), RepositoryError> {
        self.db.extend_statement_timeout().await?;
        let removed = organizations::Entity::delete_many()
            .filter(organizations::Column::Id.eq(removal.organization().0))
            .filter(organizations::Column::RowVersion.eq(version))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        match removed.rows_affected {
            0 => Err(STALE),
            _ => Ok(()),
        }
    }
}

/// The owners of rows that are deleted with the organization `$1`.
const DEPENDANTS: &str = "SELECT d.owner FROM organization_dependants($1) d (owner)";

/// A member of an organization.
#[derive(Debug, FromQueryResult)]
struct MemberRow {
    id: Uuid,
    role: Named<Role>,
}

impl Organizations<Tx> {
    async fn members(&self, id: Uuid) -> Result<Vec<FormerMember>, RepositoryError> {
        let select = users::Entity::find()
            .select_only()
            .columns([users::Column::Id, users::Column::Role])
            .filter(users::Column::OrganizationId.eq(id));
        let found: Vec<MemberRow> = self.db.models(build(select.into_query())).await?;
        let members = found.into_iter().map(|member| {
            let row = RowRef {
                table: "users",
                id: member.id,
            };
            Ok(FormerMember {
                id: UserId(member.id),
                role: row.known("role", member.role)?,
            })
        });
        members.collect()
    }
}

/// Sets the columns of one change to their values in this state.
fn set(
    changes: &mut organizations::ActiveModel,
    change: OrganizationChange,
    state: &OrganizationState,
) -> Result<(), RepositoryError> {
    match change {
        OrganizationChange::Profile => changes.describe(&state.profile),
        OrganizationChange::JoinToken => changes.join_policy = Set(state.join_policy.into()),
        // The addresses are in another table.
        OrganizationChange::AllowedEmails => {}
        OrganizationChange::IsActive => changes.is_active = Set(state.is_active),
        OrganizationChange::MaxUsers => {
            let seats = state.max_users.map(i32::try_from).transpose();
            let seats = seats.map_err(|_| defect("max_users beyond 2^31"))?;
            changes.max_users = Set(seats);
        }
        OrganizationChange::HideSystemData => {
            changes.hide_system_data = Set(state.hide_system_data);
        }
        OrganizationChange::RequireSecondFactor => {
            changes.require_second_factor = Set(state.require_second_factor);
        }
        OrganizationChange::SecondFactorApproval => {
            changes.second_factor_approval = Set(state.second_factor_approval);
        }
        OrganizationChange::Parent => {
            changes.parent_id = Set(state.parent_id.map(|id| id.0));
        }
    }
    Ok(())
}
