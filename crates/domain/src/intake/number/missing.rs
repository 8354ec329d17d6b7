//! Marks that mean a missing value.

use super::LONGEST;
use crate::intake::text::squeezed;

/// Marks that mean a missing value, compared in lower case. The documentation of the templates
/// lists them.
pub const MISSING_MARKS: [&str; 56] = [
    "na",
    "n/a",
    "n.a.",
    "n.a",
    "(na)",
    "<na>",
    "#na",
    "#n/a",
    "#n/a n/a",
    "@na",
    "nm",
    "n.m.",
    "n.m",
    "n/m",
    "nmf",
    "nmn",
    "n.s.",
    "n.d.",
    "n.e.",
    "k.a.",
    "k. a.",
    "n.v.",
    "n/r",
    "nr",
    "n/d",
    "nd",
    "nm%",
    "-%",
    "–%",
    "—%",
    "(-)",
    "\\n",
    "#div/0!",
    "#div/0",
    "nan",
    "null",
    "none",
    "nil",
    "-",
    "--",
    "---",
    "–",
    "––",
    "—",
    "——",
    ".",
    "..",
    "...",
    "…",
    "*",
    "?",
    "not available",
    "not reported",
    "not meaningful",
    "not applicable",
    "missing",
];

/// Whether a text means a missing value: empty, or one of [`MISSING_MARKS`].
#[must_use]
pub fn says_missing(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    // A number begins with one of these; nothing that does is a mark, but for dashes and points.
    if text.len() > 1 && text.as_bytes()[0].is_ascii_digit() || text.len() > LONGEST {
        return false;
    }
    let text = squeezed(text).to_lowercase();
    text.is_empty()
        || MISSING_MARKS.contains(&text.as_str())
        // Bloomberg writes the reason after the mark: "#N/A Field Not Applicable".
        || text.starts_with("#n/a ")
}
