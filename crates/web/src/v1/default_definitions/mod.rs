//! Definitions of default.

mod create;
mod dto;
mod get;
mod list;
mod retire;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/default-definitions";
const ONE: &str = "/default-definitions/{id}";
const RETIRE: &str = "/default-definitions/{id}/retire";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    vec![
        route!(list::list, read.list()),
        route!(create::create, Policy::place(KeyScope::Write))
            .idempotent()
            .located(),
        route!(get::get, read).versioned(),
        route!(retire::retire, Policy::write(KeyScope::Write)),
    ]
}
