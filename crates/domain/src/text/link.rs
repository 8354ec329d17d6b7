//! Names that a mail program would make a link of.

use unicode_normalization::UnicodeNormalization;

/// Whether a mail program may make a link of some part of this text: `http`, `www.`,
/// `://`, or something like a domain with a top level of letters.
#[must_use]
pub fn looks_like_link(text: &str) -> bool {
    let text = plain(text);
    ["://", "http:", "https:", "mailto:", "www."]
        .iter()
        .any(|mark| text.contains(mark))
        || text.split(|c: char| !is_of_domain(c)).any(is_domain)
}

/// A text as it may stand in a mail: without characters that cannot be seen, and with its
/// links broken in a way that people can still read: `example[.]com`.
#[must_use]
pub fn defang(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| super::refusal(*c).is_none())
        .collect();
    if !looks_like_link(&text) {
        return text;
    }
    let text: String = text.nfkc().collect();
    let mut broken = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '.' | '\u{3002}' => broken.push_str("[.]"),
            ':' => broken.push_str("[:]"),
            other => broken.push(other),
        }
    }
    broken
}

/// Lower-cased, with the other dots of domains as dots (UTS 46).
fn plain(text: &str) -> String {
    let text = text.nfkc().flat_map(char::to_lowercase);
    text.map(|c| if c == '\u{3002}' { '.' } else { c })
        .collect()
}

fn is_of_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '-'
}

fn is_domain(word: &str) -> bool {
    let Some((host, top)) = word.trim_matches(['.', '-']).rsplit_once('.') else {
        return false;
    };
    let is_top = top.starts_with("xn--")
        || (top.chars().nth(1).is_some() && top.chars().all(char::is_alphabetic));
    is_top && host.ends_with(|c: char| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_domains_are_found() {
        for text in [
            "Click http://evil.example/x",
            "HTTPS:evil",
            "www.evil",
            "Acme evil.com",
            "Acme (evil.co.uk)",
            "evil.com/login now",
            "a@evil.com",
            "evil．com",
            "evil。com",
            "bank.xn--p1ai",
            "банк.рф",
            "ftp://x",
            "Bank,evil.com.",
            "ｗｗｗ．evil",
        ] {
            assert!(looks_like_link(text), "{text}");
            let broken = defang(text);
            assert!(!looks_like_link(&broken), "{text} became {broken}");
        }
    }

    #[test]
    fn what_cannot_be_seen_hides_no_link() {
        assert_eq!(defang("ev\u{200B}il.com\u{202E}"), "evil[.]com");
        assert_eq!(defang("a\r\nBcc: x"), "aBcc: x");
    }

    #[test]
    fn ordinary_names_are_not_links() {
        for text in [
            "Bank S.A.",
            "Acme Sp. z o.o.",
            "Verein e.V.",
            "St. Gallen",
            "No.1 Bank",
            "3.14 Holding",
            "A. B. & Co. KG",
            "J.P. Morgan",
            "Banca d.d.",
            "Müller-Lüdenscheidt",
            "10.0.0.1",
        ] {
            assert!(!looks_like_link(text), "{text}");
            assert_eq!(defang(text), text);
        }
    }
}
