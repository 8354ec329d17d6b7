//! Companies.

mod create;
pub(crate) mod dto;
mod get;
mod list;
mod remove;
mod timeline;
mod update;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/companies";
const ONE: &str = "/companies/{id}";
const PREDICTIONS: &str = "/companies/{id}/predictions";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    let write = Policy::write(KeyScope::Write);
    vec![
        route!(list::list, read.list()),
        route!(create::create, Policy::place(KeyScope::Write))
            .idempotent()
            .located(),
        route!(get::get, read).versioned(),
        route!(update::update, Policy::place(KeyScope::Write)).versioned(),
        route!(remove::remove, write).versioned(),
        route!(timeline::timeline, read.list()),
    ]
}
