//! API keys.

mod create;
pub(crate) mod dto;
mod list;
mod revoke;
mod rotate;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::{Keys, Policy},
    route::{Route, route},
};

const ALL: &str = "/api-keys";
const ONE: &str = "/api-keys/{id}";
const ROTATE: &str = "/api-keys/{id}/rotate";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        route!(
            list::list,
            Policy::read(KeyScope::Read).keys(Keys::Never).list()
        ),
        // Their secrets are not shown twice, so there is no first answer to repeat.
        route!(create::create, Policy::sensitive()).idempotent(),
        route!(rotate::rotate, Policy::sensitive()).idempotent(),
        route!(revoke::revoke, Policy::sensitive()),
    ]
}
