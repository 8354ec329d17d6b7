//! The models that are available.

pub(crate) mod dto;
mod get;
mod list;
mod monitoring;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/models";
const ONE: &str = "/models/{name}";
const VERSION: &str = "/models/{name}/versions/{version}";
const MONITORING: &str = "/models/{name}/monitoring";
const SNAPSHOTS: &str = "/models/{name}/monitoring/snapshots";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::compute(KeyScope::Score)
        .limit(LimitClass::Read)
        .work(Work::Read);
    let figures = Policy::read(KeyScope::Read).work(Work::Analytics);
    vec![
        route!(list::list, read),
        route!(get::get, read),
        route!(get::version, read),
        route!(monitoring::monitoring, figures),
        route!(monitoring::snapshots, Policy::read(KeyScope::Read).list()),
    ]
}
