//! Tokens that are sent to a user's mailbox and used once.

use time::Duration;

use crate::fault::text_enum;
use strum::{EnumCount, IntoStaticStr, VariantArray};

/// What a token of a mail is for.
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
    /// To prove that the address is theirs.
    VerifyEmail,
    /// To choose a new password without the old one.
    ResetPassword,
}

impl TokenPurpose {
    /// What the token begins with.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::VerifyEmail => "ev",
            Self::ResetPassword => "pr",
        }
    }

    /// How long it is good.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::days(2),
            Self::ResetPassword => Duration::hours(1),
        }
    }
}

text_enum!(TokenPurpose);

/// How long a user waits before another mail of the same purpose is sent to them: no one
/// fills a stranger's mailbox by asking again and again.
pub const MAIL_PAUSE: Duration = Duration::minutes(1);
