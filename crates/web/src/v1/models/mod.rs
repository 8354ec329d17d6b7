//! The models that are available.

pub(crate) mod dto;
mod get;
mod list;

use accunode_domain::access::KeyScope;
use accunode_ports::limits::LimitClass;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/models";
const ONE: &str = "/models/{name}";
const VERSION: &str = "/models/{name}/versions/{version}";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::compute(KeyScope::Score).limit(LimitClass::Read);
    vec![
        route!(list::list, read),
        route!(get::get, read),
        route!(get::version, read),
    ]
}
