//! Requests that may be sent again (`Idempotency-Key`): what makes two of them the
//! same, and how the first answer is written so that it can be given again whole.

use std::{
    fmt::Write as _,
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use accunode_application::{Done, Once};
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
/// The header of an answer that is given again.
pub(crate) const REPLAYED: &str = "Idempotency-Replayed";

/// An answer that can be kept: body, and the headers that belong to it.
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
    /// An answer with this body.
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Self {
        Self {
            status: status.as_u16(),
            etag: None,
            location: None,
            body: serde_json::to_value(body).unwrap_or_default(),
        }
    }

    /// With the tag of its version.
    pub(crate) fn tagged(self, version: i64) -> Self {
        Self {
            etag: Some(crate::http::etag::tag(version)),
            ..self
        }
    }

    /// With where it can be found.
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

    /// Sends it; `is_replayed` where it was given before.
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

/// How an operation that may be sent again is answered. A reply is rendered once: the one that
/// was kept under the key is the one that is sent.
pub(crate) struct Replies<T, F> {
    request: Option<IdempotentRequest>,
    render: F,
    kept: Mutex<Option<Reply>>,
    of: PhantomData<fn(&T)>,
}

impl<T, F: Fn(&T) -> Reply + Send + Sync> Replies<T, F> {
    /// Replies to this request, by `render` where its outcome is new.
    pub(crate) const fn new(request: Option<IdempotentRequest>, render: F) -> Self {
        Self {
            request,
            render,
            kept: Mutex::new(None),
            of: PhantomData,
        }
    }

    /// The key, for the use case, and how it keeps the outcome.
    pub(crate) fn once(&self) -> Option<Once<'_, T>> {
        let request = self.request.clone()?;
        Some(Once {
            request,
            serialize: Box::new(|outcome| self.keep(outcome)),
        })
    }

    /// Renders what the use case stores. It does so again where its unit of work is repeated.
    fn keep(&self, outcome: &T) -> Value {
        let reply = (self.render)(outcome);
        let stored = serde_json::to_value(&reply).unwrap_or_default();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        stored
    }

    /// The reply, and whether it was given before.
    ///
    /// # Errors
    /// A stored outcome that this version cannot read is an internal error.
    pub(crate) fn reply(self, done: Done<T>) -> Result<(Reply, bool), Problem> {
        match done {
            Done::Fresh(made) => {
                let kept = self.kept.into_inner();
                let kept = kept.unwrap_or_else(PoisonError::into_inner);
                Ok((kept.unwrap_or_else(|| (self.render)(&made)), false))
            }
            Done::Replayed(stored) => Ok((Reply::restored(stored)?, true)),
        }
    }

    /// Sends the reply.
    pub(crate) fn answer(self, done: Done<T>) -> Answer {
        let (reply, is_replayed) = self.reply(done)?;
        reply.send(is_replayed)
    }
}

/// One item of a request that may be sent again: it has a key of its own, which no
/// client would think of.
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

/// The request as one that may be sent again, where it carries a key.
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
        .map(|AuthenticatedCaller(caller)| caller);
    let by_key = caller.and_then(|caller| caller.key);
    // What was answered may be an organization's row: one who has left it, or may do less there,
    // sends another request.
    let standing = caller.map_or_else(String::new, |caller| {
        let actor = &caller.actor;
        let organization = actor.organization().map(|id| id.0);
        format!("{} {}", actor.role(), organization.unwrap_or_default())
    });
    Ok(Some(IdempotentRequest {
        // An API key is a principal of its own: it is given no answer that its owner, or
        // another key of theirs, was given.
        key: match by_key {
            Some(id) => hex::encode(Sha256::digest(format!("{id}\n{key}"))),
            None => key.to_owned(),
        },
        fingerprint: fingerprint(request.method().as_str(), request.path(), &standing, fields),
    }))
}

/// SHA-256 over method, path, role and organization of the caller, and the fields in a form that
/// knows no order of keys.
fn fingerprint(method: &str, path: &str, standing: &str, fields: &Value) -> String {
    let mut text = format!("{method}\n{path}\n{standing}\n");
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
    fn the_order_of_fields_makes_no_other_request() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":{"x":[1,2],"y":null}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":{"y":null,"x":[1,2]},"a":1}"#).unwrap();
        assert_eq!(
            fingerprint("POST", "/x", "", &a),
            fingerprint("POST", "/x", "", &b)
        );
    }

    #[test]
    fn every_part_of_a_request_counts() {
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
    fn each_item_of_a_batch_has_a_key_of_its_own() {
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
    fn a_reply_is_rendered_once_and_restored_whole() {
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
            outcome: (replies.once().unwrap().serialize)(&1),
        };
        let (sent, is_replayed) = replies.reply(Done::Fresh(1)).unwrap();
        assert!(!is_replayed);
        assert_eq!(rendered.load(Ordering::Relaxed), 1);

        let again = Replies::new(Some(request), render);
        let (replayed, is_replayed) = again.reply(Done::Replayed(stored)).unwrap();
        assert!(is_replayed);
        assert_eq!(replayed, sent);
        assert_eq!(rendered.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_request_without_a_key_is_rendered_when_it_is_answered() {
        let replies = Replies::new(None, |id: &u8| Reply::new(StatusCode::OK, &json!(id)));
        assert!(replies.once().is_none());
        let (reply, is_replayed) = replies.reply(Done::Fresh(7)).unwrap();
        assert_eq!((reply.body, is_replayed), (json!(7), false));
    }
}
