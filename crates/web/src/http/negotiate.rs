//! Content negotiation: the format of a response (`Accept`, RFC 9110).

use actix_web::http::{
    StatusCode,
    header::{self, HeaderMap},
};

use crate::http::problem::Problem;

/// A format of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/json`
    Json,
    /// `text/csv`
    Csv,
    /// `application/x-ndjson`: one JSON object a line.
    JsonLines,
    /// `text/event-stream`
    EventStream,
    /// `text/markdown`
    Markdown,
    /// An Excel workbook.
    Xlsx,
}

impl Format {
    /// Returns its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::JsonLines => "application/x-ndjson",
            Self::EventStream => "text/event-stream",
            Self::Markdown => "text/markdown",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Returns the offered format that the client prefers; the first if it prefers several
/// equally.
///
/// # Errors
/// 406 if it accepts none of them.
pub(crate) fn choose(headers: &HeaderMap, offers: &[Format]) -> Result<Format, Problem> {
    let ranges: Vec<Range> = headers
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    let mut best: Option<(Format, f32)> = None;
    for format in offers {
        let quality = if ranges.is_empty() {
            1.0
        } else {
            quality(&ranges, format.media_type())
        };
        if quality > best.map_or(0.0, |(_, q)| q) {
            best = Some((*format, quality));
        }
    }
    best.map(|(format, _)| format).ok_or_else(|| {
        let names: Vec<_> = offers.iter().map(|f| f.media_type()).collect();
        Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            format!("this is answered as {} only", names.join(" or ")),
        )
    })
}

struct Range {
    kind: String,
    subtype: String,
    quality: f32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let quality = parts
            .filter_map(|part| part.trim().split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1.0), |(_, q)| q.trim().parse::<f32>().ok())?;
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            quality,
        })
    }
}

/// Returns the quality of the most specific range that covers a media type.
fn quality(ranges: &[Range], media_type: &str) -> f32 {
    let (kind, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
    ranges
        .iter()
        .filter_map(|range| {
            let rank = match (range.kind.as_str(), range.subtype.as_str()) {
                (k, s) if k == kind && s == subtype => 2,
                (k, "*") if k == kind => 1,
                ("*", "*") => 0,
                _ => return None,
            };
            Some((rank, range.quality))
        })
        .max_by_key(|(rank, _)| *rank)
        .map_or(0.0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const BOTH: &[Format] = &[Format::Json, Format::Csv];

    fn chosen(accept: &'static str, offers: &[Format]) -> Result<Format, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        choose(&headers, offers).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn json_is_the_default() {
        assert_eq!(choose(&HeaderMap::new(), BOTH).unwrap(), Format::Json);
        assert_eq!(chosen("*/*", BOTH), Ok(Format::Json));
    }

    #[test]
    fn format_with_the_higher_quality_wins() {
        assert_eq!(chosen("text/csv", BOTH), Ok(Format::Csv));
        assert_eq!(
            chosen("application/json;q=0.5, text/csv;q=0.9", BOTH),
            Ok(Format::Csv)
        );
        assert_eq!(
            chosen("text/*;q=0.1, application/*", BOTH),
            Ok(Format::Json)
        );
    }

    #[test]
    fn unacceptable_formats_get_406() {
        assert_eq!(chosen("text/html", BOTH), Err(406));
        assert_eq!(chosen("text/csv", &[Format::Json]), Err(406));
        assert_eq!(
            chosen("*/*, application/json;q=0", &[Format::Json]),
            Err(406)
        );
    }
}
