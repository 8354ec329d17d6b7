//! Texts of which a mail program would make a link.

use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;

/// Returns whether a mail program may make a link of a part of this text: `http`, `www.`,
/// `://`, something like a domain with a top level of letters, an IP address, or a name of
/// this machine with a path or a port.
#[must_use]
pub fn looks_like_link(text: &str) -> bool {
    let text = plain(text);
    ["://", "http:", "https:", "mailto:", "www."]
        .iter()
        .any(|mark| text.contains(mark))
        || text.split(|c: char| !is_of_domain(c)).any(is_host)
        || text.split(|c: char| !is_of_ipv6(c)).any(is_ipv6)
        || names_this_machine(&text)
}

/// Returns a text that is safe in a mail: without invisible characters, and with its links
/// broken in a way that users can still read: `example[.]com`.
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
            '/' => broken.push_str("[/]"),
            other => broken.push(other),
        }
    }
    broken
}

/// Returns the text in lower case, with the other dots of domains as dots (UTS 46).
fn plain(text: &str) -> String {
    let text = text.nfkc().flat_map(char::to_lowercase);
    text.map(|c| if c == '\u{3002}' { '.' } else { c })
        .collect()
}

fn is_of_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '-'
}

fn is_host(word: &str) -> bool {
    is_domain(word) || word.trim_matches(['.', '-']).parse::<Ipv4Addr>().is_ok()
}

fn is_of_ipv6(c: char) -> bool {
    c.is_ascii_hexdigit() || c == ':' || c == '.'
}

/// `::` alone does not count, because users write it between names.
fn is_ipv6(word: &str) -> bool {
    let address = word.parse::<Ipv6Addr>();
    address.is_ok_and(|address| !address.is_unspecified())
}

/// `localhost` is an ordinary word in a sentence, and a link if a path or a port follows.
fn names_this_machine(text: &str) -> bool {
    text.match_indices("localhost").any(|(at, name)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        before.is_none_or(|c| !is_of_domain(c)) && matches!(after, Some('/' | ':' | '?' | '#'))
    })
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
            "10.0.0.1",
            "Bank 127.0.0.1/login",
            "(192.168.1.1:8080)",
            "１０．０．０．１",
            "[::1]",
            "see 2001:db8::1 now",
            "::ffff:10.0.0.1",
            "localhost/x",
            "Bank LOCALHOST:8080",
            "ｌｏｃａｌｈｏｓｔ/x",
        ] {
            assert!(looks_like_link(text), "{text}");
            let broken = defang(text);
            assert!(!looks_like_link(&broken), "{text} became {broken}");
        }
    }

    #[test]
    fn defang_removes_invisible_characters() {
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
            "3.1.4 Holding",
            "1.2.3.4.5",
            "1.2.3.400",
            "Local Host/Guest",
            "the localhost users",
            "myhost/x",
            "A/B Bank",
            "Bank :: Berlin",
            "12:30 Café",
            "Add: Bad",
        ] {
            assert!(!looks_like_link(text), "{text}");
            assert_eq!(defang(text), text);
        }
    }
}
