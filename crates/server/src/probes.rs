//! Readiness probes of everything except the database.

use std::{sync::Arc, time::Duration};

use accunode_files::ObjectFileStore;
use accunode_mail::SmtpMailer;
use accunode_ports::health::{Failing, Probe};
use async_trait::async_trait;

/// Checks that uploaded files can be stored.
#[derive(Debug)]
pub(crate) struct FilesProbe(pub(crate) Arc<ObjectFileStore>);

#[async_trait]
impl Probe for FilesProbe {
    fn check(&self) -> &'static str {
        "files"
    }

    /// The check writes, so it should not run every second.
    fn holds_for(&self) -> Duration {
        Duration::from_secs(15)
    }

    async fn run(&self) -> Result<(), Failing> {
        let detail = "uploaded files cannot be kept: the file store is away, full or read-only";
        let failing = |error| Failing::new("files", "not_writable", detail).because(error);
        self.0.probe().await.map_err(failing)
    }
}

/// Checks that the mail server accepts mails.
#[derive(Debug)]
pub(crate) struct MailProbe(pub(crate) SmtpMailer);

#[async_trait]
impl Probe for MailProbe {
    fn check(&self) -> &'static str {
        "mail"
    }

    /// Everything else works without mails. All processes have the same mail server, so
    /// none would be left to receive requests.
    fn is_required(&self) -> bool {
        false
    }

    /// Mail servers reject clients that connect all the time.
    fn holds_for(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run(&self) -> Result<(), Failing> {
        let failing = |error| {
            Failing::new("mail", "unavailable", "the mail server does not answer").because(error)
        };
        self.0.probe().await.map_err(failing)
    }
}
