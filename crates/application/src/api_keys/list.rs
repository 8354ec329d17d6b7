//! Lists API keys.

use accunode_domain::{
    api_key::ApiKey,
    id::OrganizationId,
    page::{Cursor, Limit, Page},
};

use super::ApiKeys;
use crate::{Caller, Error};

impl ApiKeys {
    /// Returns a page of the caller's own keys, newest first. For an organization that the
    /// caller administers it returns the keys of its members, and those bound to it.
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
