//! Requests that may be sent again (`Idempotency-Key`): what makes two of them the
//! same, and how the first answer is written so that it can be given again whole.

use std::fmt::Write as _;

use accunode_application::Done;
use accunode_domain::idempotency::{IdempotentRequest, StoredAnswer};
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

    /// As the use case keeps it.
    pub(crate) fn kept(self) -> (u16, Value) {
        (self.status, serde_json::to_value(self).unwrap_or_default())
    }

    fn restored(answer: StoredAnswer) -> Result<Self, Problem> {
        serde_json::from_value(answer.body)
            .map_err(|cause| accunode_application::Error::Internal(Box::new(cause)).into())
    }

    fn send(self, replayed: bool) -> Answer {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if replayed {
            response.insert_header((REPLAYED, "true"));
        }
        Ok(response.json(self.body))
    }
}

/// Answers what was done now, or gives the first answer again.
pub(crate) fn answer<T>(done: Done<T>, reply: impl Fn(&T) -> Reply) -> Answer {
    let (reply, replayed) = self::reply(done, reply)?;
    reply.send(replayed)
}

/// The answer, and whether it is given again.
pub(crate) fn reply<T>(
    done: Done<T>,
    reply: impl Fn(&T) -> Reply,
) -> Result<(Reply, bool), Problem> {
    match done {
        Done::Fresh(made) => Ok((reply(&made), false)),
        Done::Replayed(stored) => Ok((Reply::restored(stored)?, true)),
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
    let by_key = known
        .get::<AuthenticatedCaller>()
        .and_then(|AuthenticatedCaller(caller)| caller.key);
    Ok(Some(IdempotentRequest {
        // An API key is a principal of its own: it is given no answer that its owner, or
        // another key of his, was given.
        key: match by_key {
            Some(id) => hex::encode(Sha256::digest(format!("{id}\n{key}"))),
            None => key.to_owned(),
        },
        fingerprint: fingerprint(request.method().as_str(), request.path(), fields),
    }))
}

/// SHA-256 over method, path and the fields in a form that knows no order of keys.
fn fingerprint(method: &str, path: &str, fields: &Value) -> String {
    let mut text = format!("{method}\n{path}\n");
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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_fields_makes_no_other_request() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":{"x":[1,2],"y":null}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":{"y":null,"x":[1,2]},"a":1}"#).unwrap();
        assert_eq!(fingerprint("POST", "/x", &a), fingerprint("POST", "/x", &b));
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let first = fingerprint("POST", "/x", &json!({"a": 1}));
        assert_ne!(first, fingerprint("PUT", "/x", &json!({"a": 1})));
        assert_ne!(first, fingerprint("POST", "/y", &json!({"a": 1})));
        assert_ne!(first, fingerprint("POST", "/x", &json!({"a": 2})));
        assert_ne!(first, fingerprint("POST", "/x", &json!({"a": "1"})));
        assert_ne!(
            fingerprint("POST", "/x", &json!([[1], 2])),
            fingerprint("POST", "/x", &json!([1, [2]]))
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
    fn a_kept_answer_comes_back_whole() {
        let reply = Reply::new(StatusCode::CREATED, &json!({"id": 1}))
            .tagged(3)
            .at("/api/v1/companies/1".to_owned());
        let (status, body) = reply.clone().kept();
        let stored = StoredAnswer {
            fingerprint: String::new(),
            status,
            body,
        };
        assert_eq!(Reply::restored(stored).unwrap(), reply);
    }
}
