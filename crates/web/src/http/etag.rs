//! Versions of objects: `ETag`, `If-Match`, `If-None-Match` (RFC 9110).

use accunode_domain::fault::shorten;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use serde::Serialize;

use crate::http::problem::{Answer, Problem};

/// Returns the strong tag of a version.
pub(crate) fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Returns one object: 200 with its tag, or 304 if the client has this version.
pub(crate) fn object<T: Serialize>(request: &HttpRequest, version: i64, dto: &T) -> Answer {
    let tag = tag(version);
    let known = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        // Weak comparison: W/"5" equals "5" here.
        .any(|given| given == "*" || given.trim_start_matches("W/") == tag);
    if known {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .json(dto))
}

/// Returns an object after a change: 200 with its new tag.
pub(crate) fn changed<T: Serialize>(version: i64, dto: &T) -> Answer {
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag(version)))
        .json(dto))
}

/// The precondition of `If-Match`. A tag that cannot match any version is refused only after
/// the object was checked: a client that may not see it, or sends an invalid body, gets that
/// error first.
#[derive(Debug)]
pub(crate) struct Precondition {
    version: Option<i64>,
    /// The fault of the header, if it names no version.
    problem: Option<Problem>,
}

/// A version that no object ever has.
const NO_VERSION: i64 = i64::MIN;

impl Precondition {
    /// Returns the precondition of this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let mut values = request.headers().get_all(header::IF_MATCH);
        let demanded = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => version(value),
            (Some(_), Some(_)) => Err(malformed("it is given more than once")),
        };
        match demanded {
            Ok(version) => Self {
                version,
                problem: None,
            },
            Err(problem) => Self {
                version: Some(NO_VERSION),
                problem: Some(problem),
            },
        }
    }

    /// Returns the version that the object must have; `None` for any.
    pub(crate) const fn version(&self) -> Option<i64> {
        self.version
    }

    /// Converts the result of a use case that was given [`Self::version`].
    ///
    /// # Errors
    /// Those of the use case. If it found another version because the header named none: 412
    /// that explains what weakened the tag, or 422 for a text that is not a tag.
    pub(crate) fn apply<T>(self, result: Result<T, impl Into<Problem>>) -> Result<T, Problem> {
        result.map_err(|error| {
            let error = error.into();
            match self.problem {
                Some(problem) if error.code() == STALE => problem,
                _ => error,
            }
        })
    }
}

/// The code of [`accunode_application::Error::Stale`].
const STALE: &str = "stale";

fn malformed(what: &str) -> Problem {
    Problem::fault(
        "/If-Match",
        "invalid_header",
        format!(
            "`If-Match` is not an ETag: {what}. Send the ETag that the object was read with, \
             quotation marks included, such as `\"5\"`, or `*`"
        ),
    )
}

fn version(value: &HeaderValue) -> Result<Option<i64>, Problem> {
    let text = value
        .to_str()
        .map_err(|_| malformed("it has characters other than visible ASCII"))?
        .trim();
    if text == "*" {
        return Ok(None);
    }
    let (text, is_weak) = match text.strip_prefix("W/") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let opaque = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or_else(|| {
            malformed(&format!(
                "{:?} has no quotation marks around it",
                shorten(text)
            ))
        })?;
    if opaque.contains('"') {
        return Err(malformed(
            "it names several tags, and an object has one version",
        ));
    }
    if is_weak {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            STALE,
            "`If-Match` has a weak ETag (`W/`), which matches no version. A proxy that compresses \
             or rewrites responses weakens ETags: turn that off for the API, or send the tag \
             without `W/`",
        ));
    }
    // A tag of another form belongs to no version.
    Ok(Some(opaque.parse().unwrap_or(NO_VERSION)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(text: &'static str) -> Result<Option<i64>, (u16, String)> {
        version(&HeaderValue::from_static(text))
            .map_err(|problem| (problem.status().as_u16(), problem.to_string()))
    }

    #[test]
    fn etag_is_parsed_as_a_version() {
        assert_eq!(read("\"12\""), Ok(Some(12)));
        assert_eq!(read("*"), Ok(None));
    }

    #[test]
    fn foreign_etag_matches_no_version() {
        assert_eq!(read("\"abc\""), Ok(Some(NO_VERSION)));
        assert_eq!(read("\"\""), Ok(Some(NO_VERSION)));
    }

    #[test]
    fn a_weak_tag_is_refused_with_its_cause() {
        let (status, words) = read("W/\"12\"").unwrap_err();
        assert_eq!(status, 412);
        assert!(words.contains("proxy that compresses"), "{words}");
    }

    #[test]
    fn invalid_etag_is_malformed() {
        for text in ["12", "\"12", "W/12", "\"1\", \"2\"", ""] {
            let (status, words) = read(text).unwrap_err();
            assert_eq!(status, 422, "{text}");
            assert!(words.starts_with("invalid_header"), "{words}");
        }
    }

    #[test]
    fn invalid_if_match_is_reported_after_other_faults() {
        let request = TestRequest::default()
            .insert_header((header::IF_MATCH, "12"))
            .to_http_request();
        let problem = |code: &'static str| {
            let problem = Problem::new(StatusCode::CONFLICT, code, "");
            let result = Precondition::of(&request).apply(Err::<(), _>(problem));
            result.unwrap_err().code().to_owned()
        };
        assert_eq!(Precondition::of(&request).version(), Some(NO_VERSION));
        assert_eq!(problem("in_use"), "in_use");
        assert_eq!(problem("stale"), "invalid_header");
    }
}
