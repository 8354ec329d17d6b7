//! Mail over SMTP, or into a folder where there is no mail server.
//!
//! [`SmtpMailer`] sends mails to a server, over TLS unless that is this machine;
//! [`FileMailer`] writes each to a file that its operator can open, and reports that mails
//! are not delivered. Both write the same mail, made by `compose`. The crate may depend on
//! the ports and on nothing else of the workspace.

mod compose;
mod file;
mod smtp;

pub use compose::{Composer, Sender};
pub use file::FileMailer;
pub use smtp::{SmtpMailer, SmtpUrl};

use accunode_ports::PortError;

/// The name of the port in a mailer's errors.
const WHAT: &str = "mail";

fn internal(cause: impl Into<accunode_ports::error::Cause>) -> PortError {
    PortError::Internal {
        what: WHAT,
        cause: cause.into(),
    }
}
