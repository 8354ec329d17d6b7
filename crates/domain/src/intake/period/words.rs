//! Splits periods that are written as one word or with a remark.

use super::Likely;

/// Splits `2024q3`, `fy2024q3`, `q32024`, `q3fy2024`, `fq32024`, `3q24` and `3t24` into the quarter
/// and its year.
pub(super) fn quarter_and_year(word: &str) -> Option<(&str, &str)> {
    let word = word
        .strip_prefix('f')
        .filter(|rest| rest.starts_with('q'))
        .unwrap_or(word);
    let at = word.find(['q', 't'])?;
    let (before, behind) = (&word[..at], &word[at + 1..]);
    let (before, behind) = (
        before.strip_prefix("fy").unwrap_or(before),
        behind.strip_prefix("fy").unwrap_or(behind),
    );
    match (before.len(), behind.len()) {
        (2 | 4, 1) => Some((behind, before)),
        (1, 2 | 4) => Some((before, behind)),
        (0, 3..) if behind.is_char_boundary(1) => {
            let (quarter, year) = behind.split_at(1);
            Some((quarter, year.strip_prefix("fy").unwrap_or(year)))
        }
        _ => None,
    }
}

/// Removes a remark from a period in lower case: `2024 (restated)`, `2024*`.
pub(super) fn without_remark(text: &str) -> (&str, Option<Likely>) {
    let Some((period, remark)) = text.split_once('(') else {
        let period = text.trim_end_matches(['*', '†', '‡']);
        let remark = (period.len() < text.len()).then_some(Likely::Remark);
        return (period.trim_end(), remark);
    };
    let likely = match remark.trim_end_matches(')').trim() {
        "estimate" | "estimated" | "forecast" | "budget" | "e" | "f" => Likely::Estimate,
        "restated" | "revised" | "reported" | "as reported" | "actual" | "audited"
        | "unaudited" | "preliminary" | "final" | "a" | "r" | "p" => Likely::Remark,
        _ => return (text, None),
    };
    (period.trim_end(), Some(likely))
}
