//! `/organizations`

mod changing;
mod consequences;
mod joining;
mod removing;

use accunode_tests::{Service, ServiceOptions, tenancy::Tenancy};

/// A service with the users of the access matrix, and no one who works on uploads.
async fn tenancy() -> (Service, Tenancy) {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let users = Tenancy::of(&service).await;
    (service, users)
}
