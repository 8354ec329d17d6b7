//! Texts that look like other texts (UTS 39).

use unicode_normalization::UnicodeNormalization;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection, skeleton};

/// Returns the key that confusable names share: Unicode's skeleton (UTS 39), without regard
/// to case and spaces. It is used for comparison and never shown.
#[must_use]
pub fn lookalike_key(name: &str) -> String {
    let words = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = words.nfkc().collect();
    // Applied before the case is removed, since a capital I looks like a small l, and again
    // after it, since a small m looks like rn.
    let first: String = skeleton(&plain).collect();
    let lower = first.to_lowercase();
    skeleton(&lower).collect()
}

/// Returns whether a word of an address can be mistaken for another one: it mixes scripts
/// that are not written together, or looks like an ASCII word and is not one.
#[must_use]
pub fn is_deceptive(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let letters: String = word
        .chars()
        .filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
        .collect();
    !letters.check_restriction_level(RestrictionLevel::HighlyRestrictive)
        || skeleton(&letters).all(|c| c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookalike_names_have_one_key() {
        for (a, b) in [
            ("Acme Bank", "Acme  bank"),
            ("Acme Bank", "Асme Bank"),
            ("Large Bank", "Iarge Bank"),
            ("Metro", "rnetro"),
            ("Metro", "METRO"),
            ("ACME", "ＡＣＭＥ"),
            ("Branch 10", "Branch lO"),
            ("PayPal", "раураl"),
        ] {
            assert_eq!(lookalike_key(a), lookalike_key(b), "{a} and {b}");
        }
        for (a, b) in [
            ("Branch 2", "Branch 3"),
            ("Nord", "Süd"),
            ("Acme Bank", "Acme Banks"),
            ("Zielona", "Żielona"),
        ] {
            assert_ne!(lookalike_key(a), lookalike_key(b), "{a} and {b}");
        }
    }

    #[test]
    fn mixed_script_lookalike_words_are_deceptive() {
        for word in ["anna", "bücher", "józef", "анна", "山田", "やまだ山"] {
            assert!(!is_deceptive(word), "{word}");
        }
        for word in ["аdmin", "раураl", "оса", "pаypal", "gοogle"] {
            assert!(is_deceptive(word), "{word}");
        }
    }
}
