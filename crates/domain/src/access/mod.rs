//! Who may do what: the one policy of AccuNode, as pure functions.
//!
//! An [`Actor`] is the user who asks. Asked for a [`Scope`] or a [`Grant`], it
//! answers with a proof that the repositories demand, or with a [`Denial`]. No
//! other code makes those proofs, so a query that forgot to ask does not compile.
//!
//! **Order of checks:** the row in the path readable (404) → role and level (403)
//! → an organization named in body or filter (403) → rows named in the body
//! readable (404) → I4 (422) → write (403) → state (409, 412).

//!
//! | module | asks |
//! |---|---|
//! | [`Actor`] | who the caller is, as far as the rules are concerned |
//! | `scope`, `rows` | companies and predictions: read, create, raise, write |
//! | `company_removal` | what stands on a company, and may go with it |
//! | `company_sharing` | what moves with a company to a wider level |
//! | `jobs` | bulk uploads |
//! | `outcomes` | what happened to companies, and how far that is complete |
//! | `rating_scales` | master scales |
//! | `validations` | reports of back-tests, and who signs them off |
//! | `users`, `organizations` | users and tenants |
//! | `analytics`, `audit`, `admin` | figures, the audit log, the installation |
//! | `permissions` | all of these, to tell a user in advance what they may do |
//! | `keys` | how an API key cuts its owner's role down |
//! | `proofs` | what the answers about users, organizations and keys are, for the repositories |
//!
//! What every answer should be stands in `docs/access-matrix.csv`; the test
//! `access_matrix` asks these functions every cell of it.

mod actor;
mod admin;
mod analytics;
mod audit;
mod company_removal;
mod company_sharing;
mod denial;
mod jobs;
mod keys;
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
pub use organizations::{Door, OrganizationChange, Organizations, fits_as_parent};
pub use permissions::Permission;
pub use proofs::{
    Admission, KeyGrant, KeyRemoval, OrganizationCreation, OrganizationGrant, OrganizationRemoval,
    RoleGrant, UserGrant, UserRemoval,
};
pub use rows::{Reading, prediction_fits_company};
pub use scope::{Grant, Scope};
pub use users::{Approvals, Assignment, Directory, Removal, Subject, super_admin_remains};
pub use validations::SignOffGrant;
