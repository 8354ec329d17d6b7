//! Reads a company.

use accunode_domain::{company::Company, id::CompanyId};

use super::Companies;
use crate::{Caller, Error};

impl Companies {
    /// Returns one company. When a super_admin reads a user's personal company, this is
    /// written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    #[tracing::instrument(name = "companies.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: CompanyId) -> Result<Company, Error> {
        let (company, _) = caller.read_row(&self.ports, id).await?;
        Ok(company)
    }
}
