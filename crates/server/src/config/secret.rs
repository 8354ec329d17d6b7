//! Values that must not reach a log, an error or a terminal.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

const HIDDEN: &str = "hidden";

/// A URL that is shown without its password and without the values of its query.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// Parses a URL. The error does not repeat the text, which may contain a password.
    ///
    /// # Errors
    /// If the text is not an absolute URL.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        Url::parse(text).map(Self)
    }

    /// Returns the whole URL, for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the part before the colon, such as `postgres`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.scheme()
    }

    /// Returns the same URL with one more pair in its query.
    #[must_use]
    pub fn with_query_pair(&self, name: &str, value: &str) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair(name, value);
        Self(url)
    }

    fn shown(&self) -> String {
        let mut shown = self.0.clone();
        if shown.password().is_some() && shown.set_password(Some(HIDDEN)).is_err() {
            return HIDDEN.into();
        }
        if shown.query().is_some() {
            let names: Vec<String> = self.0.query_pairs().map(|(name, _)| name.into()).collect();
            let mut query = shown.query_pairs_mut();
            query.clear();
            for name in names {
                query.append_pair(&name, HIDDEN);
            }
        }
        shown.into()
    }
}

impl From<Url> for SecretUrl {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

/// URLs separated by commas, each displayed as a [`SecretUrl`] is.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrls(Vec<SecretUrl>);

impl SecretUrls {
    /// Parses URLs separated by commas. A comma within a URL is written `%2C`.
    ///
    /// # Errors
    /// If one of them is not an absolute URL.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        let urls = text.split(',').map(|url| SecretUrl::parse(url.trim()));
        urls.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the whole text, for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> String {
        self.join(SecretUrl::expose)
    }

    fn join<'a, T: AsRef<str>>(&'a self, text: impl Fn(&'a SecretUrl) -> T) -> String {
        let mut joined = String::new();
        for url in &self.0 {
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(text(url).as_ref());
        }
        joined
    }
}

impl From<SecretUrl> for SecretUrls {
    fn from(url: SecretUrl) -> Self {
        Self(vec![url])
    }
}

impl fmt::Debug for SecretUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.join(SecretUrl::shown))
    }
}

impl Serialize for SecretUrls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.join(SecretUrl::shown))
    }
}

/// A text that is never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Returns the text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Keys of 256 bits, which are never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKeys(Vec<[u8; 32]>);

impl SecretKeys {
    /// The rule for their form, for readers.
    pub const RULE: &str = "must be 64 hexadecimal digits; several with commas between, of which the first seals and the others open what was sealed before";

    /// Parses keys separated by commas.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let keys = text.split(',').map(|key| {
            let mut bits = [0; 32];
            hex::decode_to_slice(key.trim(), &mut bits)
                .ok()
                .map(|()| bits)
        });
        keys.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Returns the keys themselves, for the one place that encrypts.
    #[must_use]
    pub fn expose(&self) -> &[[u8; 32]] {
        &self.0
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for SecretKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password_and_query_values() {
        let url =
            SecretUrl::parse("postgres://app:pa55@db:5432/accunode?sslkey=k3y&sslmode=verify-full")
                .expect("a URL");
        let shown = format!("{url:?} {url}");
        assert!(!shown.contains("pa55") && !shown.contains("k3y"), "{shown}");
        assert!(
            shown.contains("app:hidden@db:5432/accunode?sslkey=hidden"),
            "{shown}"
        );
        assert!(url.expose().contains("pa55"));
    }

    #[test]
    fn url_without_secrets_is_displayed_unchanged() {
        let url = SecretUrl::parse("postgres://app@%2Frun%2Fpg:5432/accunode").expect("a URL");
        assert_eq!(url.to_string(), url.expose());
    }
}
