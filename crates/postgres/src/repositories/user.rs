//! Users, as administrators see them.

use accunode_domain::{
    access::{Directory, RoleGrant, UserGrant, UserRemoval},
    id::UserId,
    page::{Cursor, Limit, Page, Sort},
    user::{Email, Profile, Role},
};
use accunode_ports::{
    RepositoryError,
    repositories::{AnonymizedIdentity, UserFilter, UserRecord, UserRepository, UserWriter},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, Order, PartialModelTrait, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{
        Alias, Asterisk, Cond, Expr, ExprTrait, Func, JoinType, LockType, Query, SelectStatement,
        SimpleExpr, extension::postgres::PgExpr,
    },
};
use uuid::Uuid;

use crate::{
    db::{Executor, Tx, build},
    entities::{
        allowed_emails, api_keys, idempotency_keys, invitations, login_challenges, organizations,
        user_tokens, user_totp,
        users::{self, Member},
    },
    errors::from_orm,
    keyset::page,
    row::{key_time, like_pattern, time_key},
    tenant::one_of_names,
};

/// Users and their memberships, by an executor.
#[derive(Debug)]
pub(crate) struct Users<E> {
    db: E,
}

impl<E> Users<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// The text that a search matches, as in the index.
const SEARCHED: &str = "(\"users\".\"email\" || ' ' || coalesce(\"users\".\"first_name\", '') || ' ' || coalesce(\"users\".\"last_name\", ''))";

/// Selects users with their memberships, to be filtered.
fn members() -> SelectStatement {
    let select = users::Entity::find()
        .select_only()
        .left_join(organizations::Entity);
    Member::select_cols(select).into_query()
}

fn record(member: Member) -> Result<UserRecord, RepositoryError> {
    let (user, membership) = member.into_parts()?;
    Ok(UserRecord { user, membership })
}

#[async_trait]
impl<E: Executor> UserRepository for Users<E> {
    async fn find(&self, id: UserId) -> Result<Option<UserRecord>, RepositoryError> {
        self.one(users::Column::Id.eq(id.0)).await
    }

    async fn by_email(&self, email: &Email) -> Result<Option<UserRecord>, RepositoryError> {
        self.one(users::Column::Email.eq(email.as_str())).await
    }

    async fn list(
        &self,
        directory: &Directory,
        filter: &UserFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<UserRecord>, RepositoryError> {
        let more = u64::from(limit.get()) + 1;
        let mut scan = Query::select();
        scan.column((users::Entity, Asterisk))
            .from(users::Entity)
            .cond_where(condition(directory, filter));
        if let Some(cursor) = &after {
            scan.and_where(behind(cursor)?);
        }
        sort(&mut scan, filter);
        scan.limit(more);
        if !directory.everyone() {
            scan = of_each_organization(directory, scan);
        }
        // The page gets the name of the table, so that its columns are read as usual.
        let mut select = members();
        select
            .from_clear()
            .from_subquery(scan, Alias::new("users"))
            .limit(more);
        sort(&mut select, filter);
        let found: Vec<Member> = self.db.models(build(select)).await?;
        let rows = found
            .into_iter()
            .map(record)
            .collect::<Result<Vec<_>, _>>()?;
        let mut page = page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.user.created_at),
            id: last.user.id.0,
        });
        if filter.q.is_some() {
            page.next = None;
        }
        Ok(page)
    }
}

impl<E: Executor> Users<E> {
    async fn one(&self, condition: SimpleExpr) -> Result<Option<UserRecord>, RepositoryError> {
        let mut select = members();
        select.and_where(condition);
        let found: Option<Member> = self.db.model(build(select)).await?;
        found.map(record).transpose()
    }
}

