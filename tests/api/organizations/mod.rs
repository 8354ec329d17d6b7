//! `/organizations`

mod changing;
mod consequences;
mod joining;
mod removing;

use accunode_tests::{Service, ServiceOptions, tenancy::Tenancy};

/// A service with the people of the access matrix, and nobody who works on uploads.
async fn tenancy() -> (Service, Tenancy) {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let people = Tenancy::of(&service).await;
    (service, people)
}
