//! JSON bodies: read, checked against the schema of the OpenAPI document, then
//! turned into a DTO. Everything wrong is reported at once.

mod json;
mod parts;
mod schema;
mod visible;

use std::{marker::PhantomData, time::Duration};

use accunode_application::Error;
use accunode_domain::fault::Fault;
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

use crate::problem::Problem;

/// The largest JSON body, in bytes: room for 1,000 items to be scored.
const LIMIT: usize = 2 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that is yet to be read, so that who may not ask at all is told so first.
pub(crate) struct Body<T> {
    headers: HeaderMap,
    payload: Payload,
    of: PhantomData<T>,
}

impl<T> std::fmt::Debug for Body<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

/// A body after every check of its form.
#[derive(Debug)]
pub(crate) struct Parsed<T> {
    /// As the handler wants it.
    pub(crate) value: T,
    /// As it came, for its fingerprint.
    pub(crate) raw: Value,
}

impl<T> FromRequest for Body<T> {
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

impl<T: DeserializeOwned + ToSchema> Body<T> {
    /// Reads and checks it.
    ///
    /// # Errors
    /// 415, 413, 408, 400 for what is no JSON, 422 for what does not fit the schema.
    pub(crate) async fn read(self) -> Result<Parsed<T>, Problem> {
        check_kind(&self.headers)?;
        let bytes = tokio::time::timeout(PATIENCE, collect(self.payload))
            .await
            .map_err(|_| Problem::of_status(StatusCode::REQUEST_TIMEOUT))??;
        parse(&bytes)
    }
}

fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<Parsed<T>, Problem> {
    let (raw, faults) = json::parse(bytes)?;
    let mut faults = faults;
    faults.extend(schema::check(&T::name(), &raw)?);
    faults.extend(visible::check(&raw));
    if !faults.is_empty() {
        let told =
            |fault: &Fault, faults: &[Fault]| faults.iter().any(|f| f.pointer == fault.pointer);
        for fault in parts::check(&T::name(), &raw) {
            if !told(&fault, &faults) {
                faults.push(fault);
            }
        }
        return Err(Problem::faults(faults));
    }
    // The schema has let it pass: what fails now is a schema that lies.
    let value = T::deserialize(&raw).map_err(|cause| Error::Internal(Box::new(cause)))?;
    Ok(Parsed { value, raw })
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

async fn collect(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => too_large(),
            other => Problem::new(
                StatusCode::BAD_REQUEST,
                "incomplete_body",
                format!("the body did not arrive whole: {other}"),
            ),
        })?;
        if bytes.len() + chunk.len() > LIMIT {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        format!("the body is larger than {LIMIT} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{
        auth::dto::NewAccount, companies::dto::NewCompany, predictions::dto::NewPrediction,
    };

    fn problem<T: DeserializeOwned + ToSchema + std::fmt::Debug>(text: &str) -> Value {
        let problem = parse::<T>(text.as_bytes()).unwrap_err();
        serde_json::to_value(problem.document(None)).unwrap()
    }

    fn faults<T: DeserializeOwned + ToSchema + std::fmt::Debug>(
        text: &str,
    ) -> Vec<(String, String)> {
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
    fn everything_wrong_is_reported_at_once() {
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
    fn a_ratio_that_is_no_number_is_named() {
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
    fn what_has_the_right_form_is_checked_too_where_other_parts_have_not() {
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
                ("/reporting_year", "wrong_type"),
            ])
        );
        let found =
            faults::<NewAccount>(r#"{"email": "nobody", "password": "short", "role": "x"}"#);
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
    fn a_number_too_large_for_any_float_is_named_with_its_field() {
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
    fn what_is_no_json_is_told_where() {
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
    fn a_field_that_is_given_twice_is_refused() {
        let found = faults::<NewCompany>(r#"{"symbol": "A", "symbol": "B"}"#);
        assert_eq!(found, pairs(&[("/symbol", "duplicate_field")]));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert_eq!(faults::<NewCompany>("[1]"), pairs(&[("", "wrong_type")]));
    }

    #[test]
    fn a_body_that_fits_becomes_its_dto() {
        let parsed = parse::<NewCompany>(
            br#"{"symbol": "ACME", "market_cap": 1.5e9, "access_level": null}"#,
        )
        .unwrap();
        assert_eq!(parsed.value.symbol, "ACME");
        assert_eq!(parsed.raw["market_cap"], 1.5e9);
    }
}