/// One scan of each organization's index, limited like the page that is cut from all of them.
fn of_each_organization(directory: &Directory, mut scan: SelectStatement) -> SelectStatement {
    let keys: Vec<Uuid> = directory.organizations().iter().map(|id| id.0).collect();
    scan.and_where(
        Expr::col((users::Entity, users::Column::OrganizationId)).eq(Expr::col(("k", "k"))),
    );
    Query::select()
        .column(("m", Asterisk))
        .from_function(Func::cust("unnest").arg(keys), "k")
        .join_lateral(JoinType::InnerJoin, scan, "m", Cond::all())
        .to_owned()
}

fn condition(directory: &Directory, filter: &UserFilter) -> Condition {
    let searched = filter.q.as_ref().map(|q| {
        let pattern = format!("%{}%", like_pattern(q));
        Expr::cust(SEARCHED).ilike(pattern)
    });
    Condition::all()
        .add_option((!directory.full()).then(|| users::Column::IsActive.eq(true)))
        .add_option(
            filter
                .is_active
                .map(|is_active| users::Column::IsActive.eq(is_active)),
        )
        .add_option(one_of_names(users::Column::Role, &filter.roles))
        .add_option(searched)
}

fn behind(cursor: &Cursor) -> Result<SimpleExpr, RepositoryError> {
    let row = Expr::tuple([
        Expr::col((users::Entity, users::Column::CreatedAt)),
        Expr::col((users::Entity, users::Column::Id)),
    ]);
    let last = Expr::tuple([Expr::val(key_time(cursor)?), Expr::val(cursor.id)]);
    Ok(row.lt(last))
}

/// Newest first; in a search the earlier the text occurs, the better.
fn sort(select: &mut SelectStatement, filter: &UserFilter) {
    if let Some(q) = &filter.q {
        let found = Func::cust("strpos")
            .arg(Func::lower(Expr::cust(SEARCHED)))
            .arg(Func::lower(q.clone()));
        select.order_by_expr(found.into(), Order::Asc);
    }
    select
        .order_by((users::Entity, users::Column::CreatedAt), Order::Desc)
        .order_by((users::Entity, users::Column::Id), Order::Desc);
}

#[async_trait]
impl UserWriter for Users<Tx> {
    /// Rows are locked one by one in the order of their ids, so that two transactions that
    /// lock the same users wait for each other and never deadlock. A second statement reads
    /// them, which sees what the awaited transactions have committed.
    #[tracing::instrument(name = "UserWriter::lock_for_update", level = "debug", skip_all)]
    async fn lock_for_update(&self, ids: &[UserId]) -> Result<Vec<UserRecord>, RepositoryError> {
        let among = || users::Column::Id.eq_any(ids.iter().map(|id| id.0));
        let by_id = (users::Entity, users::Column::Id);
        let lock = Query::select()
            .column(by_id)
            .from(users::Entity)
            .and_where(among())
            .order_by(by_id, Order::Asc)
            .lock(LockType::NoKeyUpdate)
            .to_owned();
        self.db.rows(build(lock)).await?;
        let mut select = members();
        select.and_where(among()).order_by(by_id, Order::Asc);
        let found: Vec<Member> = self.db.models(build(select)).await?;
        found.into_iter().map(record).collect()
    }

    #[tracing::instrument(name = "UserWriter::update", level = "debug", skip_all)]
    async fn update(
        &self,
        grant: UserGrant,
        profile: &Profile,
        is_active: bool,
        version: i64,
    ) -> Result<UserRecord, RepositoryError> {
        let mut changes = users::ActiveModel {
            first_name: Set(profile.first_name.clone()),
            last_name: Set(profile.last_name.clone()),
            phone: Set(profile.phone.clone()),
            ..Default::default()
        };
        if grant.administers() {
            changes.is_active = Set(is_active);
        }
        let changed = self.change(grant.user(), changes, version).await?;
        if !changed.user.is_active {
            self.revoke_credentials(grant.user()).await?;
        }
        Ok(changed)
    }

    #[tracing::instrument(name = "UserWriter::assign", level = "debug", skip_all)]
    async fn assign(&self, grant: RoleGrant, version: i64) -> Result<UserRecord, RepositoryError> {
        let changes = users::ActiveModel {
            role: Set(grant.role().into()),
            organization_id: Set(grant.organization().map(|id| id.0)),
            ..Default::default()
        };
        self.change(grant.user(), changes, version).await
    }

