//! Access to the outcomes of companies. Outcomes are recorded under the rules for creating
//! predictions and withdrawn under those for changing rows. An administrator states up to which day
//! they are complete.

use super::{Actor, Denial, Forbidden, Grant, Inconsistency, Scope, rows::prediction_fits_company};
use crate::{
    id::OrganizationId,
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// Whether the actor may record an outcome at this level, on a company owned by `company`.
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
        self.may_reference(company)?;
        prediction_fits_company(grant.owner(), company, true)?;
        Ok(grant)
    }

    /// Whether the actor may state up to which day an owner's outcomes are complete: users for
    /// their own, an administrator for those of an organization, a super_admin for everyone's.
    ///
    /// # Errors
    /// Those of [`Self::create`]; `Forbidden("role_forbidden")` for an organization that they do
    /// not administer.
    pub fn set_coverage(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// The owner whose coverage the actor may read: see [`Self::figures_of_one`].
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

    /// The one owner whose figures the actor may see, where figures never mix owners. Without a
    /// level and an organization it is the actor's organization, or the actor if they have none.
    ///
    /// # Errors
    /// `Forbidden("outside_scope")` for an organization that is not theirs, and for everyone's rows
    /// if these are hidden from them; `Unprocessable("organization_required")` and
    /// `Unprocessable("organization_mismatch")` if level and organization contradict each other.
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

    /// Checks that figures may count the outcomes that every user reads beside those of their
    /// owner.
    ///
    /// # Errors
    /// `Forbidden::OutsideScope` if the actor's organization hides system rows: figures that left
    /// them out would claim to contain them.
    pub fn count_system_outcomes(&self) -> Result<(), Denial> {
        if self.scope().contains(Owner::System) {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::OutsideScope))
        }
    }
}
