//! Creates an API key.

use accunode_domain::{
    Timestamp,
    access::{Actor, KeyScope},
    api_key::{KeyTerms, MOST_KEYS, shown_prefix},
    audit::{AuditAction, AuditEvent},
    id::{ApiKeyId, OrganizationId},
    idempotency::IdempotentRequest,
};
use accunode_ports::repositories::NewApiKey;

use super::{ApiKeys, Revealed, already_shown, kept, values};
use crate::{Confirmed, Error, ErrorCode, Idempotency};

/// The requested properties of a new key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The name that the owner gives it.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<KeyScope>,
    /// The organization that it is restricted to.
    pub organization: Option<OrganizationId>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl ApiKeys {
    /// Creates a key of the caller's own. Its secret is in the result and is not stored.
    ///
    /// # Errors
    /// `scope_exceeds_role`, `outside_scope`; every fault of the command; `too_many_keys`;
    /// `secret_already_shown` for a repeated request.
    #[tracing::instrument(name = "api_keys.create", level = "debug", skip_all)]
    pub async fn create(
        &self,
        caller: &Confirmed,
        command: &NewKey,
        request: Option<IdempotentRequest>,
    ) -> Result<Revealed, Error> {
        let allow = |actor: &Actor| {
            let allowed = actor.create_key(&command.scopes, command.organization);
            allowed.map_err(|denial| Error::denied(denial, "organization"))
        };
        allow(&caller.actor)?;
        let now = self.ports.clock.now();
        let terms = KeyTerms::check(
            &command.name,
            &command.scopes,
            command.organization,
            command.expires_at,
            now,
        )
        .map_err(Error::Invalid)?;
        let secret = self.new_secret();
        let new = NewApiKey {
            id: ApiKeyId(self.ports.ids.new_id()),
            terms,
            prefix: shown_prefix(&secret),
            secret_hash: secret.hash(),
            created_at: now,
        };
        let idempotency = request.map(|request| Idempotency {
            request,
            serialize: Box::new(kept),
        });
        let (idempotency, new) = (&idempotency, &new);
        let key = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = &caller.renewed(&*unit).await?;
                let grant = allow(actor)?;
                if let Some(answer) =
                    Idempotency::claim(idempotency.as_ref(), &*unit, actor).await?
                {
                    return Err(already_shown(&answer));
                }
                if unit.reads().api_keys().count(actor.user(), now).await? >= MOST_KEYS {
                    return Err(Error::Conflict {
                        code: ErrorCode::TooManyKeys,
                        detail: format!(
                            "you have {MOST_KEYS} keys; end one that is not needed first"
                        ),
                        existing: None,
                    });
                }
                let key = unit.api_keys().add(grant, new).await?;
                let event = AuditEvent {
                    entity_id: Some(key.id.0),
                    new_values: Some(values(&key)),
                    ..AuditEvent::new("api_key.created", "api_key", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency.as_ref(), &*unit, actor, &key).await?;
                Ok(key)
            })
            .await?;
        Ok(Revealed { key, secret })
    }
}
