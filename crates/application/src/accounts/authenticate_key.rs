//! An API key is turned into somebody who calls.

use accunode_domain::{
    access::{Actor, Denial},
    api_key::ApiKey,
    audit::RequestContext,
    secret::Secret,
};

use super::{Accounts, unusable};
use crate::{Caller, Error};

impl Accounts {
    /// Who shows this key: its owner as he is now, cut down. Costs one statement
    /// ([`ApiKeyRepository::presented`]), which reads the key with its owner and his
    /// organization; at most once a minute one more goes out beside the request, to note
    /// that the key was used.
    ///
    /// # Errors
    /// `invalid_token` for a key that is unknown, revoked, expired or rotated away, or
    /// whose organization is not its owner's any more; `inactive`.
    ///
    /// [`ApiKeyRepository::presented`]: accunode_ports::repositories::ApiKeyRepository::presented
    pub(super) async fn authenticate_key(
        &self,
        secret: &str,
        context: RequestContext,
    ) -> Result<Caller, Error> {
        let now = self.ports.clock.now();
        let hash = Secret::shown(secret).hash();
        let keys = self.ports.store.api_keys();
        let Some(found) = keys.presented(&hash, now).await? else {
            return Err(dead(
                "this API key is unknown, or it was revoked, rotated or has expired",
            ));
        };
        let key = found.key;
        let actor = Actor::new(&found.owner, found.membership)
            .map_err(unusable)?
            .limited_to(&key.scopes, key.organization)
            .map_err(|_: Denial| dead("this API key's organization is not its owner's any more"))?;
        if key.note_use(now) {
            self.note_use(&key, now);
        }
        Ok(Caller {
            actor,
            context,
            session: None,
            confirmed_at: None,
            second_factor: false,
            key: Some(key.id),
        })
    }

    /// In the background: neither a slow nor a failing note holds a request up.
    fn note_use(&self, key: &ApiKey, now: accunode_domain::Timestamp) {
        let (ports, id) = (self.ports.clone(), key.id);
        tokio::spawn(async move {
            if let Err(error) = ports.store.api_keys().used(id, now).await {
                tracing::warn!(key = %id, %error, "the use of a key could not be noted");
            }
        });
    }
}

fn dead(detail: &str) -> Error {
    Error::Unauthenticated {
        code: "invalid_token",
        detail: detail.to_owned(),
    }
}
