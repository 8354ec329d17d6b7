//! The audit log.

pub(crate) mod dto;
mod get;
mod list;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/audit-logs";
const ONE: &str = "/audit-logs/{id}";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Audit);
    vec![route!(list::list, read.list()), route!(get::get, read)]
}
