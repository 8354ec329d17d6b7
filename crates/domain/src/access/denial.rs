//! Denials: the reasons why an actor may not do something, with stable codes and messages.

use strum::{IntoStaticStr, VariantArray};

/// The reason why an actor may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The row is not readable, so its existence is secret too.
    #[error("not found")]
    NotFound,
    /// The row is known to exist, but the operation is not allowed.
    #[error("forbidden: {}", .0.code())]
    Forbidden(Forbidden),
    /// The operation contradicts the current state.
    #[error("conflict: {}", .0.code())]
    Conflict(Contradiction),
    /// The request contradicts itself.
    #[error("unprocessable: {}", .0.code())]
    Unprocessable(Inconsistency),
}

impl Denial {
    /// Returns a stable code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Forbidden(reason) => reason.code(),
            Self::Conflict(reason) => reason.code(),
            Self::Unprocessable(reason) => reason.code(),
        }
    }
}

/// Why an operation on something that is known to exist is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Forbidden {
    /// The e-mail address is not among those that may join.
    EmailNotAllowed,
    /// The role does not cover this field.
    FieldForbidden,
    /// The actor created it themselves, and another user must decide about it.
    FourEyes,
    /// The user is not active.
    Inactive,
    /// No API key may do this.
    KeyForbidden,
    /// The scopes of the API key do not cover it.
    KeyScope,
    /// The role does not cover this access level.
    LevelForbidden,
    /// The row can be read but not changed.
    NotWritable,
    /// The organization is not active.
    OrganizationInactive,
    /// The invitation is for another user.
    OtherAccount,
    /// The organization is not one of the actor's.
    OutsideScope,
    /// The other user's rank is not below the actor's.
    RankTooLow,
    /// The role does not allow the operation.
    RoleForbidden,
    /// The actor cannot give this role.
    RoleNotAssignable,
    /// An API key cannot have more rights than its owner.
    ScopeExceedsRole,
    /// The organization requires a second factor, and the user has none.
    SecondFactorRequired,
}

impl Forbidden {
    /// Returns a stable code for programs, in snake_case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.into_str()
    }

    /// Returns a message for users.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::EmailNotAllowed => "your e-mail address is not among those that may join",
            Self::FieldForbidden => "your role cannot change this field",
            Self::FourEyes => "you made this yourself; someone else has to decide about it",
            Self::Inactive => "this account is not active",
            Self::KeyForbidden => "an API key can never do this; sign in",
            Self::KeyScope => "this API key's scopes do not cover this",
            Self::LevelForbidden => "your role cannot make anything at this access level",
            Self::NotWritable => "you can read this but not change it",
            Self::OrganizationInactive => "your organization is not active",
            Self::OtherAccount => "this is for another account",
            Self::OutsideScope => "this organization is not one of yours",
            Self::RankTooLow => "this user's rank is not below yours",
            Self::RoleForbidden => "your role does not allow this",
            Self::RoleNotAssignable => "you cannot give this role",
            Self::ScopeExceedsRole => "a key cannot do more than its owner",
            Self::SecondFactorRequired => {
                "your organization demands a second factor: enrol one at /me/mfa/totp, where it demands that too have it approved, and sign in with it; an API key works once its owner has one"
            }
        }
    }
}

/// How an operation contradicts the current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Contradiction {
    /// The user belongs to an organization already.
    AlreadyMember,
    /// At least one active super_admin must remain.
    LastSuperAdmin,
    /// The level of a shared row can be neither narrowed nor moved to another organization.
    LevelChange,
    /// The user does not belong to the organization.
    NotAMember,
}

impl Contradiction {
    /// Returns a stable code for programs, in snake_case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.into_str()
    }

    /// Returns a message for users.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::AlreadyMember => "you are a member of an organization already",
            Self::LastSuperAdmin => "at least one active super_admin must remain",
            Self::LevelChange => {
                "what is shared is never narrowed, nor moved to another organization"
            }
            Self::NotAMember => "this user is no member of this organization",
        }
    }
}

/// How a request contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Inconsistency {
    /// An organization with children cannot get a parent.
    HasChildren,
    /// The levels of a prediction and its company do not match.
    LevelMismatch,
    /// The organization is not a root.
    NotARoot,
    /// The level or role does not allow an organization.
    OrganizationMismatch,
    /// The level or role needs an organization.
    OrganizationRequired,
}

impl Inconsistency {
    /// Returns a stable code for programs, in snake_case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.into_str()
    }

    /// Returns a message for users.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::HasChildren => "this organization has children",
            Self::LevelMismatch => {
                "a prediction for an organization needs a company of the same organization or of the system; one for the system needs a company of the system"
            }
            Self::NotARoot => "a tenant is named by its root organization, and this is none",
            Self::OrganizationMismatch => {
                "organization_id goes with access_level organization and with no other"
            }
            Self::OrganizationRequired => "access_level organization needs an organization_id",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_denial_has_its_own_code_and_a_message() {
        let reasons = Forbidden::VARIANTS
            .iter()
            .map(|it| (it.code(), it.message()));
        let reasons = reasons.chain(
            Contradiction::VARIANTS
                .iter()
                .map(|it| (it.code(), it.message())),
        );
        let reasons = reasons.chain(
            Inconsistency::VARIANTS
                .iter()
                .map(|it| (it.code(), it.message())),
        );
        let reasons: Vec<_> = reasons.collect();
        let codes: BTreeSet<_> = reasons.iter().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), reasons.len());
        for (code, message) in reasons {
            assert!(
                code.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
                "{code}"
            );
            assert!(message.len() > 10, "{code}: {message}");
        }
    }
}
