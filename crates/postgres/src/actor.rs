//! The actor in the terms of the database: the settings that its policies read.

use accunode_domain::{
    access::{AuditScope, Grant, Scope},
    owner::Owner,
};
use sea_orm::{Statement, Value, sea_query::Expr};
use uuid::Uuid;

use crate::db::raw;

/// Makes every setting for a transaction.
const SET: &str = "SELECT set_config('accunode.user_id', $1, true), \
     set_config('accunode.owner_keys', $2, true), \
     set_config('accunode.admin_keys', $3, true), \
     set_config('accunode.all_organizations', $4, true), \
     set_config('accunode.break_glass', $5, true), \
     set_config('accunode.worker', $6, true)";

/// Makes the settings that the policies for reading use, from three values.
pub(crate) const READING: &str = "set_config('accunode.owner_keys', $1, true) \
     || set_config('accunode.all_organizations', $2, true) \
     || set_config('accunode.break_glass', $3, true)";

/// Makes the settings that the policy of the audit log uses.
const AUDIT: &str = "set_config('accunode.user_id', $1, true) \
     || set_config('accunode.admin_keys', $2, true) \
     || set_config('accunode.all_organizations', $3, true)";

/// The settings of one actor. They hold for one statement or one transaction and leave nothing
/// behind on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActorSettings {
    user_id: String,
    owner_keys: String,
    admin_keys: String,
    all_organizations: &'static str,
    break_glass: String,
    worker: &'static str,
}

impl ActorSettings {
    /// Returns the settings of an actor with this scope.
    pub(crate) fn of(scope: &Scope) -> Self {
        Self {
            user_id: scope.user().map(|id| id.to_string()).unwrap_or_default(),
            owner_keys: array(scope.owners().iter().map(|owner| owner.key())),
            admin_keys: array(scope.administers().iter().map(|id| id.0)),
            all_organizations: if scope.super_admin() { "on" } else { "" },
            break_glass: scope
                .break_glass()
                .map(|id| id.to_string())
                .unwrap_or_default(),
            worker: "",
        }
    }

    /// Returns the settings of an actor of whom only a grant is known: they read its owner's
    /// rows.
    pub(crate) fn of_grant(grant: Grant) -> Self {
        Self {
            user_id: grant.by().to_string(),
            owner_keys: array([grant.owner().key()]),
            admin_keys: array(grant.owner().organization().map(|id| id.0)),
            all_organizations: if grant.owner() == Owner::System {
                "on"
            } else {
                ""
            },
            break_glass: String::new(),
            worker: "",
        }
    }

    /// Returns the settings of an actor who reads these events of the audit log, and no rows.
    pub(crate) fn of_audit(events: &AuditScope) -> Self {
        Self {
            user_id: events.own().map(|id| id.to_string()).unwrap_or_default(),
            owner_keys: array([]),
            admin_keys: array(events.organizations().iter().map(|id| id.0)),
            all_organizations: if events.everything() { "on" } else { "" },
            break_glass: String::new(),
            worker: "",
        }
    }

    /// Returns the settings for archiving the audit log, which read every event, and system rows
    /// only.
    pub(crate) fn of_every_event() -> Self {
        Self {
            user_id: String::new(),
            owner_keys: array([]),
            admin_keys: array([]),
            all_organizations: "on",
            break_glass: String::new(),
            worker: "",
        }
    }

    /// Returns the settings of the queue, which reads and claims the jobs of all owners, and
    /// nothing else.
    pub(crate) fn worker() -> Self {
        Self {
            user_id: String::new(),
            owner_keys: array([]),
            admin_keys: array([]),
            all_organizations: "",
            break_glass: String::new(),
            worker: "on",
        }
    }

    /// Returns the statement that makes every setting for a transaction.
    pub(crate) fn set(&self) -> Statement {
        let settings: [Value; 6] = [
            self.user_id.clone().into(),
            self.owner_keys.clone().into(),
            self.admin_keys.clone().into(),
            self.all_organizations.into(),
            self.break_glass.clone().into(),
            self.worker.into(),
        ];
        raw(SET, settings)
    }

    /// Returns the settings that the policies for reading use, as an expression: a column of the
    /// CTE with which every reading statement begins. The reading part refers to it laterally,
    /// so that it cannot run before; should it ever, the policies exclude every row.
    pub(crate) fn for_reading(&self) -> Expr {
        Expr::cust_with_values(READING, self.reading_values())
    }

    /// Returns the values of [`READING`].
    pub(crate) fn reading_values(&self) -> [Value; 3] {
        [
            self.owner_keys.clone().into(),
            self.all_organizations.into(),
            self.break_glass.clone().into(),
        ]
    }

    /// Returns the settings that the audit log's policy uses, as an expression.
    pub(crate) fn for_audit(&self) -> Expr {
        let settings: [Value; 3] = [
            self.user_id.clone().into(),
            self.admin_keys.clone().into(),
            self.all_organizations.into(),
        ];
        Expr::cust_with_values(AUDIT, settings)
    }
}

fn array(keys: impl IntoIterator<Item = Uuid>) -> String {
    let keys: std::collections::BTreeSet<_> = keys.into_iter().collect();
    let texts: Vec<_> = keys.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", texts.join(","))
}
