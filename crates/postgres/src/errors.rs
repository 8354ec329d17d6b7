//! Converts errors of PostgreSQL, sqlx and SeaORM to the ports' one error.

use accunode_ports::{Conflict, Contention, Outage, RepositoryError};
use sea_orm::{DbErr, RuntimeErr};

use crate::{constraints, doubt};

/// Converts an error of sqlx. The server names the violated constraint.
pub(crate) fn from_sqlx(error: sqlx::Error) -> RepositoryError {
    match kind(&error) {
        Kind::Conflict(conflict) => RepositoryError::Conflict {
            conflict,
            cause: Some(Box::new(error)),
        },
        Kind::Contention => RepositoryError::Unavailable(Box::new(Contention(Box::new(error)))),
        Kind::Outage => RepositoryError::Unavailable(Box::new(Outage(Box::new(error)))),
        Kind::Unavailable => RepositoryError::Unavailable(Box::new(error)),
        Kind::Defect => RepositoryError::Internal(Box::new(error)),
    }
}

/// Converts an error of SeaORM, most of which wrap errors of sqlx.
pub(crate) fn from_orm(error: DbErr) -> RepositoryError {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return RepositoryError::Unavailable(Box::new(Outage(Box::new(error))));
    }
    let db_error = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(db_error))
        | DbErr::Query(RuntimeErr::SqlxError(db_error))
        | DbErr::Conn(RuntimeErr::SqlxError(db_error)) => kind(db_error),
        _ => Kind::Defect,
    };
    match db_error {
        Kind::Conflict(conflict) => RepositoryError::Conflict {
            conflict,
            cause: Some(Box::new(error)),
        },
        Kind::Contention => RepositoryError::Unavailable(Box::new(Contention(Box::new(error)))),
        Kind::Outage => RepositoryError::Unavailable(Box::new(Outage(Box::new(error)))),
        Kind::Unavailable => RepositoryError::Unavailable(Box::new(error)),
        Kind::Defect => RepositoryError::Internal(Box::new(error)),
    }
}

/// Returns an error for a defect that the database did not report.
pub(crate) fn defect(what: impl Into<String>) -> RepositoryError {
    RepositoryError::Internal(what.into().into())
}

/// Returns whether the server gave up waiting for a lock; the transaction can only be
/// rolled back after that.
pub(crate) fn is_lock_timeout(error: &RepositoryError) -> bool {
    has_code(error, "55P03")
}

/// Returns whether the server cancelled a statement that took too long.
pub(crate) fn is_statement_timeout(error: &RepositoryError) -> bool {
    has_code(error, "57014")
}

fn has_code(error: &RepositoryError, code: &str) -> bool {
    let RepositoryError::Unavailable(cause) = error else {
        return false;
    };
    let db_error = cause.downcast_ref::<sqlx::Error>();
    db_error
        .and_then(sqlx::Error::as_database_error)
        .is_some_and(|db_error| db_error.code().as_deref() == Some(code))
}

enum Kind {
    Conflict(Conflict),
    Contention,
    Outage,
    Unavailable,
    Defect,
}

fn kind(error: &sqlx::Error) -> Kind {
    // Every error of the database passes here, whatever sent the statement.
    if doubt::is_sign(error) {
        doubt::raise();
    }
    let db_error = match error {
        sqlx::Error::Database(db_error) => db_error,
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => return Kind::Outage,
        _ => return Kind::Defect,
    };
    let code = db_error.code().unwrap_or_default();
    match (code.as_ref(), db_error.constraint()) {
        // unique, foreign key, check (also those that triggers raise), exclusion
        ("23505" | "23503" | "23514" | "23P01", Some(constraint)) => {
            Kind::Conflict(constraints::conflict(constraint))
        }
        ("40001" | "40P01", _) => Kind::Contention,
        // statement_timeout, lock_timeout, idle transaction ended
        ("57014" | "55P03" | "25P03", _) => Kind::Unavailable,
        // the server became read-only, its disk failed
        ("25006" | "58030", _) => Kind::Outage,
        // out of resources (a full disk, too many connections), shutting down or starting,
        // connection lost
        (code, _)
            if ["53", "57P", "08"]
                .iter()
                .any(|class| code.starts_with(class)) =>
        {
            Kind::Outage
        }
        _ => Kind::Defect,
    }
}
