//! Who has changed something a moment ago: their reads must not go to a database that may not
//! have the change yet.
//!
//! A read replica is used only while it is known to have everything that was committed
//! [`MOST_BEHIND`] ago. So a user who has changed nothing for longer than that can read from it,
//! on every process, and sees all of their own changes.

use std::time::Duration;

use accunode_domain::id::UserId;
use async_trait::async_trait;

use crate::PortError;

/// How long a user's change is remembered. Twice [`MOST_BEHIND`], so that clocks that run
/// differently fast, and a commit that follows its note by seconds, do no harm.
pub const WINDOW: Duration = Duration::from_secs(10);

/// The age of the newest changes that a replica may lack. It is not used if it lacks older ones.
pub const MOST_BEHIND: Duration = Duration::from_secs(5);

/// The memory of recent changes, shared by all processes that answer requests for one database.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RecentWrites: Send + Sync {
    /// Notes that this user has changed something. Noted after the commit and before the user
    /// learns of it, and remembered for [`WINDOW`].
    async fn note(&self, user: UserId) -> Result<(), PortError>;
    /// Returns whether this user has changed something recently.
    async fn wrote_recently(&self, user: UserId) -> Result<bool, PortError>;
    /// Returns which memory answers. Another one than before (after a restart, or a failover to a
    /// server that did not have everything) may have forgotten changes.
    async fn incarnation(&self) -> Result<String, PortError>;
}
