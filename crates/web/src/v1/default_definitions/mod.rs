//! Definitions of default.

mod list;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/default-definitions";

pub(crate) fn routes() -> Vec<Route> {
    vec![route!(list::list, Policy::read(KeyScope::Read))]
}
