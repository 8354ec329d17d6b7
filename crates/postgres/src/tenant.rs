//! Reading and writing rows that have owners.
//!
//! A read starts from the entity and is one statement, `WITH a AS MATERIALIZED (actor, keys)
//! SELECT x.* FROM a JOIN LATERAL (…) x ON TRUE`, which first sets the actor and then reads. The
//! reading part refers to `a` laterally, so that it cannot run before; should it ever, the
//! database's policies exclude every row.
//!
//! A write starts from [`TenantEntity::owned_by`], so that every `UPDATE` and `DELETE` names the
//! owner of the grant, and every `INSERT` belongs to it.

use std::fmt::Display;

use accunode_domain::{
    access::{Grant, Scope},
    owner::{AccessLevel, Owner},
};
use accunode_ports::RepositoryError;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DeleteMany, EntityTrait, FromQueryResult, QueryFilter,
    QueryTrait, Select, Statement, UpdateMany,
    sea_query::{
        Asterisk, CommonTableExpression, Cond, Expr, ExprTrait as _, Func, JoinType, Query,
        SelectStatement, UnionType, WithClause,
    },
};
use uuid::Uuid;

use crate::{
    actor::ActorSettings,
    db::{Executor, build},
};

/// A table whose rows have owners.
pub(crate) trait TenantEntity: EntityTrait {
    /// The primary key, which is a UUID.
    const ID: Self::Column;
    /// The key of the owner, which the database generates.
    const OWNER_KEY: Self::Column;
    /// How widely the row is shared.
    const ACCESS_LEVEL: Self::Column;
    /// The organization, if the owner is one.
    const ORGANIZATION_ID: Self::Column;
    /// The user who created the row.
    const CREATED_BY: Self::Column;
    /// The number of changes of the row.
    const ROW_VERSION: Self::Column;

    /// Begins a write of rows that the grant covers.
    fn owned_by(grant: Grant) -> Owned<Self> {
        Owned {
            grant,
            entity: std::marker::PhantomData,
        }
    }
}

/// Writes of one owner's rows.
pub(crate) struct Owned<E> {
    grant: Grant,
    entity: std::marker::PhantomData<E>,
}

impl<E: TenantEntity> Owned<E> {
    /// Returns the row with the grant's owner, created by the grant's user.
    pub(crate) fn row<A: ActiveModelTrait<Entity = E>>(&self, mut row: A) -> A {
        self.assign(&mut row);
        row.set(E::CREATED_BY, self.grant.by().0.into());
        row
    }

    /// Changes rows that belong to [`Grant::from`]. They belong to [`Grant::owner`] afterwards.
    pub(crate) fn update<A: ActiveModelTrait<Entity = E>>(&self, mut changes: A) -> UpdateMany<E> {
        self.assign(&mut changes);
        E::update_many().set(changes).filter(self.condition())
    }

    /// Deletes rows of the owner.
    pub(crate) fn delete(&self) -> DeleteMany<E> {
        E::delete_many().filter(self.condition())
    }

    fn assign<A: ActiveModelTrait<Entity = E>>(&self, row: &mut A) {
        let owner = self.grant.owner();
        let organization = owner.organization().map(|id| id.0);
        row.set(E::ORGANIZATION_ID, organization.into());
        row.set(E::ACCESS_LEVEL, owner.level().as_str().into());
    }

    fn condition(&self) -> Expr {
        column(E::OWNER_KEY).eq(self.grant.from().key())
    }
}

/// The condition for one row with the id and the version that were read.
pub(crate) fn is_version<E: TenantEntity>(id: Uuid, version: i64) -> Cond {
    Cond::all()
        .add(column(E::ID).eq(id))
        .add(column(E::ROW_VERSION).eq(version))
}

/// The rows that a scope includes, and the actor who reads.
#[derive(Clone, Debug)]
pub(crate) struct ScopeSql {
    keys: Vec<Uuid>,
    every_organization: bool,
    break_glass: Option<Uuid>,
    reader: ActorSettings,
}

