//! The installation, for its operators.

pub(crate) mod dto;
mod maintenance;
mod monitoring;
mod stats;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    policy::{Keys, Policy},
    route::{Route, route},
};

const MAINTENANCE: &str = "/admin/maintenance";
const ONE_RUN: &str = "/admin/maintenance/{id}";
const SLOW_QUERIES: &str = "/admin/monitoring/slow-queries";
const INDEXES: &str = "/admin/monitoring/indexes";
const TABLES: &str = "/admin/monitoring/tables";
const POOL: &str = "/admin/monitoring/pool";
const JOBS: &str = "/admin/monitoring/jobs";
const STATS: &str = "/admin/stats";

pub(crate) fn routes() -> Vec<Route> {
    let counts = Policy::read(KeyScope::Admin)
        // The rows that are counted must be readable, too.
        .keys(Keys::WithBoth(KeyScope::Admin, KeyScope::Read))
        .limit(LimitClass::Admin)
        .work(Work::Analytics);
    let look = Policy::read(KeyScope::Admin).limit(LimitClass::Admin);
    let sizes = look.work(Work::Analytics);
    let run = Policy::sensitive().limit(LimitClass::Admin);
    vec![
        route!(stats::stats, counts),
        route!(maintenance::list, look.list()),
        route!(maintenance::start, run).located(),
        route!(maintenance::get, look.keys(Keys::Never)),
        route!(monitoring::slow_queries, look.keys(Keys::Never)),
        route!(monitoring::indexes, sizes),
        route!(monitoring::tables, sizes),
        route!(monitoring::pool, look),
        route!(monitoring::jobs, sizes),
    ]
}
