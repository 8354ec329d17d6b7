//! Rescorings: scoring existing predictions by another model. They are jobs like uploads, and are
//! followed, cancelled and removed as such.

mod create;
mod get;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/rescorings";
const ONE: &str = "/rescorings/{id}";

pub(crate) fn routes() -> Vec<Route> {
    let rescore = Policy::place(KeyScope::Upload)
        .limit(LimitClass::Upload)
        .work(Work::Upload);
    vec![
        route!(create::create, rescore).idempotent().located(),
        // It can wait for the end of the job.
        route!(get::get, Policy::read(KeyScope::Read).work(Work::Unlimited)).versioned(),
    ]
}
