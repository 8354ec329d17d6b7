//! A scope as SQL. The one place where it becomes a condition; the database's own
//! policies check the same set again.
//!
//! A reading statement is
//! `WITH a AS MATERIALIZED (actor, keys) SELECT x.* FROM a CROSS JOIN LATERAL (…) x`:
//! one autocommit statement that first sets the actor and then reads.

use accunode_domain::{access::Scope, owner::Owner};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::actor::ActorSettings;

/// What a scope reaches, as bind parameters and conditions.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    keys: Vec<Uuid>,
    every_organization: bool,
    break_glass: Option<Uuid>,
}

impl Reach {
    /// What this scope reaches.
    pub(crate) fn of(scope: &Scope) -> Self {
        let every_organization = scope.every_organization();
        // Every organization is reached already, and a row must not be listed twice.
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
        }
    }

    /// One owner's rows.
    pub(crate) fn owner(key: Uuid) -> Self {
        Self {
            keys: vec![key],
            every_organization: false,
            break_glass: None,
        }
    }

    /// Whether the rows of every organization are reached, by one scan, and not
    /// those of a few owners, by a scan for each.
    pub(crate) const fn every_organization(&self) -> bool {
        self.every_organization
    }

    /// The owners one by one, as `o (key)`, for a scan of each one's index.
    pub(crate) const fn owners(&self) -> &'static str {
        if self.every_organization {
            "(SELECT unnest(a.keys) UNION SELECT id FROM organizations) o (key)"
        } else {
            self.named_owners()
        }
    }

    /// The owners that the scope names, without those that it reaches by being every
    /// organization's.
    pub(crate) const fn named_owners(&self) -> &'static str {
        "unnest(a.keys) o (key)"
    }

    /// Begins a reading statement: the CTE `a` with the actor set, `a.keys` and `a.glass`.
    /// What follows must read inside `LATERAL` and under a [`Self::condition`] or
    /// an `unnest(a.keys)`, which make it wait for the CTE.
    pub(crate) fn statement(&self, actor: &ActorSettings) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new("WITH a AS MATERIALIZED (SELECT ");
        actor.push_read(&mut sql);
        sql.push(", ")
            .push_bind(self.keys.clone())
            .push("::uuid[] AS keys, ")
            .push_bind(self.break_glass)
            .push("::uuid AS glass) ");
        sql
    }

    /// The condition on the tenant table `alias`, for lists, counts and sums.
    pub(crate) fn condition(&self, alias: &str) -> String {
        let every = if self.every_organization {
            format!(" OR {alias}.access_level = 'organization'")
        } else {
            String::new()
        };
        format!("({alias}.owner_key = ANY (a.keys){every})")
    }

    /// The condition for one row by its id: the same, and the row that break-glass
    /// names, by the column that it names it in.
    pub(crate) fn condition_of_one(&self, alias: &str, named_in: &str) -> String {
        format!(
            "({} OR {alias}.{named_in} = a.glass)",
            self.condition(alias)
        )
    }
}
