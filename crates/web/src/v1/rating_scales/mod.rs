//! Master scales.

mod create;
mod dto;
mod get;
mod list;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/rating-scales";
const ONE: &str = "/rating-scales/{id}";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    vec![
        route!(list::list, read.list()),
        route!(create::create, Policy::place(KeyScope::Write))
            .idempotent()
            .located(),
        route!(get::get, read).versioned(),
    ]
}
