//! Keys are listed.

use accunode_domain::{
    api_key::ApiKey,
    id::OrganizationId,
    page::{Cursor, Limit, Page},
};

use super::ApiKeys;
use crate::{Caller, Error};

impl ApiKeys {
    /// A page of the caller's own keys, newest first; of an organization's, where they
    /// names one that they administer: those of its members, and those bound to it.
    ///
    /// # Errors
    /// `key_forbidden`, `role_forbidden`, `outside_scope`.
    #[tracing::instrument(name = "api_keys.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        organization: Option<OrganizationId>,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ApiKey>, Error> {
        let whose = caller
            .actor
            .key_directory(organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let keys = self.ports.store.api_keys();
        Ok(keys.list(&whose, limit, after).await?)
    }
}
