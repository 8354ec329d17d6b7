//! Mail over SMTP, or into a folder where there is no mail server.
//!
//! [`SmtpMailer`] hands mails to a server, over TLS unless that is this machine;
//! [`FileMailer`] writes each into a file that its operator can open, and says that
//! no one gets it. Both write the same mail, made by `compose`. May depend on the ports
//! and on nothing else of the workspace.

mod compose;
mod file;
mod smtp;

pub use compose::{Composer, Sender};
pub use file::FileMailer;
pub use smtp::{SmtpMailer, SmtpUrl};

use accunode_ports::PortError;

/// What a mailer's error is about.
const WHAT: &str = "mail";

fn internal(cause: impl Into<accunode_ports::error::Cause>) -> PortError {
    PortError::Internal {
        what: WHAT,
        cause: cause.into(),
    }
}
