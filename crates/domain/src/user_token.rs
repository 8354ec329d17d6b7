//! Tokens that are sent to a person's mailbox and used once.

use time::Duration;

use crate::fault::text_enum;

/// What a token of a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenPurpose {
    /// To prove that the address is his.
    VerifyEmail,
    /// To choose a new password without the old one.
    ResetPassword,
}

impl TokenPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::VerifyEmail, Self::ResetPassword];

    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

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

/// How long a person waits before another mail of the same purpose is sent to him: nobody
/// fills a stranger's mailbox by asking again and again.
pub const MAIL_PAUSE: Duration = Duration::minutes(1);
