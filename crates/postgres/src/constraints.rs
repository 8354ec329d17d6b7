//! The constraints of the schema whose violation is a conflict that use cases handle.
//!
//! Some are declared on their tables, others are raised by triggers and functions under the
//! same name; a test checks that each of them exists in a migrated database.

use accunode_ports::Conflict;

/// The names of constraints, and the conflict that violating each of them means.
const CONSTRAINTS: [(&str, Conflict); 31] = [
    ("allowed_emails_pkey", Conflict::AlreadyAllowed),
    ("bulk_jobs_completed", Conflict::RowsUnaccounted),
    ("bulk_jobs_counts", Conflict::RowsUnaccounted),
    ("companies_level_fixed", Conflict::CompanyInUse),
    ("companies_level_never_down", Conflict::LevelChange),
    ("companies_organization_fixed", Conflict::CompanyInUse),
    ("fk_annual_predictions_company", Conflict::CompanyGone),
    ("fk_organizations_parent", Conflict::NotARoot),
    ("fk_outcomes_company", Conflict::CompanyGone),
    ("fk_quarterly_predictions_company", Conflict::CompanyGone),
    ("idx_bulk_jobs_file_hash", Conflict::SameUpload),
    ("idx_organizations_domain", Conflict::DomainTaken),
    ("idx_organizations_name_key", Conflict::NameTaken),
    ("idx_outcomes_external_id", Conflict::OutcomeExists),
    ("idx_outcomes_open", Conflict::OutcomeExists),
    ("organizations_depth", Conflict::NotARoot),
    ("organizations_max_users", Conflict::OrganizationFull),
    ("outcome_organization_consistency", Conflict::LevelMismatch),
    (
        "prediction_organization_consistency",
        Conflict::LevelMismatch,
    ),
    ("predictions_level_never_down", Conflict::LevelChange),
    ("unique_annual_prediction", Conflict::PredictionExists),
    ("unique_company_figi", Conflict::IdentifierTaken),
    ("unique_company_isin", Conflict::IdentifierTaken),
    ("unique_company_lei", Conflict::IdentifierTaken),
    ("unique_company_national_id", Conflict::IdentifierTaken),
    ("unique_company_symbol_per_org", Conflict::SymbolTaken),
    ("unique_default_definition", Conflict::DefinitionExists),
    ("unique_quarterly_prediction", Conflict::PredictionExists),
    ("unique_rating_scale", Conflict::ScaleExists),
    ("users_email_key", Conflict::EmailTaken),
    ("users_last_super_admin", Conflict::LastSuperAdmin),
];

/// Returns the conflict that violating this constraint means.
pub(crate) fn conflict(constraint: &str) -> Conflict {
    let found = CONSTRAINTS.iter().find(|(name, _)| *name == constraint);
    found.map_or(Conflict::Other, |(_, conflict)| *conflict)
}

/// Returns the names of all constraints that have their own conflict.
#[must_use]
pub fn named_constraints() -> Vec<&'static str> {
    CONSTRAINTS.iter().map(|(name, _)| *name).collect()
}
