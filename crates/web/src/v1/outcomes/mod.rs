//! Outcomes of companies.

mod batch;
mod dto;
mod get;
mod list;
mod record;
mod request;
mod withdraw;

use accunode_domain::access::KeyScope;
use accunode_ports::workload::Work;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/outcomes";
const BATCH: &str = "/outcomes/batch";
const ONE: &str = "/outcomes/{id}";
const WITHDRAW: &str = "/outcomes/{id}/withdraw";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    vec![
        route!(list::list, read.list()),
        route!(record::record, Policy::place(KeyScope::Write))
            .idempotent()
            .located(),
        route!(
            batch::batch,
            Policy::place(KeyScope::Write).work(Work::Batch)
        )
        .idempotent(),
        route!(get::get, read).versioned(),
        route!(withdraw::withdraw, Policy::write(KeyScope::Write)),
    ]
}
