//! JSON bodies: read, checked against the schema of their type, and deserialized. All faults
//! are reported together, up to a limit.
//!
//! The cost of a body is limited: its bytes by its operation ([`SMALL`], [`LARGE`]), what is
//! kept of it by its schema (`json`), and a large one is parsed on a thread that may block
//! (`large`).

pub(crate) mod items;
pub(crate) mod json;
mod large;
mod schema;
mod shape;
mod visible;

use std::{marker::PhantomData, time::Duration};

use accunode_domain::fault::{Fault, Faults};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
};
use bytes::BytesMut;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use self::items::{ItemsBody, ParsedItem};
use self::schema::Compiled;
use crate::http::problem::Problem;

/// The largest JSON body of an operation that does not ask for more, in bytes.
pub(crate) const SMALL: usize = 64 << 10;
/// The largest JSON body with a list of items, in bytes: room for 1,000 items to be scored.
pub(crate) const LARGE: usize = 2 << 20;
/// The largest number of ratios in one map; no kind has more than 20.
pub(crate) const MAX_RATIOS: usize = 40;
/// The number of bytes of an oversized body that are read and discarded.
const READ_OVER: usize = 8 << 20;
/// The time limit for receiving a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A body of at most `LIMIT` bytes that is read later, so that a caller who may not make the
/// request is refused first.
pub(crate) struct Body<T, const LIMIT: usize = SMALL> {
    headers: HeaderMap,
    payload: Payload,
    of: PhantomData<T>,
}

impl<T, const LIMIT: usize> std::fmt::Debug for Body<T, LIMIT> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

/// The type of a request body.
pub(crate) trait RequestBody: DeserializeOwned + ToSchema + Send + 'static {
    /// Returns the domain's faults of those parts whose form is valid, in a body whose other
    /// parts are invalid, so that the client receives all faults at once. A body whose form
    /// is valid is checked by the domain as a whole.
    fn check_parts(_: &Value) -> Vec<Fault> {
        Vec::new()
    }
}

/// Returns a text of a body, if it is present and a text.
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// A body after every check of its form.
#[derive(Debug)]
pub(crate) struct Parsed<T> {
    /// The deserialized value.
    pub(crate) value: T,
    /// The body as it was sent, for its fingerprint.
    pub(crate) raw: Value,
}

impl<T, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self {
            headers: request.headers().clone(),
            payload: payload.take(),
            of: PhantomData,
        }))
    }
}

impl<T: RequestBody, const LIMIT: usize> Body<T, LIMIT> {
    /// Reads and checks the body.
    ///
    /// # Errors
    /// 415, 413, 408, 400 for text that is not JSON, 422 for a value that does not fit the
    /// schema, 503 if too many large bodies arrive at once; 408 also if a slow one makes room.
    pub(crate) async fn read(self) -> Result<Parsed<T>, Problem> {
        self.read_by(parse).await
    }

    async fn read_by<R: Send + 'static>(
        self,
        parse: fn(&[u8]) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        check_kind(&self.headers)?;
        let length = declared_length(&self.headers);
        let arrived = tokio::time::timeout(READ_TIMEOUT, collect(self.payload, length, LIMIT))
            .await
            .map_err(|_| Problem::of_status(StatusCode::REQUEST_TIMEOUT))??;
        match arrived.place {
            None => parse(&arrived.bytes),
            Some(place) => large::parse(place, move || parse(&arrived.bytes)).await,
        }
    }
}

impl<T: ItemsBody, const LIMIT: usize> Body<T, LIMIT> {
    /// Reads the body, and checks each item independently: the faults of an item become its
    /// own problem, with pointers into the item.
    ///
    /// # Errors
    /// As [`Self::read`] if the body as a whole is invalid, or more is wrong than is listed.
    pub(crate) async fn read_items(self) -> Result<Vec<ParsedItem<T::Item>>, Problem> {
        self.read_by(items::parse::<T>).await
    }
}

pub(crate) fn parse<T: RequestBody>(bytes: &[u8]) -> Result<Parsed<T>, Problem> {
    let schema = Compiled::of::<T>()?;
    let (raw, mut faults) = json::parse(bytes, &schema.shape)?;
    schema.check(&raw, &mut faults);
    faults.extend(visible::check(&raw));
    if !faults.is_empty() {
        check_parts::<T>(&raw, &mut faults);
        return Err(Problem::faults(faults));
    }
    let value = deserialize(&raw)?;
    Ok(Parsed { value, raw })
}

