//! Predictions, with one path each for annual and quarterly ones.

mod batch;
mod create;
pub(crate) mod dto;
mod explanation;
mod get;
mod items;
mod list;
pub(crate) mod outcome;
mod remove;
mod reproduce;
mod request;
mod revisions;
mod score;
mod update;

use accunode_domain::access::KeyScope;
use accunode_ports::workload::Work;

use crate::http::{
    negotiate::Format,
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/predictions/{kind}";
const SCORE: &str = "/predictions/{kind}/score";
const BATCH: &str = "/predictions/{kind}/batch";
const ONE: &str = "/predictions/{kind}/{id}";
const EXPLANATION: &str = "/predictions/{kind}/{id}/explanation";
const REVISIONS: &str = "/predictions/{kind}/{id}/revisions";
const REPRODUCE: &str = "/predictions/{kind}/{id}/reproduce";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    let write = Policy::write(KeyScope::Write);
    vec![
        route!(list::list, read.list()),
        route!(create::create, Policy::place(KeyScope::Write))
            .idempotent()
            .located(),
        route!(score::score, Policy::compute(KeyScope::Score)),
        route!(
            batch::batch,
            Policy::place(KeyScope::Write).work(Work::Batch)
        )
        .idempotent(),
        route!(get::get, read).versioned(),
        route!(update::update, Policy::place(KeyScope::Write)).versioned(),
        route!(remove::remove, write).versioned(),
        route!(explanation::explanation, read).versioned(),
        route!(
            revisions::revisions,
            read.formats(&[Format::Json, Format::JsonLines])
        ),
        route!(reproduce::reproduce, Policy::compute(KeyScope::Read)),
    ]
}
