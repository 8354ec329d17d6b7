//! The installation, for those who operate it.

pub(crate) mod dto;
mod stats;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    policy::{Keys, Policy},
    route::{Route, route},
};

const STATS: &str = "/admin/stats";

pub(crate) fn routes() -> Vec<Route> {
    let counts = Policy::read(KeyScope::Admin)
        // What is counted must be readable, too.
        .keys(Keys::WithBoth(KeyScope::Admin, KeyScope::Read))
        .limit(LimitClass::Admin)
        .work(Work::Analytics);
    vec![route!(stats::stats, counts)]
}
