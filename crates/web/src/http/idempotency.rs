//! Repeatable requests (`Idempotency-Key`): when two of them are the same, and how the first
//! response is stored so that it can be sent again completely.

use std::{
    fmt::Write as _,
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use accunode_application::{Idempotency, Replayable};
use accunode_domain::idempotency::{IdempotentRequest, StoredOutcome};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::{
    call::{AuthenticatedCaller, header_fault},
    problem::{Answer, Problem},
};

const KEY: &str = "Idempotency-Key";
/// The header of a repeated response.
pub(crate) const REPLAYED: &str = "Idempotency-Replayed";

/// A response that can be stored: its body, and the headers that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    pub(crate) body: Value,
}

const fn ok() -> u16 {
    200
}

impl Reply {
    /// Creates a response with this body.
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Self {
        Self {
            status: status.as_u16(),
            etag: None,
            location: None,
            body: serde_json::to_value(body).unwrap_or_default(),
        }
    }

    /// Adds the tag of its version.
    pub(crate) fn tagged(self, version: i64) -> Self {
        Self {
            etag: Some(crate::http::etag::tag(version)),
            ..self
        }
    }

    /// Adds its location.
    pub(crate) fn at(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    fn restored(stored: StoredOutcome) -> Result<Self, Problem> {
        serde_json::from_value(stored.outcome)
            .map_err(|cause| accunode_application::Error::Internal(Box::new(cause)).into())
    }

    /// Sends it; `is_replayed` if it was sent before.
    pub(crate) fn send(self, is_replayed: bool) -> Answer {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if is_replayed {
            response.insert_header((REPLAYED, "true"));
        }
        Ok(response.json(self.body))
    }
}

/// The responses of a repeatable operation. A response is rendered once: the one that is stored
/// under the key is the one that is sent.
pub(crate) struct Replies<T, F> {
    request: Option<IdempotentRequest>,
    render: F,
    kept: Mutex<Option<Reply>>,
    of: PhantomData<fn(&T)>,
}

impl<T, F: Fn(&T) -> Reply + Send + Sync> Replies<T, F> {
    /// Responds to this request, with `render` if its outcome is new.
    pub(crate) const fn new(request: Option<IdempotentRequest>, render: F) -> Self {
        Self {
            request,
            render,
            kept: Mutex::new(None),
            of: PhantomData,
        }
    }

    /// Returns the key, for the use case, and how it stores the outcome.
    pub(crate) fn idempotency(&self) -> Option<Idempotency<'_, T>> {
        let request = self.request.clone()?;
        Some(Idempotency {
            request,
            serialize: Box::new(|outcome| self.keep(outcome)),
        })
    }

    /// Renders the outcome that the use case stores. It does so again if the unit of work is
    /// repeated.
    fn keep(&self, outcome: &T) -> Value {
        let reply = (self.render)(outcome);
        let stored = serde_json::to_value(&reply).unwrap_or_default();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        stored
    }

    /// Returns the response, and whether it was sent before.
    ///
    /// # Errors
    /// An outcome that this version cannot read is an internal error.
    pub(crate) fn reply(self, done: Replayable<T>) -> Result<(Reply, bool), Problem> {
        match done {
            Replayable::Fresh(made) => {
                let kept = self.kept.into_inner();
                let kept = kept.unwrap_or_else(PoisonError::into_inner);
                Ok((kept.unwrap_or_else(|| (self.render)(&made)), false))
            }
            Replayable::Replayed(stored) => Ok((Reply::restored(stored)?, true)),
        }
    }

    /// Sends the response.
    pub(crate) fn answer(self, done: Replayable<T>) -> Answer {
        let (reply, is_replayed) = self.reply(done)?;
        reply.send(is_replayed)
    }
}

/// Returns the request of one item: it has a separate key, which a client would not choose.
pub(crate) fn requested_item(
    request: &HttpRequest,
    at: usize,
    fields: &Value,
) -> Result<Option<IdempotentRequest>, Problem> {
    let whole = requested(request, fields)?;
    Ok(whole.map(|whole| IdempotentRequest {
        key: hex::encode(Sha256::digest(format!("{}\n{at}", whole.key))),
        ..whole
    }))
}

