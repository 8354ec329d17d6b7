//! Reads revisions; a trigger of the database writes them.

use accunode_domain::{id::PredictionId, prediction::Revision};
use accunode_ports::RepositoryError;
use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic, Order, QueryFilter, QueryOrder, QueryTrait,
    sea_query::{Asterisk, Cond, Expr, ExprTrait, JoinType, Query},
};

use crate::{
    db::Executor,
    entities::{
        predictions::PredictionTable,
        revisions::{RevisionRow, RevisionTable},
    },
    tenant::{ScopeSql, column},
};

/// See [`accunode_ports::repositories::PredictionRepository::revisions`].
pub(super) async fn list<T: PredictionTable>(
    db: &impl Executor,
    scope: &ScopeSql,
    id: PredictionId,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Revision>, RepositoryError> {
    // The prediction is checked first: if it cannot be read, no revision is read.
    let mut readable = Query::select();
    readable
        .column((T::default(), T::ID))
        .from(T::default())
        .and_where(T::ID.eq(id.0))
        .cond_where(scope.condition_of_one::<T>(T::ID))
        .limit(1);
    let version = <T::Revisions as RevisionTable>::ROW_VERSION;
    let of_prediction = column(<T::Revisions as RevisionTable>::PREDICTION_ID);
    let revisions = T::Revisions::find()
        .filter(ExprTrait::eq(of_prediction, Expr::col(("p", T::ID))))
        .filter(Cond::all().add_option(after.map(|after| version.lt(after))))
        .order_by_desc(version);
    let mut revisions = revisions.into_query();
    revisions.limit(u64::from(limit));
    let mut select = Query::select();
    select
        .column(("r", Asterisk))
        .from_subquery(readable, "p")
        .join_lateral(JoinType::InnerJoin, revisions, "r", Cond::all());
    let statement = scope.ordered(db, select, |outer| {
        outer.order_by(("x", version.as_str()), Order::Desc);
    });
    let rows: Vec<<T::Revisions as EntityTrait>::Model> = db.models(statement).await?;
    rows.into_iter()
        .map(|row| Into::<RevisionRow>::into(row).into_revision(T::KIND))
        .collect()
}
