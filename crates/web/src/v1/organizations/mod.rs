//! Organizations and tenants.

mod allowed_emails;
mod create;
pub(crate) mod dto;
mod get;
mod join_token;
mod list;
mod remove;
mod settings;
mod stats;
mod update;

use accunode_domain::access::KeyScope;
use accunode_ports::workload::Work;

use crate::http::{
    policy::{Keys, Policy, StepUp},
    route::{Route, route},
};

const ALL: &str = "/organizations";
const ONE: &str = "/organizations/{id}";
const STATS: &str = "/organizations/{id}/stats";
const JOIN_TOKEN: &str = "/organizations/{id}/join-token";
const ALLOWED_EMAILS: &str = "/organizations/{id}/allowed-emails";
const ALLOWED_EMAIL: &str = "/organizations/{id}/allowed-emails/{email}";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    let administer = Policy::read(KeyScope::Admin);
    vec![
        route!(list::list, read.list()),
        route!(create::create, Policy::sensitive())
            .idempotent()
            .located(),
        route!(get::get, read).versioned(),
        route!(
            update::update,
            Policy::write(KeyScope::Admin)
                .keys(Keys::Never)
                .step_up(StepUp::When(
                "the body names anything but `name`, `domain`, `description`, `industry`, `size_category` and `settings`"
            ))
        )
        .versioned(),
        route!(remove::remove, Policy::sensitive()).versioned(),
        route!(stats::stats, administer.work(Work::Analytics)),
        route!(join_token::put, Policy::sensitive()),
        route!(join_token::remove, Policy::sensitive()),
        route!(allowed_emails::list, administer.list()),
        route!(allowed_emails::add, Policy::sensitive()).idempotent(),
        route!(allowed_emails::remove, Policy::sensitive()),
    ]
}
