//! What goes wrong, as `application/problem+json` (RFC 9457). The one place that
//! knows which error of the use cases has which HTTP status.

use std::borrow::Cow;

use accunode_application::Error;
use accunode_domain::{
    access::Denial,
    fault::{Fault, Faults},
};
use accunode_ports::error::Cause;
use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::health::FailingDto;

/// The content type of problems.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";
/// Seconds after which something that is out of reach may be tried again.
const RETRY_AFTER: &str = "2";

/// What a handler gives back.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// Something that went wrong, with everything its answer needs.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Box<Faults>,
    existing: Option<Uuid>,
    /// Boxed: few problems have any of it, and all of them travel through `Result`s.
    more: Option<Box<More>>,
    cause: Option<Cause>,
}

/// What few problems have.
#[derive(Debug, Default)]
struct More {
    header: Option<(HeaderName, HeaderValue)>,
    failing: Vec<FailingDto>,
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDto {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:accunode:problem:prediction_exists")]
    kind: String,
    /// The status in words.
    #[schema(example = "Conflict")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// For people.
    #[schema(example = "ACME has a prediction for 2024 already")]
    detail: String,
    /// For programs; stable.
    #[schema(example = "prediction_exists")]
    code: String,
    /// The same as in `X-Request-Id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Everything that is wrong with what was sent, up to 100 faults.
    #[schema(max_items = 100)]
    errors: Vec<FaultDto>,
    /// True where more is wrong than `errors` lists; absent otherwise.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    more_errors: bool,
    /// What is there already, where that is the conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing_id: Option<Uuid>,
    /// What fails since when, where the service is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    failing: Vec<FailingDto>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One thing that is wrong with what was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(crate) struct FaultDto {
    /// Where: a JSON pointer into the body, `/` and the name of a parameter or form
    /// field, or the name of a column.
    #[schema(example = "/ratios/return_on_assets")]
    pointer: String,
    /// For programs; stable.
    #[schema(example = "not_a_number")]
    code: String,
    /// For people: the value and the rule.
    detail: String,
}

impl From<&Fault> for FaultDto {
    fn from(fault: &Fault) -> Self {
        Self {
            pointer: fault.pointer.clone(),
            code: fault.code.clone(),
            detail: fault.detail.clone(),
        }
    }
}

impl ProblemDto {
    /// Lists at most so many of its faults, and answers how many it lists.
    pub(crate) fn list_at_most(&mut self, most: usize) -> usize {
        if self.errors.len() > most {
            self.errors.truncate(most);
            self.more_errors = true;
        }
        self.errors.len()
    }
}

impl Problem {
    /// A problem with a stable code and words for people.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Box::default(),
            existing: None,
            more: None,
            cause: None,
        }
    }

    /// Everything that is wrong with a request, 422 (415 where it is the kind of file).
    pub(crate) fn faults(errors: impl Into<Faults>) -> Self {
        let errors: Faults = errors.into();
        let several = |faults: &Faults| {
            let (count, more) = (faults.listed().len(), faults.has_more());
            let than = if more { "more than " } else { "" };
            let which = if more { "the first are in" } else { "see" };
            format!("{than}{count} things are wrong with the request; {which} errors")
        };
        let (code, detail) = match errors.listed() {
            [] => (
                Cow::Borrowed("validation_failed"),
                "the request cannot be used".to_owned(),
            ),
            [first, rest @ ..] if rest.iter().all(|f| f.code == first.code) => (
                Cow::Owned(first.code.clone()),
                if rest.is_empty() {
                    first.detail.clone()
                } else {
                    several(&errors)
                },
            ),
            _ => (Cow::Borrowed("validation_failed"), several(&errors)),
        };
        let status = if code == "unsupported_format" {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        Self {
            errors: Box::new(errors),
            ..Self::new(status, code, detail)
        }
    }

    /// One thing that is wrong with a request.
    pub(crate) fn fault(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::faults(vec![Fault::new(pointer, code, detail)])
    }

    /// What a denial of the access rules is answered with.
    pub(crate) fn denied(denial: Denial, what: &'static str) -> Self {
        Error::denied(denial, what).into()
    }

    /// Another change came first, and this one can be asked for again.
    pub(crate) fn changed_meanwhile() -> Self {
        Error::Busy {
            code: "changed_meanwhile",
            detail: "it was changed while this was carried out; send the request again".to_owned(),
            seconds: 1,
        }
        .into()
    }

    /// For an answer that the framework made itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::BAD_REQUEST => ("bad_request", "the request cannot be understood"),
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this address does not know this method; `Allow` names those it knows",
            ),
            StatusCode::NOT_ACCEPTABLE => (
                "not_acceptable",
                "nothing that could be answered is acceptable",
            ),
            StatusCode::REQUEST_TIMEOUT => {
                ("request_timeout", "the request took too long to arrive")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported_media_type",
                "this kind of body is not understood here",
            ),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "temporarily unavailable"),
            s if s.is_server_error() => ("internal_error", "something went wrong on our side"),
            _ => ("refused", "the request was refused"),
        };
        Self::new(status, code, detail)
    }

    /// With its header; no status has more than one.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.get_or_insert_default().header = Some((name, value));
        self
    }

    /// With everything that is wrong.
    pub(crate) fn with_errors(mut self, errors: impl Into<Faults>) -> Self {
        *self.errors = errors.into();
        self
    }

    /// With everything that fails.
    pub(crate) fn with_failing(mut self, failing: Vec<FailingDto>) -> Self {
        self.more.get_or_insert_default().failing = failing;
        self
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether nothing is wrong but this.
    pub(crate) fn is_fault(&self, pointer: &str, code: &str) -> bool {
        match self.errors.listed() {
            [only] => only.pointer == pointer && only.code == code,
            _ => false,
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Writes the causes to the log; the current span holds the request's id.
    pub(crate) fn log(&self) {
        let Some(cause) = &self.cause else { return };
        let mut chain = cause.to_string();
        let mut next = cause.source();
        while let Some(source) = next {
            chain.push_str(": ");
            chain.push_str(&source.to_string());
            next = source.source();
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(code = %self.code, cause = chain, "unavailable");
        } else {
            tracing::error!(code = %self.code, cause = chain, "internal error");
        }
    }

    /// The document.
    pub(crate) fn document(&self, request_id: Option<&str>) -> ProblemDto {
        ProblemDto {
            kind: format!("urn:accunode:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.clone().into_owned(),
            request_id: request_id.map(str::to_owned),
            errors: self.errors.listed().iter().map(FaultDto::from).collect(),
            more_errors: self.errors.has_more(),
            existing_id: self.existing,
            failing: self
                .more
                .as_ref()
                .map_or_else(Vec::new, |more| more.failing.clone()),
        }
    }

    /// The answer.
    pub(crate) fn render(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(header) = self.more.as_ref().and_then(|more| more.header.clone()) {
            response.insert_header(header);
        }
        // Whoever may come back is told when, wherever the answer was made.
        let is_for_now = matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        );
        let header = self.more.as_ref().and_then(|more| more.header.as_ref());
        let says_when = header.is_some_and(|(name, _)| *name == header::RETRY_AFTER);
        if is_for_now && !says_when {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        let body = serde_json::to_vec(&self.document(request_id)).unwrap_or_default();
        response.content_type(CONTENT_TYPE).body(body)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.render(None)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Unauthenticated { code, detail } => {
                // RFC 6750: a token that was shown and refused is named so.
                let challenge = match code {
                    "invalid_token" | "inactive" => HeaderValue::from_static(
                        r#"Bearer realm="accunode", error="invalid_token""#,
                    ),
                    // RFC 9470: the token is good, but its person has to prove himself again.
                    "step_up_required" => HeaderValue::from_static(
                        r#"Bearer realm="accunode", error="insufficient_user_authentication", max_age=900"#,
                    ),
                    _ => HeaderValue::from_static(r#"Bearer realm="accunode""#),
                };
                Self::new(StatusCode::UNAUTHORIZED, code, detail)
                    .with_header(header::WWW_AUTHENTICATE, challenge)
            }
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            Error::Denied { code, detail } => Self::new(StatusCode::FORBIDDEN, code, detail),
            Error::Conflict {
                code,
                detail,
                existing,
            } => Self {
                existing,
                ..Self::new(StatusCode::CONFLICT, code, detail)
            },
            Error::Busy {
                code,
                detail,
                seconds,
            } => Self::new(StatusCode::CONFLICT, code, detail)
                .with_header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            Error::Gone { code, detail } => Self::new(StatusCode::GONE, code, detail),
            Error::Stale => Self::new(StatusCode::PRECONDITION_FAILED, "stale", detail),
            Error::TooLarge { detail } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
            }
            Error::Invalid(faults) => Self::faults(faults),
            Error::LockedOut { seconds } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "locked_out", detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
            }
            Error::TooMany { code, seconds, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
            }
            Error::Full {
                code, retry_after, ..
            } => {
                let problem = Self::new(StatusCode::INSUFFICIENT_STORAGE, code, detail);
                match retry_after {
                    Some(seconds) => {
                        problem.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
                    }
                    None => problem,
                }
            }
            Error::TimedOut { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER))
            }
            Error::Unavailable(cause) => Self {
                cause: Some(cause),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            },
            Error::Internal(cause) => Self {
                cause: Some(cause),
                ..Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(error: Error) -> u16 {
        Problem::from(error).status().as_u16()
    }

    #[test]
    fn every_error_has_its_status() {
        let cause = || -> Cause { "secret".into() };
        assert_eq!(
            status_of(Error::Unauthenticated {
                code: "invalid_token",
                detail: String::new()
            }),
            401
        );
        assert_eq!(status_of(Error::not_found("company")), 404);
        assert_eq!(
            status_of(Error::Denied {
                code: "not_writable",
                detail: String::new()
            }),
            403
        );
        assert_eq!(status_of(Error::LockedOut { seconds: 2 }), 429);
        assert_eq!(
            status_of(Error::Gone {
                code: "token_expired",
                detail: String::new()
            }),
            410
        );
        assert_eq!(status_of(Error::Stale), 412);
        assert_eq!(
            status_of(Error::TooLarge {
                detail: String::new()
            }),
            413
        );
        assert_eq!(
            status_of(Error::Invalid(vec![Fault::new(
                "/x",
                "unit_mismatch",
                "no"
            )])),
            422
        );
        assert_eq!(
            status_of(Error::Invalid(vec![Fault::new(
                "/file",
                "unsupported_format",
                "no"
            )])),
            415
        );
        assert_eq!(status_of(Error::Unavailable(cause())), 503);
        assert_eq!(
            status_of(Error::TimedOut {
                what: "the search",
                limit: std::time::Duration::from_secs(2)
            }),
            503
        );
        assert_eq!(status_of(Error::Internal(cause())), 500);
    }

    #[test]
    fn a_cause_is_never_told() {
        for error in [
            Error::Internal("the secret".into()),
            Error::Unavailable("the secret".into()),
        ] {
            let document =
                serde_json::to_string(&Problem::from(error).document(Some("r1"))).unwrap();
            assert!(!document.contains("secret"), "{document}");
            assert!(document.contains(r#""request_id":"r1""#), "{document}");
        }
    }

    #[test]
    fn every_answer_that_may_be_tried_again_says_when() {
        let busy = Error::Busy {
            code: "idempotency_in_flight",
            detail: "wait".to_owned(),
            seconds: 1,
        };
        for (problem, seconds) in [
            (Problem::from(Error::Unavailable("down".into())), "2"),
            (Problem::of_status(StatusCode::SERVICE_UNAVAILABLE), "2"),
            (Problem::of_status(StatusCode::TOO_MANY_REQUESTS), "2"),
            (
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "x"),
                "2",
            ),
            (Problem::from(Error::LockedOut { seconds: 7 }), "7"),
            (Problem::from(busy), "1"),
        ] {
            let response = problem.render(None);
            let given: Vec<_> = response.headers().get_all("retry-after").collect();
            assert_eq!(given, [seconds], "{problem}");
        }
    }

    #[test]
    fn a_problem_lists_a_limited_number_of_faults_and_says_so() {
        let fault = || Fault::new("/a", "wrong", "x".repeat(1 << 20));
        let problem = Problem::faults(vec![fault(); 1_000]);
        let text = serde_json::to_string(&problem.document(None)).unwrap();
        assert!(text.len() < 400_000, "{}", text.len());
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["errors"].as_array().unwrap().len(), 100);
        assert_eq!(document["more_errors"], true);
        let few = serde_json::to_value(Problem::faults(vec![fault()]).document(None)).unwrap();
        assert!(few.get("more_errors").is_none());
    }

    #[test]
    fn a_single_fault_gives_the_problem_its_code_and_several_do_not() {
        let one = Problem::fault("/password", "weak_password", "is short");
        assert_eq!(one.document(None).code, "weak_password");
        let two = Problem::faults(vec![
            Fault::new("/a", "required", "x"),
            Fault::new("/b", "unknown_field", "y"),
        ]);
        assert_eq!(two.document(None).code, "validation_failed");
        assert_eq!(two.document(None).errors.len(), 2);
    }

    #[test]
    fn a_conflict_names_what_is_there() {
        let id = Uuid::from_u128(7);
        let problem = Problem::from(Error::Conflict {
            code: "prediction_exists",
            detail: "there".to_owned(),
            existing: Some(id),
        });
        let document = serde_json::to_value(problem.document(None)).unwrap();
        assert_eq!(document["existing_id"], id.to_string());
    }
}
