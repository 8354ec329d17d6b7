//! Users who sign in.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use unicode_normalization::UnicodeNormalization;

use crate::{
    Timestamp,
    fault::{Fault, text_enum},
    id::{OrganizationId, UserId},
    text::{clean_name, clean_text, has_forbidden, is_deceptive},
};

/// The role of a user, lowest rank first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Role {
    /// Belongs to no organization.
    User,
    /// A member of an organization.
    OrgMember,
    /// Administers one organization.
    OrgAdmin,
    /// Administers a root organization and its children.
    TenantAdmin,
    /// Operates the installation.
    SuperAdmin,
}

impl Role {
    /// Invariant I1: returns whether users with this role belong to an organization.
    #[must_use]
    pub const fn needs_organization(self) -> bool {
        matches!(self, Self::OrgMember | Self::OrgAdmin | Self::TenantAdmin)
    }
}

text_enum!(Role);

/// An e-mail address in one spelling, at most 255 bytes: the name before the `@` composed
/// (NFKC) and lower-cased, the host as DNS has it (`bücher.example` is
/// `xn--bcher-kva.example`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Parses an address. The form is checked, not its existence: one `@`; before it a name
    /// that begins with a letter, a digit or `_`; after it a host with a dot and a top level
    /// that is not a number; no white space, no invisible characters, and no name that can
    /// be mistaken for another one.
    ///
    /// # Errors
    /// `invalid_email` at `pointer`.
    pub fn parse(pointer: &str, value: &str) -> Result<Self, Fault> {
        // The value is never repeated: users type passwords into the wrong field.
        let wrong = |detail: &str| Err(Fault::new(pointer, "invalid_email", detail));
        let value = value.trim();
        let Some((name, host)) = value.split_once('@').filter(|_| value.len() <= 1_000) else {
            return wrong(NO_EMAIL);
        };
        if has_forbidden(value) {
            return wrong("contains a character that is not visible; type the address anew");
        }
        // NFKC is applied again, because lower-casing can decompose the text.
        let name: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        // A name must begin like a name: a text that begins with a sign is a formula to a
        // spreadsheet.
        let begins_soundly = name.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let name_is_sound = begins_soundly
            && name.len() <= 64
            && !name.ends_with('.')
            && !name.contains("..")
            && name
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !"()<>,;:\"[]\\@".contains(c));
        let Some(host) = ascii_host(host).filter(|_| name_is_sound) else {
            return wrong(NO_EMAIL);
        };
        if is_deceptive(&name) {
            return wrong(
                "mixes letters of different scripts, or looks like another address; type it \
                 with letters of one script",
            );
        }
        let text = format!("{name}@{host}");
        if text.len() > 255 {
            return wrong(NO_EMAIL);
        }
        Ok(Self(text))
    }

    /// Wraps an address that was checked when it was stored.
    #[must_use]
    pub fn from_stored(value: String) -> Self {
        Self(value)
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const NO_EMAIL: &str = "is not an e-mail address like name@example.com";

/// Returns a host name as in DNS: lower-cased, in the ASCII form of UTS 46, with a dot and
/// only letters, digits and hyphens. Two spellings of one host become equal, and the ASCII
/// form of a look-alike host shows that it is another one.
pub(crate) fn ascii_host(host: &str) -> Option<String> {
    let ascii = if host.is_ascii() {
        host.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii_strict(host).ok()?
    };
    let is_sound = ascii.len() <= 253
        // A top level is a word; a host that ends with a number is the address of a machine.
        && ascii
            .rsplit_once('.')
            .is_some_and(|(_, top)| !top.bytes().all(|b| b.is_ascii_digit()))
        && ascii.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    is_sound.then_some(ascii)
}

/// A password as entered, 10 to 128 characters. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Password {
    /// The password in Unicode's composed form: systems differ in how they send an ö.
    composed: String,
    /// The password as it was entered, if that is another form: hashes that were made before
    /// passwords were composed are of that form.
    typed: Option<String>,
}

