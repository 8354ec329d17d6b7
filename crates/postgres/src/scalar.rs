//! Statements that return one column.

use accunode_ports::RepositoryError;
use sea_orm::{QueryResult, Statement, TryGetable};

use crate::{db::Executor, errors::from_orm};

/// Returns the only column of every row.
pub(crate) async fn scalars<T: TryGetable>(
    db: &impl Executor,
    statement: Statement,
) -> Result<Vec<T>, RepositoryError> {
    db.rows(statement).await?.iter().map(first).collect()
}

/// Returns the only column of the only row, if there is one.
pub(crate) async fn scalar<T: TryGetable>(
    db: &impl Executor,
    statement: Statement,
) -> Result<Option<T>, RepositoryError> {
    db.row(statement).await?.as_ref().map(first).transpose()
}

fn first<T: TryGetable>(row: &QueryResult) -> Result<T, RepositoryError> {
    row.try_get_by_index(0).map_err(from_orm)
}
