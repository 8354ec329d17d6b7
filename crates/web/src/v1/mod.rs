//! Version 1 of the API, with a folder for each resource and a file for each verb. To add an
//! operation, add its file, and its line to the `routes()` of its resource.

mod admin;
mod analytics;
pub(crate) mod api_keys;
mod audit_logs;
pub(crate) mod auth;
pub(crate) mod bulk_uploads;
pub(crate) mod companies;
mod default_definitions;
mod invitations;
mod me;
mod models;
mod organizations;
mod outcome_coverage;
mod outcomes;
pub(crate) mod predictions;
mod rating_scales;
mod rescorings;
mod users;
mod validations;

use crate::http::route::Route;

/// The prefix of every path of this version.
pub(crate) const BASE: &str = "/api/v1";

/// Every operation below [`BASE`].
pub(crate) fn routes() -> Vec<Route> {
    [
        admin::routes,
        analytics::routes,
        api_keys::routes,
        audit_logs::routes,
        auth::routes,
        bulk_uploads::routes,
        companies::routes,
        default_definitions::routes,
        invitations::routes,
        me::routes,
        models::routes,
        organizations::routes,
        outcome_coverage::routes,
        outcomes::routes,
        predictions::routes,
        rating_scales::routes,
        rescorings::routes,
        users::routes,
        validations::routes,
    ]
    .into_iter()
    .flat_map(|routes| routes())
    .collect()
}
