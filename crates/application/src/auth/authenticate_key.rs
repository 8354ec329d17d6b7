//! Authenticates the caller by an API key.

use accunode_domain::{
    access::{Actor, Denial},
    api_key::{ApiKey, has_key_form},
    audit::RequestContext,
    secret::Secret,
};

use accunode_ports::limits::principal;

use super::{Auth, unusable};
use crate::{Caller, Error, ErrorCode};

impl Auth {
    /// Returns the key's owner as currently stored, with their rights cut down to the key's
    /// scopes. Costs one statement ([`ApiKeyRepository::presented`]), which reads the key with its
    /// owner and their organization; at most once a minute one more runs beside the request, to
    /// record that the key was used.
    ///
    /// A key that was not valid recently first consumes from the budget of its address: once that
    /// is used up, wrong keys cost the database nothing. A key that was valid recently bypasses
    /// the budget, so that others at its address cannot lock it out.
    ///
    /// # Errors
    /// `LockedOut` if too many unknown keys were presented from the address; `invalid_token` for a
    /// key that is unknown, revoked, expired or replaced by rotation, or whose organization is not
    /// its owner's any more; `inactive`.
    ///
    /// [`ApiKeyRepository::presented`]: accunode_ports::repositories::ApiKeyRepository::presented
    pub(super) async fn authenticate_key(
        &self,
        secret: &str,
        context: RequestContext,
    ) -> Result<Caller, Error> {
        let now = self.ports.clock.now();
        let unknown = || dead("this API key is unknown, or it was revoked, rotated or has expired");
        if !has_key_form(secret.trim()) {
            return Err(unknown());
        }
        let hash = Secret::shown(secret).hash();
        let known_keys = &self.ports.known_keys;
        if !known_keys.contains(&hash, now) {
            self.draw_for_unknown_key(&context).await?;
        }
        let keys = self.ports.store.api_keys();
        let Some(found) = keys.presented(&hash, now).await? else {
            known_keys.remove(&hash);
            return Err(unknown());
        };
        known_keys.add(hash, now);
        let key = found.key;
        let actor = Actor::new(&found.owner, found.membership)
            .map_err(unusable)?
            .limited_to(&key.scopes, key.organization)
            .map_err(|_: Denial| dead("this API key's organization is not its owner's any more"))?;
        let second_factor = self.owner_has_second_factor(&actor).await?;
        if key.note_use(now) {
            self.note_use(&key, now);
        }
        Ok(Caller {
            actor,
            context,
            session: None,
            confirmed_at: None,
            second_factor,
            key: Some(key.id),
        })
    }

    /// Returns whether the key's owner has a second factor that counts. Looked up only if their
    /// organization requires one, which costs a second statement there.
    async fn owner_has_second_factor(&self, owner: &Actor) -> Result<bool, Error> {
        if owner.require_second_factor(false).is_ok() {
            return Ok(false);
        }
        Ok(self.factor(owner.user()).await?.is_some())
    }

    /// Consumes from the budget of the address. If the limiter is unreachable, the request
    /// continues: keys have 256 random bits, so that the budget protects the database and not a
    /// secret.
    async fn draw_for_unknown_key(&self, context: &RequestContext) -> Result<(), Error> {
        let quota = self.ports.settings.unknown_keys;
        let address = principal(context.ip);
        let consumed = self
            .ports
            .limiter
            .consume_from("unknown_key", quota, &address)
            .await;
        match consumed {
            Ok(budget) if !budget.allowed => Err(Error::LockedOut {
                seconds: budget.reset_seconds.max(1),
            }),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the budget for unknown API keys cannot be reached"
                );
                Ok(())
            }
        }
    }

    /// Runs in the background: neither a slow nor a failed write delays a request.
    fn note_use(&self, key: &ApiKey, now: accunode_domain::Timestamp) {
        let (ports, id) = (self.ports.clone(), key.id);
        let tasks = self.ports.tasks.clone();
        tasks.background(async move {
            if let Err(error) = ports.store.api_keys().used(id, now).await {
                tracing::warn!(key = %id, error = &error as &dyn std::error::Error, "the use of a key could not be noted");
            }
        });
    }
}

fn dead(detail: &str) -> Error {
    Error::Unauthenticated {
        code: ErrorCode::InvalidToken,
        detail: detail.to_owned(),
    }
}
