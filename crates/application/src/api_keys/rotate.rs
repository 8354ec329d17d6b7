//! Rotates the secret of an API key.

use accunode_domain::{
    access::{Denial, Forbidden},
    api_key::{overlap, shown_prefix},
    audit::{AuditAction, AuditEvent},
    id::ApiKeyId,
    idempotency::IdempotentRequest,
};
use accunode_ports::repositories::NextSecret;

use super::{ApiKeys, Revealed, already_shown, ended_meanwhile, kept, values};
use crate::{Confirmed, Error, ErrorCode, Idempotency};

impl ApiKeys {
    /// Gives a key of the caller's own another secret; the current one stays valid for a
    /// while, so that programs can be changed one by one. A secret from an earlier rotation
    /// becomes invalid at once.
    ///
    /// # Errors
    /// `NotFound`; `not_writable` for another user's; `scope_exceeds_role` if its owner
    /// could not create it any more, `outside_scope`; `out_of_range`; `key_expired`;
    /// `secret_already_shown`.
    #[tracing::instrument(name = "api_keys.rotate", level = "debug", skip_all)]
    pub async fn rotate(
        &self,
        caller: &Confirmed,
        id: ApiKeyId,
        overlap_seconds: Option<i64>,
        request: Option<IdempotentRequest>,
    ) -> Result<Revealed, Error> {
        let refused = |denial| Error::denied(denial, "API key");
        let now = self.ports.clock.now();
        let secret = self.new_secret();
        let idempotency = request.map(|request| Idempotency {
            request,
            serialize: Box::new(kept),
        });
        let (idempotency, next) = (&idempotency, &secret);
        let key = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let actor = &caller.renewed(&*unit).await?;
                let Some((before, owner)) = unit.api_keys().lock(id).await? else {
                    return Err(Error::not_found("API key"));
                };
                actor
                    .see_key(&owner.subject(), before.organization)
                    .map_err(refused)?;
                if before.owner != actor.user() {
                    return Err(refused(Denial::Forbidden(Forbidden::NotWritable)));
                }
                let grant = actor
                    .create_key(&before.scopes, before.organization)
                    .map_err(refused)?;
                let overlap = overlap(overlap_seconds).map_err(Error::invalid)?;
                if let Some(answer) =
                    Idempotency::claim(idempotency.as_ref(), &*unit, actor).await?
                {
                    return Err(already_shown(&answer));
                }
                if before.has_expired(now) {
                    return Err(Error::Conflict {
                        code: ErrorCode::KeyExpired,
                        detail: "this key has expired; make another".to_owned(),
                        existing: None,
                    });
                }
                let next = NextSecret {
                    prefix: shown_prefix(next),
                    hash: next.hash(),
                    previous_until: now + overlap,
                };
                let rotated = unit.api_keys().rotate(grant, id, &next).await;
                let key = rotated.map_err(ended_meanwhile)?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    old_values: Some(values(&before)),
                    new_values: Some(values(&key)),
                    ..AuditEvent::new("api_key.rotated", "api_key", AuditAction::Update)
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
