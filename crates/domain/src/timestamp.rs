//! Times that clients send, parsed and limited in one place.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::datetime};

use crate::{
    Timestamp,
    fault::{Fault, shorten},
};

/// The earliest time that a client may name.
pub const EARLIEST: Timestamp = datetime!(0001-01-01 00:00 UTC);
/// The latest time that a client may name. It leaves a year to the end of what
/// [`Timestamp`] can hold, so that adding a duration of the domain cannot overflow.
/// PostgreSQL stores everything within both bounds.
pub const LATEST: Timestamp = datetime!(9998-12-31 23:59:59.999_999 UTC);

/// Parses a time in the form of RFC 3339 and converts it to UTC.
///
/// This is the only way in which the text of a client becomes a [`Timestamp`].
///
/// # Errors
/// `invalid_time` at `pointer` for other text and for a time that is not within
/// [`EARLIEST`] and [`LATEST`] in UTC.
pub fn parse_timestamp(pointer: &str, text: &str) -> Result<Timestamp, Fault> {
    #[expect(clippy::disallowed_methods, reason = "the bounds are checked here")]
    let parsed = OffsetDateTime::parse(text, &Rfc3339);
    let wrong = |rule| {
        Fault::new(
            pointer,
            "invalid_time",
            format!("{:?} is not {rule}", shorten(text)),
        )
    };
    parsed
        .map_err(|_| wrong("a time like 2024-05-31T12:00:00Z"))?
        // The sum of a time and its offset may be outside of the representable range.
        .checked_to_offset(UtcOffset::UTC)
        .filter(is_within_bounds)
        .ok_or_else(|| wrong("within 0001-01-01T00:00:00Z and 9998-12-31T23:59:59Z"))
}

/// Returns the time this many microseconds after 1970, the form used in cursors.
#[must_use]
pub fn timestamp_from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .ok()
        .filter(is_within_bounds)
}

fn is_within_bounds(time: &Timestamp) -> bool {
    (EARLIEST..=LATEST).contains(time)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn time_is_converted_to_utc() {
        let time = parse_timestamp("/from", "2024-05-31T12:00:00+02:00").unwrap();
        assert_eq!(time, datetime!(2024-05-31 10:00 UTC));
        assert_eq!(time.offset(), UtcOffset::UTC);
    }

    #[test]
    fn times_at_the_limits_are_refused_and_others_allow_arithmetic() {
        for text in [
            "9999-12-31T23:59:59-23:59",
            "9999-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
            "9998-12-31T23:59:59-00:01",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+23:59",
            "0000-01-01T00:00:00+23:59",
            "-0001-01-01T00:00:00Z",
            "+12024-01-01T00:00:00Z",
            "2024-05-31",
            "2024-02-30T00:00:00Z",
            "2024-05-31T12:00:00",
            "",
        ] {
            let fault = parse_timestamp("/from", text).unwrap_err();
            assert_eq!(fault.code, "invalid_time", "{text}");
        }
        for text in ["0001-01-01T00:00:00Z", "9998-12-31T23:59:59.999999Z"] {
            let time = parse_timestamp("/from", text).unwrap();
            for duration in [Duration::days(365), Duration::days(-365)] {
                assert!(time.checked_add(duration).is_some(), "{text}");
            }
        }
    }

    #[test]
    fn cursor_times_have_the_same_limits() {
        let micros = |time: Timestamp| i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap();
        assert_eq!(timestamp_from_micros(micros(LATEST)), Some(LATEST));
        assert_eq!(timestamp_from_micros(micros(EARLIEST)), Some(EARLIEST));
        for wrong in [micros(LATEST) + 1, micros(EARLIEST) - 1, i64::MAX, i64::MIN] {
            assert_eq!(timestamp_from_micros(wrong), None);
        }
    }
}
