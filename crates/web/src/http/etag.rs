//! Versions of objects: `ETag`, `If-Match`, `If-None-Match` (RFC 9110).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use serde::Serialize;

use crate::http::problem::{Answer, Problem};

/// The strong tag of a version.
pub(crate) fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// One object: 200 with its tag, or 304 where the client has this version.
pub(crate) fn object<T: Serialize>(request: &HttpRequest, version: i64, dto: &T) -> Answer {
    let tag = tag(version);
    let known = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        // Weakly: W/"5" is "5" here.
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

/// An object after a change: 200 with its new tag.
pub(crate) fn changed<T: Serialize>(version: i64, dto: &T) -> Answer {
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag(version)))
        .json(dto))
}

/// The version that the client means by `If-Match`; `None` where it does not care.
///
/// # Errors
/// 412 for tags that are no strong tag of ours: they match no version.
pub(crate) fn if_match(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return Ok(None);
    };
    version(value).ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "`If-Match` must be `*` or the one ETag that the object was read with",
        )
    })
}

fn version(value: &HeaderValue) -> Option<Option<i64>> {
    let text = value.to_str().ok()?.trim();
    if text == "*" {
        return Some(None);
    }
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Option<i64>> {
        version(&HeaderValue::from_static(text))
    }

    #[test]
    fn a_tag_reads_back_as_its_version() {
        assert_eq!(read("\"12\""), Some(Some(12)));
        assert_eq!(read("*"), Some(None));
    }

    #[test]
    fn weak_and_foreign_tags_match_nothing() {
        assert_eq!(read("W/\"12\""), None);
        assert_eq!(read("\"abc\""), None);
        assert_eq!(read("12"), None);
    }
}
