//! Use cases: the operations of AccuNode, one verb in each file.
//!
//! A use case first asks the access rules, which return a grant that the repositories
//! require as proof. Slow work (hashing, scoring, reading files) is done while no
//! transaction is open; then the change and its audit row are made in one unit of work. A
//! use case depends on ports and never on their adapters.
//!
//! Where to start: [`Application`] holds the areas, and `predictions/create.rs` shows a
//! whole use case. To add a use case, add a file named after its verb in its area, with an
//! `impl` block of the area's struct, and its handler in the web crate under the same path.

pub mod analytics;
pub mod api_keys;
pub mod audit_log;
pub mod auth;
pub mod bulk_uploads;
pub mod caller;
pub mod code;
pub mod companies;
pub mod default_definitions;
pub mod disk;
mod error;
pub mod exports;
pub mod idempotency;
pub mod installation;
pub mod invitations;
pub mod mail;
pub mod maintenance;
pub mod monitoring;
pub mod organizations;
pub mod outcomes;
mod overtaken;
mod owned_row;
pub mod ports;
pub mod predictions;
pub mod rating_scales;
pub mod transaction;
pub mod users;
pub mod validation;

use std::sync::Arc;

pub use caller::{Caller, Confirmed, ConfirmedOnly, RowLevel};
pub use code::ErrorCode;
pub use error::Error;
pub use idempotency::{Idempotency, Replayable};
pub use mail::Outbox;
pub use ports::{Ports, Settings};
pub use transaction::Transaction;

/// The largest number of rows of a list that are counted.
pub const MOST_COUNTED: u32 = 10_000;

/// All areas of AccuNode, over one set of ports.
#[derive(Clone, Debug)]
pub struct Application {
    /// Registration, sign-in, sessions and second factors.
    pub auth: auth::Auth,
    /// Users.
    pub users: users::Users,
    /// Invitations into organizations.
    pub invitations: invitations::Invitations,
    /// Organizations and tenants.
    pub organizations: organizations::Organizations,
    /// API keys.
    pub api_keys: api_keys::ApiKeys,
    /// Companies.
    pub companies: companies::Companies,
    /// Predictions.
    pub predictions: predictions::Predictions,
    /// Outcomes of companies.
    pub outcomes: outcomes::Outcomes,
    /// Back-tests.
    pub validations: validation::Validations,
    /// Definitions of default.
    pub default_definitions: default_definitions::DefaultDefinitions,
    /// Master scales.
    pub rating_scales: rating_scales::RatingScales,
    /// Monitoring of models.
    pub monitoring: monitoring::Monitoring,
    /// Bulk uploads.
    pub bulk_uploads: bulk_uploads::BulkUploads,
    /// Dashboards.
    pub analytics: analytics::Analytics,
    /// The audit log.
    pub audit_log: audit_log::AuditLog,
    /// The whole installation, for its operators.
    pub installation: installation::Installation,
    /// Maintenance of the database.
    pub maintenance: maintenance::MaintenanceRuns,
}

impl Application {
    /// Makes the areas over these ports.
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        Self {
            auth: auth::Auth {
                ports: ports.clone(),
            },
            users: users::Users {
                ports: ports.clone(),
            },
            invitations: invitations::Invitations {
                ports: ports.clone(),
            },
            organizations: organizations::Organizations {
                ports: ports.clone(),
            },
            api_keys: api_keys::ApiKeys {
                ports: ports.clone(),
            },
            companies: companies::Companies {
                ports: ports.clone(),
            },
            predictions: predictions::Predictions {
                ports: ports.clone(),
            },
            outcomes: outcomes::Outcomes {
                ports: ports.clone(),
            },
            validations: validation::Validations {
                ports: ports.clone(),
            },
            default_definitions: default_definitions::DefaultDefinitions {
                ports: ports.clone(),
            },
            rating_scales: rating_scales::RatingScales {
                ports: ports.clone(),
            },
            monitoring: monitoring::Monitoring {
                ports: ports.clone(),
            },
            bulk_uploads: bulk_uploads::BulkUploads::new(ports.clone()),
            installation: installation::Installation {
                ports: ports.clone(),
            },
            maintenance: maintenance::MaintenanceRuns {
                ports: ports.clone(),
            },
            audit_log: audit_log::AuditLog {
                ports: ports.clone(),
            },
            analytics: analytics::Analytics {
                ports,
                flights: analytics::Flights::default(),
            },
        }
    }

    /// Returns the ports of the areas, for health checks and the worker.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.auth.ports
    }

    /// Returns the same caller, if they are a user who proved their identity a short while
    /// ago.
    ///
    /// # Errors
    /// As [`Caller::confirmed`].
    pub fn confirm(&self, caller: &Caller) -> Result<Confirmed, Error> {
        caller.confirmed(self.ports().clock.now())
    }
}
