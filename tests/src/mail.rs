//! The mails of the service: without a mail server each mail is a file.

use std::{fs, time::Duration};

use crate::Service;

/// A mail as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The recipient.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text, lines ended by `\n`.
    pub text: String,
}

impl Mail {
    /// Returns the token of its link.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    #[track_caller]
    pub fn token(&self) -> String {
        let (_, rest) = self.text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

impl Service {
    /// Waits until no mail is in progress any more.
    ///
    /// # Panics
    /// If mails hang.
    pub async fn mails_sent(&self) {
        let outbox = &self.wired().application.ports().mail;
        let left = outbox.finish(Duration::from_secs(30)).await;
        assert_eq!(left, 0, "mails hang");
    }

    /// Returns every mail to this address, oldest first, when none is in progress any more.
    ///
    /// # Panics
    /// If mails hang, or cannot be parsed.
    pub async fn mails_to(&self, email: &str) -> Vec<Mail> {
        self.mails_sent().await;
        let Ok(folder) = fs::read_dir(self.folder().join("mail")) else {
            return Vec::new();
        };
        // Their names are ids, which sort by time.
        let mut paths: Vec<_> = folder
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| read(&fs::read_to_string(path).expect("a mail")))
            .filter(|mail| mail.to == email)
            .collect()
    }

    /// Returns the newest mail to this address.
    ///
    /// # Panics
    /// If there is none.
    pub async fn last_mail_to(&self, email: &str) -> Mail {
        let mails = self.mails_to(email).await;
        mails.into_iter().next_back().expect("a mail")
    }
}

pub(crate) fn read(text: &str) -> Mail {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").expect("head and body");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    Mail {
        to: field("To:"),
        subject: field("Subject:"),
        text: body.to_owned(),
    }
}
