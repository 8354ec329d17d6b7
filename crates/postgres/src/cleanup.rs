//! Rows that have had their time: deleted in batches, so that no statement holds many locks or
//! runs into its time limit however many there are.

use accunode_domain::{Timestamp, idempotency::KEPT_HOURS};
use accunode_ports::RepositoryError;
use sqlx::AssertSqlSafe;

use crate::{PgStore, errors::from_sqlx};

/// Rows that one statement deletes at most.
const BATCH: u64 = 1_000;

/// Rows of one table that are deleted some time after a moment that stands in them.
#[derive(Clone, Copy, Debug)]
struct Expiring {
    table: &'static str,
    /// The column with the moment. An index begins with it.
    moment: &'static str,
    /// What else must be so, as SQL.
    only: &'static str,
    /// For how long after the moment they are kept.
    kept: time::Duration,
}

/// Everything that is cleaned up.
const EXPIRING: [Expiring; 4] = [
    Expiring {
        table: "idempotency_keys",
        moment: "created_at",
        only: "",
        kept: time::Duration::hours(KEPT_HOURS),
    },
    // For a week somebody may still ask why a link does not work.
    Expiring {
        table: "user_tokens",
        moment: "expires_at",
        only: "",
        kept: time::Duration::days(7),
    },
    // Administrators see for a month that an invitation was not accepted.
    Expiring {
        table: "invitations",
        moment: "expires_at",
        only: " AND accepted_at IS NULL",
        kept: time::Duration::days(30),
    },
    Expiring {
        table: "login_challenges",
        moment: "expires_at",
        only: "",
        kept: time::Duration::hours(1),
    },
];

/// How many rows of each table were deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanedUp {
    /// The tables with their counts, in the order in which they were cleaned.
    pub tables: Vec<(&'static str, u64)>,
}

impl CleanedUp {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

impl std::fmt::Display for CleanedUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, (table, rows)) in self.tables.iter().enumerate() {
            let separator = if n == 0 { "" } else { ", " };
            write!(f, "{separator}{table} {rows}")?;
        }
        Ok(())
    }
}

impl PgStore {
    /// Deletes idempotency keys, tokens of mails, invitations and login challenges that had
    /// their time before `now`. Rows that somebody else holds at this moment are left for the
    /// next time, so that several processes can do this at once.
    ///
    /// # Errors
    /// Where the database does not answer; what was deleted until then stays deleted.
    pub async fn clean_up(&self, now: Timestamp) -> Result<CleanedUp, RepositoryError> {
        let mut cleaned = CleanedUp::default();
        for expiring in EXPIRING {
            let statement = statement(expiring);
            let mut rows = 0;
            loop {
                let deleted = sqlx::query(AssertSqlSafe(statement.clone()))
                    .bind(now - expiring.kept)
                    .execute(self.pool())
                    .await
                    .map_err(from_sqlx)?
                    .rows_affected();
                rows += deleted;
                if deleted < BATCH {
                    break;
                }
            }
            cleaned.tables.push((expiring.table, rows));
        }
        Ok(cleaned)
    }

    /// The statements of [`Self::clean_up`], each with the moment as its only parameter.
    #[must_use]
    pub fn clean_up_statements() -> Vec<String> {
        EXPIRING.into_iter().map(statement).collect()
    }
}

fn statement(expiring: Expiring) -> String {
    let Expiring {
        table,
        moment,
        only,
        ..
    } = expiring;
    format!(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} \
         WHERE {moment} < $1{only} ORDER BY {moment} LIMIT {BATCH} FOR UPDATE SKIP LOCKED))"
    )
}
