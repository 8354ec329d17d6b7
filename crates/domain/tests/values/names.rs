//! The names of every enumeration: the API, the database and files depend on them.

use std::{fmt::Debug, fmt::Display, str::FromStr};

use accunode_domain::{
    access::{DashboardScope, KeyScope, Removal},
    audit::AuditAction,
    default_definition::DefinitionBasis,
    fault::UnknownName,
    invitation::InvitationStatus,
    job::{JobStatus, RowStatus},
    organization::{JoinPolicy, SizeCategory},
    owner::AccessLevel,
    page::Sort,
    prediction::{Kind, OnConflict, Quarter, RevisionReason},
    rating_scale::ScaleStatus,
    ratio::{Flag, RatioUnit},
    risk::RiskLevel,
    user::Role,
    user_token::TokenPurpose,
    validation::TransitionMethod,
};
use serde::Serialize;

/// Checks that the values have exactly these names, in this order, as text and in JSON; that each
/// name parses to its value; and that the error for an unknown name lists all names.
fn named<T>(all: &[T], names: &[&str])
where
    T: Copy + Debug + Display + PartialEq + Serialize + FromStr<Err = UnknownName>,
{
    assert_eq!(all.len(), names.len(), "{all:?}");
    for (value, name) in all.iter().zip(names) {
        assert_eq!(value.to_string(), *name);
        assert_eq!(serde_json::to_value(value).unwrap(), *name);
        assert_eq!(name.parse::<T>().unwrap(), *value);
    }
    let unknown = "no such name".parse::<T>().unwrap_err();
    assert_eq!(unknown.value, "no such name");
    assert_eq!(unknown.allowed, names.join(", "));
    assert_eq!(
        unknown.to_string(),
        format!("`no such name` is none of {}", names.join(", "))
    );
}

#[test]
fn enumeration_values_have_stable_names() {
    named(&Kind::ALL, &["annual", "quarterly"]);
    named(&Quarter::ALL, &["Q1", "Q2", "Q3", "Q4"]);
    named(&OnConflict::ALL, &["error", "skip", "update"]);
    named(&RevisionReason::ALL, &["ratios", "model", "figures"]);
    named(&TransitionMethod::ALL, &["cohort", "duration"]);
    named(
        &DefinitionBasis::ALL,
        &["crr_178", "bankruptcy", "missed_payment", "agency", "other"],
    );
    named(&ScaleStatus::ALL, &["draft", "active", "retired"]);
    named(&RatioUnit::ALL, &["fraction", "percent"]);
    named(
        &Flag::ALL,
        &[
            "missing",
            "non_positive_denominator",
            "clamped_low",
            "clamped_high",
            "implausible",
            "looks_like_percent",
        ],
    );
    named(&RiskLevel::ALL, &["Low", "Medium", "High"]);
    named(&AccessLevel::ALL, &["personal", "organization", "system"]);
    named(
        &Sort::ALL,
        &["created_at", "pd", "name", "symbol", "updated_at"],
    );
    named(
        &JobStatus::ALL,
        &["pending", "processing", "completed", "failed", "cancelled"],
    );
    named(&RowStatus::ALL, &["ok", "updated", "skipped", "error"]);
}

#[test]
fn user_and_organization_enumerations_have_stable_names() {
    named(
        &Role::ALL,
        &[
            "user",
            "org_member",
            "org_admin",
            "tenant_admin",
            "super_admin",
        ],
    );
    named(
        &SizeCategory::ALL,
        &["startup", "small", "medium", "large", "enterprise"],
    );
    named(&JoinPolicy::ALL, &["closed", "token", "allowed_emails"]);
    named(&InvitationStatus::ALL, &["pending", "expired", "accepted"]);
    named(&TokenPurpose::ALL, &["verify_email", "reset_password"]);
    named(&Removal::ALL, &["remove_from_org", "anonymize"]);
    named(
        &KeyScope::ALL,
        &["read", "score", "write", "upload", "audit", "admin"],
    );
    named(
        &DashboardScope::ALL,
        &["personal", "organization", "tenant", "system"],
    );
    named(
        &AuditAction::ALL,
        &[
            "CREATE",
            "UPDATE",
            "DELETE",
            "LOGIN",
            "LOGOUT",
            "FAILED_LOGIN",
            "READ",
            "EXPORT",
            "DENIED",
        ],
    );
}

#[test]
fn enumeration_names_respect_padding() {
    assert_eq!(
        format!("{:>8}|{:<8}|", Kind::Annual, Kind::Annual),
        "  annual|annual  |"
    );
}
