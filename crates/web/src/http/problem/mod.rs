//! Problems: errors as `application/problem+json` (RFC 9457). `from_error` is the only
//! place that maps errors of the use cases to HTTP statuses.

pub(crate) mod catalogue;
mod document;
mod from_error;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use accunode_application::{Error, ErrorCode};
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
use uuid::Uuid;

pub(crate) use document::{FailingDto, FaultDto, PLACE, ProblemDto};

/// The content type of problems.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";
/// Seconds after which a request to something unavailable may be repeated.
const RETRY_AFTER: &str = "2";

/// The result of a handler.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// An error with everything that its response needs.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Box<Faults>,
    existing: Option<Uuid>,
    /// Boxed, because few problems have any of it, and all of them are part of `Result`s.
    more: Option<Box<More>>,
    cause: Option<Cause>,
}

/// Fields that few problems have.
#[derive(Debug, Default)]
struct More {
    header: Option<(HeaderName, HeaderValue)>,
    failing: Vec<FailingDto>,
}

impl Problem {
    /// Creates a problem with a stable code and a detail for readers.
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

    /// Creates a problem for all faults of a request, 422 (415 for the kind of a file).
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

    /// Creates a problem for one fault of a request.
    pub(crate) fn fault(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::faults(vec![Fault::new(pointer, code, detail)])
    }

    /// Creates the problem for a denial of the access rules.
    pub(crate) fn denied(denial: Denial, what: &'static str) -> Self {
        Error::denied(denial, what).into()
    }

    /// Another change came first, and this one can be requested again.
    pub(crate) fn changed_meanwhile() -> Self {
        Error::Busy {
            code: ErrorCode::ChangedMeanwhile,
            detail: "it was changed while this was carried out; send the request again".to_owned(),
            seconds: 1,
        }
        .into()
    }

    /// Creates the problem for a response that the framework made itself.
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

    /// Adds its header; no status has more than one.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.get_or_insert_default().header = Some((name, value));
        self
    }

    /// Adds all faults.
    pub(crate) fn with_errors(mut self, errors: impl Into<Faults>) -> Self {
        *self.errors = errors.into();
        self
    }

    /// Adds all failing checks.
    pub(crate) fn with_failing(mut self, failing: Vec<FailingDto>) -> Self {
        self.more.get_or_insert_default().failing = failing;
        self
    }

    /// Returns the status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns whether this is the only fault.
    pub(crate) fn is_fault(&self, pointer: &str, code: &str) -> bool {
        match self.errors.listed() {
            [only] => only.pointer == pointer && only.code == code,
            _ => false,
        }
    }

    /// Returns the stable code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Logs the causes; the current span contains the request's id.
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

    /// Renders the response.
    pub(crate) fn render(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(header) = self.more.as_ref().and_then(|more| more.header.clone()) {
            response.insert_header(header);
        }
        // Every response to a request that may be repeated states when, wherever it was
        // made.
        let is_for_now = matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        );
        let header = self.more.as_ref().and_then(|more| more.header.as_ref());
        let has_retry_after = header.is_some_and(|(name, _)| *name == header::RETRY_AFTER);
        if is_for_now && !has_retry_after {
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

/// 204: done, without a body.
pub(crate) fn no_content() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}
