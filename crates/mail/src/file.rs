//! Mails as files, for installations without a mail server.

use std::{
    io,
    path::{Path, PathBuf},
};

use accunode_ports::{
    PortError,
    mail::{Mailer, Message},
};
use async_trait::async_trait;
use tokio::{
    fs::{self, DirBuilder, OpenOptions},
    io::AsyncWriteExt,
};

use crate::{Composer, WHAT};

/// Writes each mail to a separate file, readable for the service's user only, because it
/// may contain a token. It is not delivered unless the operator passes it on.
#[derive(Debug)]
pub struct FileMailer {
    folder: PathBuf,
    composer: Composer,
}

impl FileMailer {
    /// Writes mails to this folder, which is created with the first of them.
    #[must_use]
    pub fn new(folder: PathBuf, composer: Composer) -> Self {
        Self { folder, composer }
    }

    async fn write(&self, id: &str, mail: &[u8]) -> io::Result<PathBuf> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .await?;
        let (draft, path) = (
            self.folder.join(format!(".{id}.draft")),
            self.folder.join(format!("{id}.eml")),
        );
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .await?;
        file.write_all(mail).await?;
        file.flush().await?;
        // Readers of the folder only see complete mails.
        fs::rename(&draft, &path).await?;
        Ok(path)
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, message: &Message) -> Result<(), PortError> {
        let (id, mail) = self.composer.compose(message)?;
        let path =
            self.write(&id, &mail.formatted())
                .await
                .map_err(|cause| PortError::Unavailable {
                    what: WHAT,
                    cause: cause.into(),
                })?;
        tracing::info!(
            file = %Path::new(&path).display(),
            subject = message.subject,
            "no mail server is configured: a mail was written into a file"
        );
        Ok(())
    }

    fn delivers(&self) -> bool {
        false
    }
}
