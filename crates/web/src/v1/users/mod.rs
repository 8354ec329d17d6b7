//! Users, for their administrators and colleagues.

mod approvals;
pub(crate) mod dto;
mod get;
mod list;
mod mfa;
mod password_reset;
mod remove;
mod sessions;
mod set_role;
mod update;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::{Keys, Policy, StepUp},
    route::{Route, route},
};

pub(crate) const ALL: &str = "/users";
const ONE: &str = "/users/{id}";
const ROLE: &str = "/users/{id}/role";
const SESSIONS: &str = "/users/{id}/sessions";
const PASSWORD_RESET: &str = "/users/{id}/password-reset";
const SECOND_FACTOR: &str = "/users/{id}/mfa";
const APPROVAL: &str = "/users/{id}/mfa/approval";
const ENROLMENTS: &str = "/organizations/{id}/second-factor-enrolments";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Admin);
    vec![
        route!(list::list, read.list()),
        route!(get::get, read).versioned(),
        route!(
            update::update,
            Policy::write(KeyScope::Admin)
                .keys(Keys::Never)
                .step_up(StepUp::When("the body names `is_active`"))
        )
        .versioned(),
        route!(remove::remove, Policy::sensitive()).versioned(),
        route!(set_role::set_role, Policy::sensitive()).versioned(),
        route!(
            sessions::list,
            read.keys(Keys::Never).step_up(StepUp::Never(
                "it changes nothing, and the audit log is told before it answers"
            ))
        ),
        route!(sessions::end, Policy::sensitive()),
        route!(password_reset::reset, Policy::sensitive()),
        route!(mfa::remove, Policy::sensitive()),
        route!(approvals::decide, Policy::sensitive()),
        route!(approvals::list, read.keys(Keys::Never).list()),
    ]
}
