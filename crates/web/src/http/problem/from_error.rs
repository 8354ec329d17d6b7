//! Maps errors of the use cases to HTTP statuses.

use accunode_application::{Error, ErrorCode};
use accunode_domain::access::Forbidden;
use actix_web::http::{
    StatusCode,
    header::{self, HeaderValue},
};

use super::{Problem, RETRY_AFTER};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Unauthenticated { code, detail } => {
                // RFC 6750: a token that was sent and refused is reported as such.
                let challenge = match code {
                    ErrorCode::InvalidToken | ErrorCode::Forbidden(Forbidden::Inactive) => {
                        HeaderValue::from_static(
                            r#"Bearer realm="accunode", error="invalid_token""#,
                        )
                    }
                    // RFC 9470: the token is valid, but its user must prove their identity again.
                    ErrorCode::StepUpRequired => HeaderValue::from_static(
                        r#"Bearer realm="accunode", error="insufficient_user_authentication", max_age=900"#,
                    ),
                    _ => HeaderValue::from_static(r#"Bearer realm="accunode""#),
                };
                Self::new(StatusCode::UNAUTHORIZED, code.as_str(), detail)
                    .with_header(header::WWW_AUTHENTICATE, challenge)
            }
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            Error::Denied { code, detail } => {
                Self::new(StatusCode::FORBIDDEN, code.as_str(), detail)
            }
            Error::Conflict {
                code,
                detail,
                existing,
            } => Self {
                existing,
                ..Self::new(StatusCode::CONFLICT, code.as_str(), detail)
            },
            Error::Busy {
                code,
                detail,
                seconds,
            } => Self::new(StatusCode::CONFLICT, code.as_str(), detail)
                .with_header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            Error::NotEquipped { code, detail } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code.as_str(), detail)
            }
            Error::Gone { code, detail } => Self::new(StatusCode::GONE, code.as_str(), detail),
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
                Self::new(StatusCode::TOO_MANY_REQUESTS, code.as_str(), detail)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
            }
            Error::Full {
                code, retry_after, ..
            } => {
                let problem = Self::new(StatusCode::INSUFFICIENT_STORAGE, code.as_str(), detail);
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
