//! Administration of users, and permanent changes of the caller's own account.

mod approvals;
mod forget_me;
mod get;
mod list;
mod lock_user;
mod own_data;
mod remove;
mod reset_password;
mod second_factor;
mod sessions;
mod set_role;
mod update;

use std::sync::Arc;

use accunode_domain::{
    access::{Denial, Inconsistency},
    fault::Fault,
    id::{SessionId, UserId},
    text::clean_text,
    user::User,
};
use serde_json::{Value, json};

pub use approvals::DecideFactor;
pub use get::UserView;
pub use list::ListUsers;
pub use own_data::OwnAccount;
pub use remove::Remove;
pub use set_role::SetRole;
pub use update::UpdateUser;

use crate::{Error, Ports};

/// The longest reason for a change, in characters.
const LONGEST_REASON: usize = 500;

/// Users.
#[derive(Clone, Debug)]
pub struct Users {
    pub(crate) ports: Arc<Ports>,
}

impl Users {
    /// Ends a user's sessions after a change of their rights. If the session store is
    /// unreachable, the rights do not come back: a session always uses the current rights
    /// of its user.
    async fn end_sessions_of(&self, user: UserId, keep: Option<SessionId>) {
        if let Err(error) = self.ports.sessions.end_all(user, keep).await {
            tracing::error!(%user, error = &error as &dyn std::error::Error, "sessions could not be ended");
        }
    }
}

/// Maps a denial, with the field of the body that it concerns.
pub(crate) fn refused(denial: Denial) -> Error {
    let (pointer, detail) = match denial {
        Denial::Unprocessable(Inconsistency::NotARoot) => (
            "/role",
            "a tenant_admin belongs to a root organization, and this is none",
        ),
        Denial::Unprocessable(Inconsistency::OrganizationRequired) => (
            "/organization_id",
            "this role is held in an organization; name it",
        ),
        Denial::Unprocessable(_) => (
            "/organization_id",
            "this role belongs to no organization; name none",
        ),
        other => return Error::denied(other, "user"),
    };
    Error::invalid(Fault::new(pointer, denial.code(), detail))
}

fn reason_of(text: Option<&str>) -> Result<Option<String>, Fault> {
    text.map(|text| clean_text("/reason", text, LONGEST_REASON))
        .transpose()
}

/// The values of a user's role for the audit log.
fn role_values(user: &User) -> Value {
    json!({ "role": user.role, "organization_id": user.organization })
}
