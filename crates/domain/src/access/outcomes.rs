//! What happened to companies. Outcomes are recorded as predictions are made, and withdrawn as
//! rows are changed; how far they are complete says an administrator.

use super::{Actor, Denial, Forbidden, Grant, Inconsistency, Scope, rows::prediction_fits_company};
use crate::{
    id::OrganizationId,
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// That they may record an outcome at this level, on a company of `company`.
    ///
    /// # Errors
    /// Those of [`Self::create`]; then `NotFound` for a company that they cannot read; then
    /// `Unprocessable("level_mismatch")`.
    pub fn record_outcome(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
        company: Owner,
    ) -> Result<Grant, Denial> {
        let grant = self.create(level, organization)?;
        self.name(company)?;
        prediction_fits_company(grant.owner(), company, true)?;
        Ok(grant)
    }

    /// That they may say how far an owner's outcomes are complete: a user their own, an
    /// administrator those of an organization, a super_admin everyone's.
    ///
    /// # Errors
    /// Those of [`Self::create`]; `Forbidden("role_forbidden")` for an organization that they
    /// do not administer.
    pub fn set_coverage(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// Whose coverage they may look at: see [`Self::figures_of_one`].
    ///
    /// # Errors
    /// Those of [`Self::figures_of_one`].
    pub fn read_coverage(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<(Scope, Owner), Denial> {
        self.figures_of_one(level, organization)
    }

    /// Of which one owner they may see what never mixes owners: without a level and an organization that of their own
    /// organization, or their own where they have none.
    ///
    /// # Errors
    /// `Forbidden("outside_scope")` for an organization that is not theirs, and for everyone's
    /// where that is hidden from them; `Unprocessable("organization_required")` and
    /// `Unprocessable("organization_mismatch")` where the two contradict each other.
    pub fn figures_of_one(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<(Scope, Owner), Denial> {
        if let Some(organization) = organization {
            self.names_organization(organization)?;
        }
        let own = self.organization();
        let owner = match (level, organization.or(own)) {
            (None | Some(AccessLevel::Organization), Some(id)) => Owner::Organization(id),
            (Some(AccessLevel::Organization), None) => {
                return Err(Denial::Unprocessable(Inconsistency::OrganizationRequired));
            }
            (Some(AccessLevel::Personal | AccessLevel::System), _) if organization.is_some() => {
                return Err(Denial::Unprocessable(Inconsistency::OrganizationMismatch));
            }
            (Some(AccessLevel::System), _) => Owner::System,
            (Some(AccessLevel::Personal) | None, _) => Owner::User(self.user()),
        };
        let scope = self.scope();
        if scope.contains(owner) {
            Ok((scope.only(&[owner]), owner))
        } else {
            Err(Denial::Forbidden(Forbidden::OutsideScope))
        }
    }
}