    #[tracing::instrument(name = "UserWriter::anonymize", level = "debug", skip_all)]
    async fn anonymize(
        &self,
        removal: UserRemoval,
        email: &Email,
        stand_in: &AnonymizedIdentity,
        version: i64,
    ) -> Result<UserRecord, RepositoryError> {
        let changes = users::ActiveModel {
            email: Set(stand_in.email.as_str().to_owned()),
            password_hash: Set(stand_in.password_hash.clone()),
            role: Set(Role::User.into()),
            organization_id: Set(None),
            first_name: Set(None),
            last_name: Set(None),
            phone: Set(None),
            is_verified: Set(false),
            is_active: Set(false),
            last_login: Set(None),
            ..Default::default()
        };
        let changed = self.change(removal.user(), changes, version).await?;
        self.delete_credentials(removal.user()).await?;
        self.delete_traces(email, &stand_in.email).await?;
        Ok(changed)
    }
}

impl Users<Tx> {
    /// Changes a user whose version is still this one.
    async fn change(
        &self,
        id: UserId,
        changes: users::ActiveModel,
        version: i64,
    ) -> Result<UserRecord, RepositoryError> {
        let changed = users::Entity::update_many()
            .set(changes)
            .filter(users::Column::Id.eq(id.0))
            .filter(users::Column::RowVersion.eq(version))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        let stale = RepositoryError::Stale { what: "user" };
        if changed.rows_affected == 0 {
            return Err(stale);
        }
        self.find(id).await?.ok_or(stale)
    }

    /// Permanently deletes everything except the password with which a user could sign in:
    /// none of it works again when they are reactivated.
    async fn revoke_credentials(&self, id: UserId) -> Result<(), RepositoryError> {
        api_keys::Entity::update_many()
            .col_expr(api_keys::Column::RevokedAt, Expr::current_timestamp())
            .filter(api_keys::Column::UserId.eq(id.0))
            .filter(api_keys::Column::RevokedAt.is_null())
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        self.delete::<user_tokens::Entity>(user_tokens::Column::UserId.eq(id.0))
            .await?;
        self.delete::<login_challenges::Entity>(login_challenges::Column::UserId.eq(id.0))
            .await
    }

    /// Deletes everything with which a user could sign in.
    async fn delete_credentials(&self, id: UserId) -> Result<(), RepositoryError> {
        let id = id.0;
        self.delete::<api_keys::Entity>(api_keys::Column::UserId.eq(id))
            .await?;
        self.delete::<user_tokens::Entity>(user_tokens::Column::UserId.eq(id))
            .await?;
        self.delete::<user_totp::Entity>(user_totp::Column::UserId.eq(id))
            .await?;
        self.delete::<login_challenges::Entity>(login_challenges::Column::UserId.eq(id))
            .await?;
        self.delete::<idempotency_keys::Entity>(idempotency_keys::Column::Principal.eq(id))
            .await
    }

    /// Removes an address from all rows other than its user's account.
    async fn delete_traces(&self, email: &Email, instead: &Email) -> Result<(), RepositoryError> {
        let email = email.as_str();
        self.delete::<allowed_emails::Entity>(allowed_emails::Column::Email.eq(email))
            .await?;
        self.delete::<invitations::Entity>(
            invitations::Column::Email
                .eq(email)
                .and(invitations::Column::AcceptedAt.is_null()),
        )
        .await?;
        invitations::Entity::update_many()
            .set(invitations::ActiveModel {
                email: Set(instead.as_str().to_owned()),
                ..Default::default()
            })
            .filter(invitations::Column::Email.eq(email))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        Ok(())
    }

    async fn delete<T: EntityTrait>(&self, of: SimpleExpr) -> Result<(), RepositoryError> {
        let done = T::delete_many().filter(of).exec(&*self.db).await;
        done.map(|_| ()).map_err(from_orm)
    }
}