impl Password {
    /// The shortest password accepted, in characters.
    pub const MIN: usize = 10;
    /// The longest password, in characters: hashing time must not grow with the length of untrusted
    /// input.
    pub const MAX: usize = 128;

    /// Checks the form of a password for a new account or a change. The password hasher
    /// decides whether it is easily guessed.
    ///
    /// # Errors
    /// `weak_password`: too short, too long, one character repeated, or part of the e-mail.
    pub fn new(pointer: &str, value: &str, email: &Email) -> Result<Self, Fault> {
        let weak = |rule: String| Err(Fault::new(pointer, "weak_password", rule));
        // Composing makes a text at most three times longer, and a text that is far too long
        // is not composed at all.
        let Some(password) = Self::attempt(value) else {
            return weak(format!(
                "is too long; at most {} characters are allowed",
                Self::MAX
            ));
        };
        let value = password.composed.as_str();
        let length = value.chars().count();
        if length < Self::MIN {
            return weak(format!(
                "has {length} characters; at least {} are needed",
                Self::MIN
            ));
        }
        let first = value.chars().next();
        if value.chars().all(|c| Some(c) == first) {
            return weak("repeats one character".to_owned());
        }
        let lower = value.to_lowercase();
        let name = email.as_str().split('@').next().unwrap_or_default();
        if lower == email.as_str() || (name.len() >= Self::MIN && lower == name) {
            return weak("is the e-mail address".to_owned());
        }
        // The composed form is always stored.
        Ok(Self {
            typed: None,
            ..password
        })
    }

    /// Accepts any password at login, as long as hashing it is cheap.
    #[must_use]
    pub fn attempt(value: &str) -> Option<Self> {
        // A character and its marks may be sent as several characters.
        let cheap = value.chars().nth(4 * Self::MAX).is_none();
        let composed: String = cheap.then(|| value.nfc().collect())?;
        composed.chars().nth(Self::MAX).is_none().then(|| Self {
            typed: (composed != value).then(|| value.to_owned()),
            composed,
        })
    }

    /// Returns the secret itself in Unicode's composed form (NFC), for the hasher only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.composed
    }

    /// Returns the secret as it was entered, if that is not its composed form: a hash may be
    /// older than composing.
    #[must_use]
    pub fn expose_typed(&self) -> Option<&str> {
        self.typed.as_deref()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Names and telephone number, all optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// At most 100 characters.
    pub first_name: Option<String>,
    /// At most 100 characters.
    pub last_name: Option<String>,
    /// At most 20 characters.
    pub phone: Option<String>,
}

impl Profile {
    /// Cleans the fields and collects every fault.
    pub fn parse(
        first_name: Option<&str>,
        last_name: Option<&str>,
        phone: Option<&str>,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut field = |pointer: &str, value: Option<&str>, max| {
            let read = match pointer {
                "/phone" => clean_text(pointer, value?, max),
                _ => clean_name(pointer, value?, max),
            };
            read.map_err(|fault| faults.push(redact_value(fault, max)))
                .ok()
        };
        Self {
            first_name: field("/first_name", first_name, 100),
            last_name: field("/last_name", last_name, 100),
            phone: field("/phone", phone, 20),
        }
    }
}

/// Returns a fault that does not repeat the value: it may have been meant for another field.
fn redact_value(fault: Fault, max: usize) -> Fault {
    let detail = match fault.code.as_str() {
        "too_long" => format!("has more than {max} characters"),
        _ => return fault,
    };
    Fault { detail, ..fault }
}

