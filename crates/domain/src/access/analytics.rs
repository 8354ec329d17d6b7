//! Which predictions a dashboard counts.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{Actor, Denial, Forbidden, Inconsistency, KeyScope, Scope};
use crate::{
    fault::text_enum,
    id::OrganizationId,
    owner::{AccessLevel, Owner},
    user::Role,
};

/// Which predictions a dashboard counts, always within what its reader may read.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DashboardScope {
    /// The reader's personal predictions.
    Personal,
    /// The predictions of one organization.
    Organization,
    /// The predictions of a root and its children.
    Tenant,
    /// The system's predictions; none where they are hidden from the reader.
    System,
}

text_enum!(DashboardScope);

impl Actor {
    /// Returns what a dashboard may count. Without an organization it is the actor's own; a
    /// tenant is named by its root. `children` are the children of the named root. They are
    /// used for a super_admin only, because other actors know their children.
    ///
    /// # Errors
    /// In this order: `Forbidden::LevelForbidden` where the role has no such
    /// dashboard; `Forbidden::OutsideScope`; `Unprocessable`:
    /// `organization_mismatch` for an organization with `personal` or `system`,
    /// `organization_required` for a super_admin who names none, `not_a_root`.
    pub fn dashboard(
        &self,
        scope: DashboardScope,
        organization: Option<OrganizationId>,
        children: &[OrganizationId],
    ) -> Result<Scope, Denial> {
        self.require_key_scope(KeyScope::Read)?;
        let least = match scope {
            DashboardScope::Personal | DashboardScope::System => Role::User,
            DashboardScope::Organization => Role::OrgMember,
            DashboardScope::Tenant => Role::TenantAdmin,
        };
        if self.role() < least {
            return Err(Denial::Forbidden(Forbidden::LevelForbidden));
        }
        if let Some(organization) = organization {
            self.names_organization(organization)?;
        }
        let level = match scope {
            DashboardScope::Personal => AccessLevel::Personal,
            DashboardScope::System => AccessLevel::System,
            DashboardScope::Organization | DashboardScope::Tenant => {
                let named = organization
                    .or(self.organization())
                    .ok_or(Denial::Unprocessable(Inconsistency::OrganizationRequired))?;
                let mut owners = vec![Owner::Organization(named)];
                if scope == DashboardScope::Tenant {
                    let children = match self.membership() {
                        Some(own) if own.organization == named => own.children.as_slice(),
                        Some(_) => return Err(Denial::Unprocessable(Inconsistency::NotARoot)),
                        None => children,
                    };
                    owners.extend(children.iter().copied().map(Owner::Organization));
                }
                return Ok(self.scope().only(&owners));
            }
        };
        if organization.is_some() {
            return Err(Denial::Unprocessable(Inconsistency::OrganizationMismatch));
        }
        self.narrowed(Some(level), None)
    }
}
