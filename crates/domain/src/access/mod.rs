//! The access policy of AccuNode, as pure functions.
//!
//! An [`Actor`] is the caller as the rules see it. Asked for a [`Scope`] or a [`Grant`], it answers
//! with a proof that the repositories require, or with a [`Denial`]. No other code can construct
//! these proofs, so a query without an access check does not compile.
//!
//! **Order of checks:** the row in the path is readable (404) → role and level (403) → an
//! organization named in the body or a filter (403) → rows named in the body are readable (404) →
//! I4 (422) → write (403) → state (409, 412).

//!
//! | module | decides |
//! |---|---|
//! | [`Actor`] | the role and the organization of the caller, for all other rules |
//! | `scope`, `rows` | companies and predictions: read, create, raise, write |
//! | `company_removal` | which rows are on a company, and which of them may be removed with it |
//! | `company_sharing` | which rows move to a wider level with a company |
//! | `jobs` | bulk uploads |
//! | `monitoring` | monitoring of models |
//! | `outcomes` | the outcomes of companies, and up to which day they are complete |
//! | `rating_scales` | master scales, definitions of default |
//! | `validations` | reports of back-tests, and who signs them off |
//! | `users`, `organizations` | users and tenants |
//! | `analytics`, `audit`, `admin` | statistics, the audit log, the installation |
//! | `permissions` | all of these, so that users see in advance what they may do |
//! | `keys` | how an API key restricts its owner's role |
//! | `proofs` | the answers about users, organizations and keys, for the repositories |
//!
//! The expected answers are in `docs/access-matrix.csv`. The test `access_matrix` compares every
//! cell of it with the answers of these functions.

mod actor;
mod admin;
mod analytics;
mod audit;
mod company_removal;
mod company_sharing;
mod denial;
mod jobs;
mod keys;
mod monitoring;
mod organizations;
mod outcomes;
mod permissions;
mod proofs;
mod rating_scales;
mod rows;
mod scope;
mod users;
mod validations;

pub use actor::Actor;
pub use analytics::DashboardScope;
pub use audit::AuditScope;
pub use company_removal::{CompanyUse, OnCompany, RowsOnCompany};
pub use company_sharing::CompanySharing;
pub use denial::{Contradiction, Denial, Forbidden, Inconsistency};
pub use keys::{KeyDirectory, KeyScope};
pub use organizations::{JoinTarget, OrganizationChange, Organizations, fits_as_parent};
pub use permissions::Permission;
pub use proofs::{
    Admission, KeyGrant, KeyRemoval, OrganizationCreation, OrganizationGrant, OrganizationRemoval,
    RoleGrant, UserGrant, UserRemoval,
};
pub use rows::{Reading, prediction_fits_company};
pub use scope::{Grant, Scope};
pub use users::{Approvals, Assignment, Directory, Removal, Subject, super_admin_remains};
pub use validations::SignOffGrant;