/// A user as stored. The hash of the password never leaves the repository with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Unique without regard to case.
    pub email: Email,
    /// The role as stored; the access rules use [`crate::access::Actor`]'s effective role.
    pub role: Role,
    /// The organization; set exactly if the role needs one (I1).
    pub organization: Option<OrganizationId>,
    /// Names and telephone number.
    pub profile: Profile,
    /// Whether the user has proved that the e-mail address is theirs.
    pub is_verified: bool,
    /// A user who is not active cannot do anything (I6).
    pub is_active: bool,
    /// When the user last signed in.
    pub last_login: Option<Timestamp>,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The number of changes; the ETag.
    pub row_version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses_are_lower_cased_and_validated() {
        assert_eq!(
            Email::parse("/email", " A@X.Com ").unwrap().as_str(),
            "a@x.com"
        );
        for bad in [
            "",
            "a",
            "a@b",
            "@x.com",
            "a b@x.com",
            "a@x..com",
            "a@b@c.com",
            "a\0@x.com",
            "a@-x.com",
        ] {
            assert!(Email::parse("/email", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn equivalent_email_addresses_are_normalized_to_one_spelling() {
        for (typed, stored) in [
            ("Anna@Bücher.Example", "anna@xn--bcher-kva.example"),
            ("anna@BU\u{308}CHER.example", "anna@xn--bcher-kva.example"),
            ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
            ("ａｎｎａ@example.com", "anna@example.com"),
            ("anna@ｅｘａｍｐｌｅ.com", "anna@example.com"),
            ("JO\u{301}ZEF@example.com", "józef@example.com"),
            ("a.b+c@example.com", "a.b+c@example.com"),
            // A host of Cyrillic letters that looks like apple.com is shown in its ASCII
            // form.
            ("a@аррӏе.com", "a@xn--80ak6aa92e.com"),
        ] {
            let email = Email::parse("/email", typed).unwrap();
            assert_eq!(email.as_str(), stored, "{typed}");
            assert_eq!(Email::parse("/email", stored).unwrap(), email);
        }
    }

    #[test]
    fn deceptive_or_invisible_email_address_is_refused() {
        for bad in [
            "аdmin@example.com",
            "раураl@example.com",
            "a\u{200B}@example.com",
            "a@exam\u{200B}ple.com",
            "a\u{202E}@example.com",
            "a\u{AD}b@example.com",
            "a@exa_mple.com",
            "a@\u{FDD0}.com",
        ] {
            let fault = Email::parse("/email", bad).unwrap_err();
            assert_eq!(fault.code, "invalid_email", "{bad:?}");
            assert!(!fault.detail.contains(bad), "an address is never repeated");
        }
    }

    #[test]
    fn user_names_with_links_or_invisible_characters_are_refused() {
        let mut faults = Vec::new();
        Profile::parse(
            Some("Visit evil.com"),
            Some("Ev\u{202E}il"),
            Some("1\u{200B}2"),
            &mut faults,
        );
        let codes: Vec<_> = faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code.as_str()))
            .collect();
        assert_eq!(
            codes,
            [
                ("/first_name", "link_in_name"),
                ("/last_name", "forbidden_character"),
                ("/phone", "forbidden_character")
            ]
        );
        assert!(faults.iter().all(|fault| !fault.detail.contains("vil")));
    }

    #[test]
    fn weak_passwords_are_refused_and_never_shown() {
        let email = Email::parse("/email", "longname1234@x.com").unwrap();
        for bad in [
            "short",
            "aaaaaaaaaaaa",
            "longname1234",
            "longname1234@x.com",
            &"x1".repeat(65),
            &"é".repeat(129),
        ] {
            let fault = Password::new("/password", bad, &email).unwrap_err();
            assert_eq!(fault.code, "weak_password");
            assert!(
                !fault.detail.contains(bad),
                "a fault must not repeat the password"
            );
        }
        let good = Password::new("/password", "correct horse battery", &email).unwrap();
        assert!(!format!("{good:?}").contains("horse"));
        let long = format!("{}x", "é".repeat(127));
        assert!(Password::new("/password", &long, &email).is_ok());
        assert!(Password::attempt(&long).is_some());
        assert!(Password::attempt(&format!("{long}x")).is_none());
    }
}
