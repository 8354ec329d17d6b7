//! A mail server for tests, which receives every mail and keeps it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{Mail, ServiceOptions, mail};

/// A mail server on a free port of this machine. It ends with this value.
#[derive(Debug)]
pub struct Postbox {
    url: String,
    kept: Arc<Mutex<Vec<Mail>>>,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Postbox {
    /// Starts a server that receives mails at once.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let kept = Arc::new(Mutex::default());
        let (open, opened) = watch::channel(true);
        let into = kept.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that disconnects before the end has sent nothing.
                tokio::spawn(talk(stream, opened.clone(), into.clone()));
            }
        });
        Self {
            url,
            kept,
            open,
            task,
        }
    }

    /// Stops answering, until [`Self::go_on`].
    pub fn hang(&self) {
        self.open.send_replace(false);
    }

    /// Receives mails again.
    pub fn go_on(&self) {
        self.open.send_replace(true);
    }

    /// Returns options for a service that sends its mails here.
    #[must_use]
    pub fn options(&self) -> ServiceOptions {
        ServiceOptions::default()
            .with("smtp_url", &self.url)
            .with("mail_from", "AccuNode <noreply@bank.example>")
            .with("public_url", "https://risk.bank.example")
    }

    /// Returns every mail to this address, oldest first. [`crate::Service::mails_sent`]
    /// waits for those in progress.
    #[must_use]
    pub fn mails_to(&self, email: &str) -> Vec<Mail> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .filter(|mail| mail.to == email)
            .cloned()
            .collect()
    }
}

impl Drop for Postbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(
    stream: TcpStream,
    mut open: watch::Receiver<bool>,
    kept: Arc<Mutex<Vec<Mail>>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut text = None::<String>;
    // It ends with the test.
    drop(open.wait_for(|open| *open).await);
    write.write_all(b"220 postbox\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match &mut text {
            Some(mail) if line != "." => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            Some(mail) => {
                let mail = mail::read(mail);
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(mail);
                text = None;
                b"250 taken\r\n"
            }
            None if line == "DATA" => {
                text = Some(String::new());
                b"354 go on\r\n"
            }
            None => b"250 fine\r\n",
        };
        drop(open.wait_for(|open| *open).await);
        write.write_all(answer).await?;
    }
    Ok(())
}
