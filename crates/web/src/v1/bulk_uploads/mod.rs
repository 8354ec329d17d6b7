//! Bulk uploads.

mod cancel;
pub(crate) mod dto;
mod events;
pub(crate) mod filename;
mod form;
mod get;
mod list;
mod remove;
mod retry;
mod rows;
mod rows_workbook;
mod submit;
mod template;
pub(crate) mod waiting;

use accunode_domain::access::KeyScope;
use accunode_ports::{limits::LimitClass, workload::Work};

use crate::http::{
    negotiate::Format,
    policy::{Policy, StepUp},
    route::{Route, route},
};

const ALL: &str = "/bulk-uploads";
const ONE: &str = "/bulk-uploads/{id}";
const ROWS: &str = "/bulk-uploads/{id}/rows";
const EVENTS: &str = "/bulk-uploads/{id}/events";
const CANCEL: &str = "/bulk-uploads/{id}/cancel";
const RETRY: &str = "/bulk-uploads/{id}/retry";
const CSV_TEMPLATE: &str = "/bulk-uploads/templates/{kind}.csv";
const XLSX_TEMPLATE: &str = "/bulk-uploads/templates/{kind}.xlsx";

pub(crate) fn routes() -> Vec<Route> {
    let read = Policy::read(KeyScope::Read);
    let upload = Policy::write(KeyScope::Upload);
    let template = Policy::compute(KeyScope::Score)
        .limit(LimitClass::Read)
        .work(Work::Read);
    vec![
        route!(list::list, read.list()),
        route!(
            submit::submit,
            Policy::place(KeyScope::Upload)
                .limit(LimitClass::Upload)
                .work(Work::Upload)
        )
        .idempotent()
        .located(),
        // They wait for events.
        route!(get::get, read.work(Work::Unlimited)).versioned(),
        route!(remove::remove, upload).versioned(),
        route!(
            rows::rows,
            read.formats(&[Format::Json, Format::Csv, Format::JsonLines, Format::Xlsx])
        ),
        route!(
            events::events,
            read.formats(&[Format::EventStream]).work(Work::Unlimited)
        ),
        route!(cancel::cancel, upload).versioned(),
        route!(
            retry::retry,
            upload.step_up(StepUp::When("the rows of the upload are everyone's"))
        )
        .idempotent()
        .located(),
        route!(template::csv, template.formats(&[Format::Csv])),
        route!(template::xlsx, template.formats(&[Format::Xlsx])),
    ]
}