impl ScopeSql {
    /// Returns the SQL of a scope.
    pub(crate) fn of(scope: &Scope) -> Self {
        let every_organization = scope.every_organization();
        // Every organization is included already, and a row must not be listed twice.
        let named =
            |owner: &&Owner| !(every_organization && matches!(owner, Owner::Organization(_)));
        let owners = scope.owners().iter().filter(named);
        let mut keys: Vec<_> = owners.map(|owner| owner.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        Self {
            keys,
            every_organization,
            break_glass: scope.break_glass(),
            reader: ActorSettings::of(scope),
        }
    }

    /// Returns the rows that the grant covers.
    pub(crate) fn of_grant(grant: Grant) -> Self {
        Self {
            keys: vec![grant.owner().key()],
            every_organization: false,
            break_glass: None,
            reader: ActorSettings::of_grant(grant),
        }
    }

    /// Returns the same rows, read with everything that this scope may read: joined rows may
    /// belong to other owners.
    pub(crate) fn read_by(self, reader: &Scope) -> Self {
        Self {
            reader: ActorSettings::of(reader),
            ..self
        }
    }

    /// Returns whether the rows of every organization are included, by one scan, and not those
    /// of a few owners, by a scan for each.
    pub(crate) const fn every_organization(&self) -> bool {
        self.every_organization
    }

    /// Returns the keys of the owners that it names.
    pub(crate) fn keys(&self) -> Vec<Uuid> {
        self.keys.clone()
    }

    /// Returns the actor that reads.
    pub(crate) const fn reader(&self) -> &ActorSettings {
        &self.reader
    }

    /// Returns the condition on a table, for lists, counts and sums.
    pub(crate) fn condition<E: TenantEntity>(&self) -> Cond {
        let condition =
            Cond::any().add(column(E::OWNER_KEY).eq(Func::cust("ANY").arg(of_actor("keys"))));
        if self.every_organization {
            condition.add(of_organizations::<E>())
        } else {
            condition
        }
    }

    /// Returns the condition for one row by its id: the same, and the row that break-glass
    /// names, by the column in which it names it.
    pub(crate) fn condition_of_one<E: TenantEntity>(&self, named_in: E::Column) -> Cond {
        self.condition::<E>()
            .add(column(named_in).eq(of_actor("glass")))
    }

    /// Selects the owners one by one, as the column `owner.owner`, for a scan of each one's
    /// index.
    pub(crate) fn owners(&self, select: &mut SelectStatement) {
        if self.every_organization {
            let mut owners = Query::select();
            owners
                .expr_as(Func::cust("unnest").arg(of_actor("keys")), "owner")
                .union(
                    UnionType::Distinct,
                    Query::select()
                        .column("id")
                        .from("organizations")
                        .to_owned(),
                );
            select.from_subquery(owners, "owner");
        } else {
            self.named_owners(select);
        }
    }

    /// Selects the owners that the scope names, without those that it includes through
    /// `every_organization`.
    pub(crate) fn named_owners(&self, select: &mut SelectStatement) {
        select.from_function(Func::cust("unnest").arg(of_actor("keys")), "owner");
    }

    /// Returns the statement around a select that refers to `a`: under [`Self::condition`], or
    /// with a condition on [`of_actor`] or [`owner`].
    pub(crate) fn statement(&self, db: &impl Executor, select: SelectStatement) -> Statement {
        self.ordered(db, select, |_| ())
    }

    /// As [`Self::statement`], in an order.
    pub(crate) fn ordered(
        &self,
        db: &impl Executor,
        select: SelectStatement,
        order: impl FnOnce(&mut SelectStatement),
    ) -> Statement {
        let mut actor = Query::select();
        actor
            .expr_as(db.actor(&self.reader).for_reading(), "actor")
            .expr_as(Expr::val(self.keys.clone()), "keys")
            .expr_as(Expr::val(self.break_glass), "glass");
        let mut cte = CommonTableExpression::new();
        cte.table_name("a").query(actor).materialized(true);
        let mut outer = Query::select();
        outer.column(("x", Asterisk)).from("a").join_lateral(
            JoinType::InnerJoin,
            select,
            "x",
            Cond::all(),
        );
        order(&mut outer);
        let statement = WithClause::new().cte(cte).to_owned().query(outer);
        build(statement)
    }
}

/// Returns a column of an entity, to be compared with an expression.
pub(crate) fn column(column: impl ColumnTrait) -> Expr {
    Expr::col(column.as_column_ref())
}

/// Returns a column of the CTE with which every read begins: `actor`, `keys` or `glass`.
pub(crate) fn of_actor(column: &'static str) -> Expr {
    Expr::col(("a", column))
}

/// Returns the condition that a column contains one of these names; `None` if any will do.
pub(crate) fn one_of_names<T: Display>(column: impl ColumnTrait, names: &[T]) -> Option<Expr> {
    let names = names.iter().map(ToString::to_string);
    (names.len() > 0).then(|| column.is_in(names))
}

/// Returns the owner that is scanned, of [`ScopeSql::owners`].
pub(crate) fn owner() -> Expr {
    Expr::col(("owner", "owner"))
}

/// Returns the condition of the partial indexes over the rows of all organizations. There is no
/// index over the rows of all owners: if one owner has nearly every row, the planner would use
/// it for every owner's list and filter the whole table. It is a constant and no parameter,
/// because a plan that does not know it could not use such an index.
pub(crate) fn of_organizations<E: TenantEntity>() -> Expr {
    column(E::ACCESS_LEVEL).eq(Expr::Constant(
        AccessLevel::Organization.as_str().to_owned().into(),
    ))
}

/// A select of an entity, to be limited to the rows of a scope.
pub(crate) trait VisibleTo<E: TenantEntity> {
    /// Limits the select to rows that the scope includes.
    fn visible_to(self, scope: &ScopeSql) -> Visible<'_, E>;
}

impl<E: TenantEntity> VisibleTo<E> for Select<E> {
    fn visible_to(self, scope: &ScopeSql) -> Visible<'_, E> {
        Visible {
            select: self.into_query(),
            scope,
            entity: std::marker::PhantomData,
        }
    }
}

/// A select of rows that a scope includes.
pub(crate) struct Visible<'s, E> {
    pub(crate) select: SelectStatement,
    pub(crate) scope: &'s ScopeSql,
    entity: std::marker::PhantomData<E>,
}

impl<E: TenantEntity> Visible<'_, E> {
    /// Returns the row, if the scope includes it; also the one that break-glass names.
    pub(crate) async fn one(self, db: &impl Executor) -> Result<Option<E::Model>, RepositoryError>
    where
        E::Model: FromQueryResult,
    {
        db.model(self.one_statement(db)).await
    }

    /// Returns the statement that reads it.
    pub(crate) fn one_statement(mut self, db: &impl Executor) -> Statement {
        let condition = self.scope.condition_of_one::<E>(E::ID);
        self.select.cond_where(condition).limit(1);
        self.scope.statement(db, self.select)
    }

    /// Returns the only row, if the scope includes it.
    pub(crate) async fn only(
        mut self,
        db: &impl Executor,
    ) -> Result<Option<E::Model>, RepositoryError> {
        self.select.cond_where(self.scope.condition::<E>()).limit(1);
        db.model(self.scope.statement(db, self.select)).await
    }
}
