//! Back-tests: predictions compared with outcomes.

mod create;
mod dto;
mod files;
mod get;
mod list;
mod sign_off;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    negotiate::Format,
    policy::Policy,
    route::{Route, route},
};

const ALL: &str = "/validations";
const ONE: &str = "/validations/{id}";
const SAMPLE: &str = "/validations/{id}/sample.csv";
const JSON: &str = "/validations/{id}/report.json";
const MARKDOWN: &str = "/validations/{id}/report.md";
const SIGN_OFF: &str = "/validations/{id}/sign-off";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    vec![
        route!(list::list, read.list()),
        route!(
            create::create,
            Policy::place(KeyScope::Write)
                .limit(LimitClass::Upload)
                .work(Work::Upload)
        )
        .idempotent()
        .located(),
        route!(get::get, read).versioned(),
        route!(
            files::sample,
            read.formats(&[Format::Csv]).work(Work::Export)
        ),
        route!(files::json, read),
        route!(files::markdown, read.formats(&[Format::Markdown])),
        route!(sign_off::sign_off, Policy::sensitive()),
    ]
}
