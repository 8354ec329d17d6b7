//! Cursors: opaque texts that select the next page.

use accunode_domain::{
    fault::Fault,
    page::{Cursor, Sort},
    timestamp::timestamp_from_micros,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// The longest cursor, in characters. The longest one that is issued contains a company's name
/// of 200 characters.
pub(super) const MAX_CURSOR: usize = 8_000;

/// Encodes a cursor as an opaque text.
pub(crate) fn encode<C: Serialize>(cursor: &C) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

/// # Errors
/// `invalid_cursor`.
pub(crate) fn decode<C: DeserializeOwned>(text: &str) -> Result<C, Fault> {
    if text.len() > MAX_CURSOR {
        return Err(invalid_cursor());
    }
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(invalid_cursor)
}

/// The fault of an invalid cursor, or one of another list.
pub(crate) fn invalid_cursor() -> Fault {
    Fault::new(
        "/cursor",
        "invalid_cursor",
        "is not a cursor of this list in this order; begin again without one",
    )
}

/// Returns whether a cursor's key is a value of its order: a forged cursor must not make a query
/// fail.
pub(crate) fn is_sound(cursor: &Cursor) -> bool {
    match cursor.sort {
        Sort::CreatedAt | Sort::UpdatedAt => cursor
            .key
            .parse()
            .is_ok_and(|micros| timestamp_from_micros(micros).is_some()),
        Sort::Pd => cursor.key.parse::<f64>().is_ok_and(f64::is_finite),
        Sort::Name | Sort::Symbol => {
            cursor.key.len() <= 1_000 && !cursor.key.chars().any(char::is_control)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(sort: Sort, key: &str) -> Cursor {
        Cursor {
            sort,
            key: key.to_owned(),
            id: uuid::Uuid::from_u128(5),
        }
    }

    #[test]
    fn cursor_round_trips() {
        let there = cursor(Sort::Name, "Müller & Söhne");
        assert_eq!(decode::<Cursor>(&encode(&there)), Ok(there));
    }

    #[test]
    fn tampered_cursor_is_refused() {
        let text = encode(&cursor(Sort::Pd, "0.25"));
        assert!(decode::<Cursor>(&text[1..]).is_err());
        assert!(decode::<Cursor>("").is_err());
        assert!(decode::<Cursor>("%%%").is_err());
    }

    #[test]
    fn forged_cursor_key_is_refused_before_the_query() {
        assert!(is_sound(&cursor(Sort::CreatedAt, "1700000000000000")));
        assert!(!is_sound(&cursor(Sort::CreatedAt, "yesterday")));
        for impossible in [
            "9223372036854775807",
            "-9223372036854775808",
            "253402300799999999",
            "-253402300799999999",
        ] {
            assert!(
                !is_sound(&cursor(Sort::CreatedAt, impossible)),
                "{impossible}"
            );
        }
        assert!(is_sound(&cursor(Sort::Pd, "0.25")));
        assert!(!is_sound(&cursor(Sort::Pd, "NaN")));
        assert!(!is_sound(&cursor(Sort::Name, "a\0b")));
    }
}
