//! Coverage: up to which day outcomes are complete.

mod dto;
mod get;
mod set;

use accunode_domain::access::KeyScope;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ONE: &str = "/outcome-coverage/{definition}";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        route!(get::get, Policy::read(KeyScope::Read)),
        route!(set::set, Policy::place(KeyScope::Write)),
    ]
}
