//! Invitations into organizations.

mod accept;
pub(crate) mod dto;
mod invite;
mod list;
mod preview;
mod withdraw;

use accunode_domain::access::KeyScope;

use crate::{
    http::{
        policy::{Policy, StepUp},
        route::{Route, route},
    },
    v1::users,
};

/// An invitation creates a future user, so its path is that of users.
const INVITE: &str = users::ALL;
const ACCEPT: &str = "/auth/accept-invitation";
const PREVIEW: &str = "/auth/preview-invitation";
const ALL: &str = "/organizations/{id}/invitations";
const ONE: &str = "/organizations/{id}/invitations/{invitation_id}";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        route!(invite::invite, Policy::sensitive()).idempotent(),
        route!(list::list, Policy::read(KeyScope::Admin).list()),
        route!(withdraw::withdraw, Policy::sensitive()),
        route!(
            preview::preview,
            Policy::public("it needs the token of a mail")
        ),
        route!(
            accept::accept,
            Policy::public(
                "it needs the token of a mail; an account that exists must also be signed in"
            )
            .step_up(StepUp::When(
                "an account that exists accepts: its administrators change"
            ))
        ),
    ]
}
