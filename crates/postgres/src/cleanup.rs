//! Expired rows, deleted in batches, so that no statement holds many locks or exceeds its time
//! limit however many there are.

use accunode_domain::{Timestamp, idempotency::KEPT_HOURS};
use accunode_ports::RepositoryError;

use crate::{PgStore, errors::from_sqlx};

/// The largest number of rows that one statement deletes: the `LIMIT` of each.
const BATCH: u64 = 1_000;

// Each takes the time before which rows are deleted, and an index begins with its column.
const IDEMPOTENCY_KEYS: &str = "
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys WHERE created_at < $1
         ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED))";
const USER_TOKENS: &str = "
    DELETE FROM user_tokens WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM user_tokens WHERE expires_at < $1
         ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED))";
const INVITATIONS: &str = "
    DELETE FROM invitations WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM invitations WHERE expires_at < $1 AND accepted_at IS NULL
         ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED))";
const LOGIN_CHALLENGES: &str = "
    DELETE FROM login_challenges WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM login_challenges WHERE expires_at < $1
         ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED))";

/// Rows of one table that are deleted some time after a time in one of their columns.
#[derive(Clone, Copy, Debug)]
struct Expiring {
    table: &'static str,
    delete: &'static str,
    /// How long after that time they are kept.
    kept: time::Duration,
}

/// All cleaned tables.
const EXPIRING: [Expiring; 4] = [
    Expiring {
        table: "idempotency_keys",
        delete: IDEMPOTENCY_KEYS,
        kept: time::Duration::hours(KEPT_HOURS),
    },
    // Users may ask for a week why a link does not work.
    Expiring {
        table: "user_tokens",
        delete: USER_TOKENS,
        kept: time::Duration::days(7),
    },
    // Administrators can see for a month that an invitation was not accepted.
    Expiring {
        table: "invitations",
        delete: INVITATIONS,
        kept: time::Duration::days(30),
    },
    Expiring {
        table: "login_challenges",
        delete: LOGIN_CHALLENGES,
        kept: time::Duration::hours(1),
    },
];

/// The number of deleted rows of each table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanedUp {
    /// The tables with their counts, in the order in which they were cleaned.
    pub tables: Vec<(&'static str, u64)>,
}

impl CleanedUp {
    /// Returns the total.
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
    /// expired before `now`. Rows that another transaction has locked are left for the next run,
    /// so that several processes can do this at once.
    ///
    /// # Errors
    /// If the database does not answer; rows that were deleted until then stay deleted.
    pub async fn clean_up(&self, now: Timestamp) -> Result<CleanedUp, RepositoryError> {
        let mut cleaned = CleanedUp::default();
        for expiring in EXPIRING {
            let mut rows = 0;
            loop {
                let deleted = sqlx::query(expiring.delete)
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

    /// Returns the statements of [`Self::clean_up`], each with the time as its only parameter.
    #[must_use]
    pub fn clean_up_statements() -> [&'static str; 4] {
        EXPIRING.map(|expiring| expiring.delete)
    }
}
