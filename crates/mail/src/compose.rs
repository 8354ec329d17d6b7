//! Composes a mail (RFC 5322) of a message: its sender, its time, its id.

use std::{str::FromStr, sync::Arc, time::SystemTime};

use accunode_ports::{
    PortError,
    mail::Message,
    system::{Clock, IdSource},
};
use lettre::{
    Address,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use crate::internal;

/// The longest line that RFC 5322 allows, in bytes without its end.
const LONGEST_LINE: usize = 998;

/// The sender of the mails, such as `AccuNode <noreply@bank.example>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    /// The rule for a sender, for users.
    pub const RULE: &str = "must be an e-mail address, such as noreply@bank.example or AccuNode <noreply@bank.example>";
}

impl Default for Sender {
    /// The sender of mails that are written to files.
    fn default() -> Self {
        let placeholder = Address::new_dangerous("accunode", "localhost");
        Self(Mailbox::new(Some("AccuNode".to_owned()), placeholder))
    }
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| Self::RULE.to_owned())
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Composes mails of messages.
#[derive(Clone)]
pub struct Composer {
    sender: Sender,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Composer {
    /// Creates a composer for this sender.
    #[must_use]
    pub fn new(sender: Sender, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { sender, clock, ids }
    }

    /// Returns the mail. Its id sorts by time, as ids do.
    pub(crate) fn compose(
        &self,
        message: &Message,
    ) -> Result<(String, lettre::Message), PortError> {
        let to: Address = message.to.as_str().parse().map_err(internal)?;
        let from = &self.sender.0;
        let id = self.ids.new_id().to_string();
        let mail = lettre::Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject.clone())
            .date(SystemTime::from(self.clock.now()))
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            // RFC 3834: automatic responders do not answer it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(body(&message.text))
            .map_err(internal)?;
        Ok((id, mail))
    }
}

/// The text is not encoded if that is allowed, so that a link stays on one line and can
/// also be copied from a file; otherwise it gets a suitable encoding.
fn body(text: &str) -> Body {
    let plain = text
        .split('\n')
        .all(|line| line.len() <= LONGEST_LINE && !line.contains(|c: char| c.is_control()));
    if text.is_ascii() && plain {
        let lines = text.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(lines, ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

impl std::fmt::Debug for Composer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composer")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for good in ["a@b.example", "AccuNode <noreply@bank.example>"] {
            assert!(good.parse::<Sender>().is_ok(), "{good}");
        }
        for bad in ["", "AccuNode", "a@b@c", "a@b.example\r\nBcc: x@y.example"] {
            assert!(bad.parse::<Sender>().is_err(), "{bad:?}");
        }
    }
}
