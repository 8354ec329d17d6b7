//! Mail to one user: the message, and the transport that delivers it.

use accunode_domain::user::Email;
use async_trait::async_trait;

use crate::PortError;

/// A mail in plain text. Its text contains links with tokens, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The recipient.
    pub to: Email,
    /// The subject, one line.
    pub subject: String,
    /// The body, with lines ended by `\n`.
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

/// The transport of mails.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a mail. Takes as long as the mail server does.
    ///
    /// # Errors
    /// `Unavailable` if a later attempt may succeed, `Internal` if none will.
    async fn send(&self, message: &Message) -> Result<(), PortError>;

    /// Returns whether mails reach users. If they do not, users cannot be asked to prove
    /// their address by mail.
    fn delivers(&self) -> bool;
}
