//! Use cases: what AccuNode does, one verb in one file.
//!
//! A use case asks the access rules first; their answer is a proof that the
//! repositories demand. It does what is slow (hashing, scoring, reading files)
//! while no transaction is open, then makes the change and its audit row in one
//! unit of work. It knows ports and never what serves them.
//!
//! Where to start: [`Application`] holds the areas; `predictions/create.rs` shows
//! a whole use case. To add one: a file named after its verb in its area, an
//! `impl` block of the area's struct in it, and its handler in the web crate
//! under the same path.

pub mod analytics;
pub mod api_keys;
pub mod audit_log;
pub mod auth;
pub mod bulk_uploads;
pub mod caller;
pub mod code;
pub mod companies;
pub mod disk;
mod error;
pub mod exports;
pub mod installation;
pub mod invitations;
pub mod mail;
pub mod maintenance;
pub mod once;
pub mod organizations;
pub mod outcomes;
mod overtaken;
pub mod ports;
pub mod predictions;
pub mod rating_scales;
pub mod transaction;
pub mod users;
pub mod validation;

use std::sync::Arc;

pub use caller::{Caller, Confirmed, RowLevel, Vouched};
pub use code::ErrorCode;
pub use error::Error;
pub use mail::Outbox;
pub use once::{Done, Once};
pub use ports::{Ports, Settings};
pub use transaction::Transaction;

/// How many rows of a list are counted at most.
pub const MOST_COUNTED: u32 = 10_000;

/// Every area of AccuNode, over one set of ports.
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
    /// What happened to companies.
    pub outcomes: outcomes::Outcomes,
    /// Back-tests.
    pub validations: validation::Validations,
    /// Master scales.
    pub rating_scales: rating_scales::RatingScales,
    /// Bulk uploads.
    pub bulk_uploads: bulk_uploads::BulkUploads,
    /// Dashboards.
    pub analytics: analytics::Analytics,
    /// The audit log.
    pub audit_log: audit_log::AuditLog,
    /// The whole installation, for those who operate it.
    pub installation: installation::Installation,
    /// What keeps the database in shape.
    pub maintenance: maintenance::MaintenanceRuns,
}

impl Application {
    /// The areas over these ports.
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
            rating_scales: rating_scales::RatingScales {
                ports: ports.clone(),
            },
            bulk_uploads: bulk_uploads::BulkUploads {
                ports: ports.clone(),
            },
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

    /// What the areas stand on, for health checks and the worker.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.auth.ports
    }

    /// The same caller, where they are a user who proved who they are a short while ago.
    ///
    /// # Errors
    /// As [`Caller::confirmed`].
    pub fn confirm(&self, caller: &Caller) -> Result<Confirmed, Error> {
        caller.confirmed(self.ports().clock.now())
    }
}
