//! Edge values of fields, and values beyond them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Texts that are almost, or just barely, a time, number, id or name.
pub(super) const TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "a\0b",
    "\u{1}\u{1b}[31m",
    "a\r\nSet-Cookie: x=1",
    "\u{202e}\u{2066}txt.exe",
    "\u{200b}",
    "\u{feff}x",
    "\u{10ffff}",
    "e\u{301}\u{301}\u{301}",
    "ﬀ＝１",
    "0000-01-01T00:00:00Z",
    "0000-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59",
    "9998-12-31T23:59:59-23:59",
    "-0001-01-01T00:00:00Z",
    "+10000-01-01T00:00:00Z",
    "2023-02-30T00:00:00Z",
    "2023-02-29",
    "2016-12-31T23:59:60Z",
    "2024-01-01T00:00:00+99:99",
    "0000",
    "9999",
    "-1",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{00000000-0000-0000-0000-000000000001}",
    "00000000-0000-0000-0000-00000000000",
    "=1+1@example.com",
    "\"quoted\"@example.com",
    "a@127.0.0.1",
    "https://127.0.0.1/x",
    "'; DROP TABLE users; --",
    "%",
    "_%_%",
    "..%2f..%2fetc%2fpasswd",
    "{{7*7}}${7*7}",
];

/// Numbers and other values in the form of a path or query; in a body they would be
/// ordinary texts.
pub(super) const WRITTEN: &[&str] = &[
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "3600.0",
    "1e400",
    "-1e-400",
    "NaN",
    "Infinity",
    "0x10",
    "null",
    "true",
    "[]",
];

/// The content of forged cursors.
const CURSORS: &[&str] = &[
    "",
    "null",
    "[]",
    "{}",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "\"\\u0000\"",
    r#"{"sort":"created_at","key":"9223372036854775807","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"created_at","key":"-9223372036854775808","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"created_at","key":"253402300799999999","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"created_at","key":"-62167219200000000","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"created_at","key":"","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"created_at","key":"0","id":"no id"}"#,
    r#"{"sort":"pd","key":"1e400","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"pd","key":"NaN","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"symbol","key":"\u0000","id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"name","key":99999999999999999999,"id":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"sort":"none","key":"0","id":"00000000-0000-0000-0000-000000000000"}"#,
];

/// Returns forged cursors: of an invalid form, and with impossible content.
pub(super) fn cursors() -> Vec<String> {
    let forms = ["a", "!!!!", "====", "AAAA"].map(str::to_owned);
    let inside = CURSORS
        .iter()
        .map(|text| BASE64_URL_SAFE_NO_PAD.encode(text));
    forms.into_iter().chain(inside).collect()
}

/// JSON values that are not texts, as they are written in a document.
pub(super) const NO_TEXTS: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "0.5",
    "3600.0",
    "1e3",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e308",
    "1e400",
    "-1e400",
    "1e-400",
    "0.30000000000000004440892098500626161694526672363281250000001",
    "[]",
    "[null]",
    "[[]]",
    "{}",
    "{\"\":\"\"}",
    // An incomplete character, which a Rust string cannot contain.
    "\"\\ud800\"",
    // Invalid JSON.
    "NaN",
    "'x'",
    "[",
];

/// Headers. A line break or a zero byte cannot be sent in one.
pub(super) const HEADERS: &[&[u8]] = &[
    b"",
    b"*",
    b"\"\"",
    b"\"",
    b"W/\"1\"",
    b"\"0\"",
    b"\"-1\"",
    b"\"9223372036854775807\"",
    b"\"9223372036854775808\"",
    b"\"1e400\"",
    b"1, 2, 3",
    b"\xff\xfe",
    b"caf\xc3\xa9",
    b"\tx\t",
    b"null",
];

/// Returns a text that is longer than any field accepts.
pub(super) fn long() -> String {
    "é".repeat(10_000)
}

/// Returns a list or an object nested more deeply than anything reads.
pub(super) fn deep() -> String {
    format!("{}{}", "[".repeat(400), "]".repeat(400))
}

/// Returns more elements than anything accepts.
pub(super) fn many() -> String {
    format!("[{}0]", "0,".repeat(5_000))
}

/// Returns a text of a URL, with everything except letters and digits encoded.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