/// Adds the domain's faults of the parts whose form is valid.
fn check_parts<T: RequestBody>(raw: &Value, faults: &mut Faults) {
    for fault in T::check_parts(raw) {
        if !faults.is_listed_at(&fault.pointer) {
            faults.push(fault);
        }
    }
}

/// Deserializes a value that fits its schema.
fn deserialize<T: RequestBody>(raw: &Value) -> Result<T, Problem> {
    match T::deserialize(raw) {
        Ok(value) => Ok(value),
        // The schema accepts something that its type cannot represent. The client must change
        // its request all the same, and the operator learns of the defect.
        Err(error) => {
            let name = T::name();
            tracing::error!(%error, schema = %name, "a body fits its schema and not its type");
            Err(Problem::fault(
                "",
                SCHEMA_MISMATCH,
                format!("a value is outside of what a {name} can hold"),
            ))
        }
    }
}

/// The code for a body that fits its schema and cannot be deserialized: a defect of the
/// schema, which no test may trigger.
const SCHEMA_MISMATCH: &str = "schema_mismatch";

/// Returns the stated length of a body.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| {
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        ))
    };
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    if media_type != "application/json"
        && !(media_type.starts_with("application/") && media_type.ends_with("+json"))
    {
        return refuse("send the body as `Content-Type: application/json`");
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(coding) if coding != "identity" => refuse("send the body without `Content-Encoding`"),
        _ => Ok(()),
    }
}

/// A body that was received completely.
struct Arrived {
    bytes: BytesMut,
    /// Its place in the memory for large bodies, if it is one.
    place: Option<large::HeldPlace>,
}

async fn collect(
    mut payload: Payload,
    declared_length: Option<u64>,
    limit: usize,
) -> Result<Arrived, Problem> {
    if declared_length
        .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
    {
        read_over(payload).await;
        return Err(too_large(limit));
    }
    let mut bytes = BytesMut::new();
    let mut place: Option<large::Place> = None;
    loop {
        let next = payload.next();
        let chunk = match &mut place {
            None => next.await,
            Some(place) => place.next(next).await?,
        };
        let Some(chunk) = chunk else {
            break;
        };
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => too_large(limit),
            other => Problem::new(
                StatusCode::BAD_REQUEST,
                "incomplete_body",
                format!("the body did not arrive whole: {other}"),
            ),
        })?;
        let length = bytes.len() + chunk.len();
        if length > limit {
            drop(bytes);
            read_over(payload).await;
            return Err(too_large(limit));
        }
        if length > SMALL && place.is_none() {
            place = Some(large::reserve().await?);
        }
        bytes.extend_from_slice(&chunk);
    }
    let place = place.map(large::Place::arrived);
    Ok(Arrived { bytes, place })
}