/// Returns the request as a repeatable one, if it has a key.
///
/// # Errors
/// 422 `invalid_idempotency_key`.
pub(crate) fn requested(
    request: &HttpRequest,
    fields: &Value,
) -> Result<Option<IdempotentRequest>, Problem> {
    let Some(key) = request.headers().get(KEY) else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| {
            header_fault(
                KEY,
                "invalid_idempotency_key",
                "must be 1 to 255 printable ASCII characters",
            )
        })?;
    let known = request.extensions();
    let caller = known
        .get::<AuthenticatedCaller>()
        .map(|AuthenticatedCaller { caller, .. }| caller);
    let by_key = caller.and_then(|caller| caller.key);
    // The response may contain an organization's row: a caller who has left it, or has fewer
    // rights there, makes a different request.
    let caller_rights = caller.map_or_else(String::new, |caller| {
        let actor = &caller.actor;
        let organization = actor.organization().map(|id| id.0);
        format!("{} {}", actor.role(), organization.unwrap_or_default())
    });
    Ok(Some(IdempotentRequest {
        // An API key is a separate principal: it never receives a response that was stored for
        // its owner, or for another of their keys.
        key: match by_key {
            Some(id) => hex::encode(Sha256::digest(format!("{id}\n{key}"))),
            None => key.to_owned(),
        },
        fingerprint: fingerprint(
            request.method().as_str(),
            request.path(),
            &caller_rights,
            fields,
        ),
    }))
}

/// Returns the SHA-256 over method, path, role and organization of the caller, and the fields in
/// a form that does not depend on the order of keys.
fn fingerprint(method: &str, path: &str, caller_rights: &str, fields: &Value) -> String {
    let mut text = format!("{method}\n{path}\n{caller_rights}\n");
    canonical(fields, &mut text);
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (at, (key, value)) in pairs.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                let _ = write!(text, "{}:", Value::String(key.clone()));
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                canonical(item, text);
            }
            text.push(']');
        }
        // Writing to a string cannot fail.
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use serde_json::json;

    use super::*;

    #[test]
    fn field_order_does_not_change_the_request_fingerprint() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":{"x":[1,2],"y":null}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":{"y":null,"x":[1,2]},"a":1}"#).unwrap();
        assert_eq!(
            fingerprint("POST", "/x", "", &a),
            fingerprint("POST", "/x", "", &b)
        );
    }

    #[test]
    fn method_path_and_body_change_the_request_fingerprint() {
        let first = fingerprint("POST", "/x", "", &json!({"a": 1}));
        assert_ne!(first, fingerprint("PUT", "/x", "", &json!({"a": 1})));
        assert_ne!(first, fingerprint("POST", "/y", "", &json!({"a": 1})));
        assert_ne!(first, fingerprint("POST", "/x", "", &json!({"a": 2})));
        assert_ne!(first, fingerprint("POST", "/x", "", &json!({"a": "1"})));
        assert_ne!(
            fingerprint("POST", "/x", "", &json!([[1], 2])),
            fingerprint("POST", "/x", "", &json!([1, [2]]))
        );
    }

    #[test]
    fn every_batch_item_has_its_own_idempotency_key() {
        let request = actix_web::test::TestRequest::post()
            .insert_header((KEY, "k"))
            .to_http_request();
        let item = |at| {
            requested_item(&request, at, &json!({"a": 1}))
                .unwrap()
                .unwrap()
        };
        assert_ne!(item(0).key, item(1).key);
        assert_eq!(item(0), item(0));
        assert_ne!(item(0).key, "k");
    }

    #[test]
    fn reply_is_rendered_once_and_replayed_unchanged() {
        let rendered = AtomicU8::new(0);
        let render = |id: &u8| {
            rendered.fetch_add(1, Ordering::Relaxed);
            Reply::new(StatusCode::CREATED, &json!({"id": id}))
                .tagged(3)
                .at("/api/v1/companies/1".to_owned())
        };
        let request = IdempotentRequest {
            key: "k".to_owned(),
            fingerprint: String::new(),
        };
        let replies = Replies::new(Some(request.clone()), render);
        let stored = StoredOutcome {
            fingerprint: String::new(),
            outcome: (replies.idempotency().unwrap().serialize)(&1),
        };
        let (sent, is_replayed) = replies.reply(Replayable::Fresh(1)).unwrap();
        assert!(!is_replayed);
        assert_eq!(rendered.load(Ordering::Relaxed), 1);

        let again = Replies::new(Some(request), render);
        let (replayed, is_replayed) = again.reply(Replayable::Replayed(stored)).unwrap();
        assert!(is_replayed);
        assert_eq!(replayed, sent);
        assert_eq!(rendered.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn reply_without_an_idempotency_key_is_rendered_on_answering() {
        let replies = Replies::new(None, |id: &u8| Reply::new(StatusCode::OK, &json!(id)));
        assert!(replies.idempotency().is_none());
        let (reply, is_replayed) = replies.reply(Replayable::Fresh(7)).unwrap();
        assert_eq!((reply.body, is_replayed), (json!(7), false));
    }
}
