//! Tokens that are sent to a user by mail and used once.

use time::Duration;

use crate::fault::text_enum;
use strum::{EnumCount, IntoStaticStr, VariantArray};

/// The purpose of a token.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum TokenPurpose {
    /// The user proves that the address is theirs.
    VerifyEmail,
    /// The user chooses a new password without the old one.
    ResetPassword,
}

impl TokenPurpose {
    /// The first letters of the token.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::VerifyEmail => "ev",
            Self::ResetPassword => "pr",
        }
    }

    /// How long the token is valid.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::days(2),
            Self::ResetPassword => Duration::hours(1),
        }
    }
}

text_enum!(TokenPurpose);

/// The shortest time between two mails of the same purpose to one user, so that repeated requests
/// cannot fill another user's mailbox.
pub const MAIL_PAUSE: Duration = Duration::minutes(1);