/// Reads and discards the rest of an oversized body, up to a limit: a client that is still
/// sending would not read the response.
async fn read_over(mut payload: Payload) {
    let mut left = READ_OVER;
    while let Some(Ok(chunk)) = payload.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        format!("the body is larger than {limit} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{
        api_keys::dto::{NewApiKey, Rotation},
        auth::dto::NewAccount,
        companies::dto::NewCompany,
        predictions::dto::NewPrediction,
    };

    fn problem<T: RequestBody + std::fmt::Debug>(text: &str) -> Value {
        let problem = parse::<T>(text.as_bytes()).unwrap_err();
        serde_json::to_value(problem.document(None)).unwrap()
    }

    fn faults<T: RequestBody + std::fmt::Debug>(text: &str) -> Vec<(String, String)> {
        let document = problem::<T>(text);
        let errors: Vec<Fault> = serde_json::from_value(document["errors"].clone()).unwrap();
        let mut found: Vec<_> = errors.into_iter().map(|f| (f.pointer, f.code)).collect();
        found.sort();
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect()
    }

    #[test]
    fn invalid_body_reports_every_field() {
        let found = faults::<NewCompany>(
            r#"{"name": 5, "access_level": "everyone", "colour": "red", "market_cap": "big"}"#,
        );
        assert_eq!(
            found,
            pairs(&[
                ("/access_level", "unknown_value"),
                ("/colour", "unknown_field"),
                ("/market_cap", "wrong_type"),
                ("/name", "wrong_type"),
                ("/symbol", "required"),
            ])
        );
    }

    #[test]
    fn ratio_that_is_not_a_number_is_reported() {
        let found = faults::<NewPrediction>(
            r#"{"company": {"symbol": "A", "nme": "x"}, "reporting_year": "2024", "ratios": {"current_ratio": "1.5", "quick_ratio": null}}"#,
        );
        assert_eq!(
            found,
            pairs(&[
                ("/company/nme", "unknown_field"),
                ("/ratios/current_ratio", "not_a_number"),
            ])
        );
    }

    #[test]
    fn valid_types_are_checked_beside_parts_of_the_wrong_type() {
        let found = faults::<NewPrediction>(
            r#"{"company": {"symbol": "", "name": "a\u0000b"}, "reporting_year": 20,
                "reporting_quarter": "Q5", "ratios": {"net_income_margin": "x", "margin": 1}, "note": 2}"#,
        );
        assert_eq!(
            found,
            pairs(&[
                ("/company/name", "control_character"),
                ("/company/symbol", "required"),
                ("/note", "unknown_field"),
                ("/ratios/margin", "unknown_field"),
                ("/ratios/net_income_margin", "not_a_number"),
                ("/reporting_quarter", "invalid_quarter"),
                ("/reporting_year", "invalid_year"),
            ])
        );
        let found =
            faults::<NewAccount>(r#"{"email": "no-address", "password": "short", "role": "x"}"#);
        assert_eq!(
            found,
            pairs(&[
                ("/email", "invalid_email"),
                ("/password", "weak_password"),
                ("/role", "unknown_field"),
            ])
        );
    }

    #[test]
    fn number_too_large_for_a_float_is_reported_by_field() {
        let document = problem::<NewPrediction>(
            r#"{"company_id": null, "ratios": {"quick_ratio": 1, "current_ratio": 1e309}}"#,
        );
        assert_eq!(document["status"], 422);
        assert_eq!(document["code"], "number_out_of_range");
        assert_eq!(document["errors"][0]["pointer"], "/ratios/current_ratio");
        assert!(
            document["detail"].as_str().unwrap().contains("1e309"),
            "{document}"
        );
    }

    #[test]
    fn malformed_json_is_reported_with_line_and_column() {
        let document = problem::<NewCompany>("{\n  \"symbol\": nope}");
        assert_eq!(document["status"], 400);
        assert_eq!(document["code"], "malformed_json");
        assert!(
            document["detail"]
                .as_str()
                .unwrap()
                .contains("line 2 column"),
            "{document}"
        );
        assert_eq!(problem::<NewCompany>("")["code"], "malformed_json");
        assert_eq!(problem::<NewCompany>("{} {}")["code"], "malformed_json");
    }

    #[test]
    fn duplicate_field_is_refused() {
        let found = faults::<NewCompany>(r#"{"symbol": "A", "symbol": "B"}"#);
        assert_eq!(found, pairs(&[("/symbol", "duplicate_field")]));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert_eq!(faults::<NewCompany>("[1]"), pairs(&[("", "wrong_type")]));
    }

    #[test]
    fn valid_body_is_converted_to_its_dto() {
        let parsed = parse::<NewCompany>(
            br#"{"symbol": "ACME", "market_cap": 1.5e9, "access_level": null}"#,
        )
        .unwrap();
        assert_eq!(parsed.value.symbol, "ACME");
        assert_eq!(parsed.raw["market_cap"], 1.5e9);
    }

    #[test]
    fn times_and_integers_out_of_range_are_refused() {
        for time in [
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59Z",
            "2024-12-31T23:59:60Z",
            "tomorrow",
        ] {
            let text = format!(r#"{{"name": "k", "scopes": ["read"], "expires_at": "{time}"}}"#);
            let found = parse::<NewApiKey>(text.as_bytes());
            // A leap second may be read as the second before it.
            if let Err(problem) = found {
                assert_eq!(problem.code(), "invalid_time", "{time}");
            } else {
                assert!(time.contains(":60"), "{time}");
            }
        }
        for (number, expected) in [("3600.0", 3_600), ("1e3", 1_000), ("0", 0)] {
            let text = format!("{{\"overlap_seconds\": {number}}}");
            let parsed = parse::<Rotation>(text.as_bytes()).unwrap();
            assert_eq!(parsed.value.overlap_seconds, Some(expected));
        }
        for number in ["9223372036854775808", "1e300", "-9.3e18"] {
            let text = format!("{{\"overlap_seconds\": {number}}}");
            assert_eq!(
                faults::<Rotation>(&text),
                pairs(&[("/overlap_seconds", "out_of_range")])
            );
        }
        assert_eq!(
            faults::<Rotation>(r#"{"overlap_seconds": 1.5}"#),
            pairs(&[("/overlap_seconds", "wrong_type")])
        );
    }
}
