//! Mail to one user: what a use case says, and the transport that carries it.

use accunode_domain::user::Email;
use async_trait::async_trait;

use crate::PortError;

/// A mail in plain text. Its text holds links with tokens, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// What it says, lines ended by `\n`.
    pub text: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("to", &self.to)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// What carries mails.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail on. Takes as long as the mail server does.
    ///
    /// # Errors
    /// `Unavailable` where it may go another time, `Internal` where it never will.
    async fn send(&self, message: &Message) -> Result<(), PortError>;

    /// Whether mails reach users. Where they do not, no one can be asked to prove their
    /// address by one.
    fn delivers(&self) -> bool;
}
