//! `/organizations`

mod changing;
mod consequences;
mod join_tokens;
mod removing;

use accunode_tests::{Service, ServiceOptions, tenancy::Tenancy};

/// Starts a service with the users of the access matrix, without a worker.
async fn tenancy() -> (Service, Tenancy) {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let users = Tenancy::of(&service).await;
    (service, users)
}
