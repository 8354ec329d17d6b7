//! Mails that wait behind the answers of the requests that caused them.

use std::{fmt, sync::Arc, time::Duration};

use accunode_ports::mail::{Mailer, Message};
use tokio::sync::watch;

/// Mails that may wait at once. A mail server that is away must not fill the memory.
const AT_MOST: usize = 1_000;

/// Sends mails in the background, after what they speak of is committed. Whoever asked
/// has his answer by then: neither a slow nor a failing mail server shows in it.
#[derive(Clone)]
pub struct Outbox {
    mailer: Arc<dyn Mailer>,
    under_way: watch::Sender<usize>,
}

impl Outbox {
    /// An outbox that hands its mails to `mailer`.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self {
            mailer,
            under_way: watch::Sender::new(0),
        }
    }

    /// Whether mails reach people; where they do not, nobody is asked to prove his
    /// address by one.
    #[must_use]
    pub fn delivers(&self) -> bool {
        self.mailer.delivers()
    }

    /// Sends a mail when there is time. One that cannot be sent is told in the log and
    /// not tried again: whoever misses it asks for another.
    pub fn post(&self, message: Message) {
        let free = self.under_way.send_if_modified(|count| {
            let free = *count < AT_MOST;
            *count += usize::from(free);
            free
        });
        if !free {
            tracing::error!(
                subject = message.subject,
                "a mail was dropped: too many wait"
            );
            return;
        }
        let done = Done(self.under_way.clone());
        let mailer = self.mailer.clone();
        tokio::spawn(async move {
            let _done = done;
            if let Err(error) = mailer.send(&message).await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(subject = message.subject, %error, cause, "a mail was not sent");
            }
        });
    }

    /// Waits until nothing is under way any more, but not longer than `patience`; answers
    /// how many mails are left.
    pub async fn finish(&self, patience: Duration) -> usize {
        let mut under_way = self.under_way.subscribe();
        let empty = under_way.wait_for(|count| *count == 0);
        // Elapsed: what is left is told.
        drop(tokio::time::timeout(patience, empty).await);
        *self.under_way.borrow()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("delivers", &self.delivers())
            .field("under_way", &*self.under_way.borrow())
            .finish_non_exhaustive()
    }
}

/// Counts a mail as gone, also where sending it panics.
struct Done(watch::Sender<usize>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::user::Email;
    use accunode_ports::{PortError, mail::MockMailer};
    use tokio::sync::Semaphore;

    use super::*;

    fn message() -> Message {
        Message {
            to: Email::from_stored("ana@example.com".to_owned()),
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_failing_mail_server_is_not_noticed_by_whoever_posts() {
        let mut mailer = MockMailer::new();
        mailer.expect_send().times(2).returning(|_| {
            Err(PortError::Unavailable {
                what: "mail",
                cause: "refused".into(),
            })
        });
        let outbox = Outbox::new(Arc::new(mailer));
        outbox.post(message());
        outbox.post(message());
        assert_eq!(outbox.finish(Duration::from_secs(5)).await, 0);
    }

    struct Stuck(Semaphore);

    #[async_trait::async_trait]
    impl Mailer for Stuck {
        async fn send(&self, _: &Message) -> Result<(), PortError> {
            drop(self.0.acquire().await);
            Ok(())
        }
        fn delivers(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn a_mail_server_that_hangs_holds_so_many_mails_and_no_more() {
        let stuck = Arc::new(Stuck(Semaphore::new(0)));
        let outbox = Outbox::new(stuck.clone());
        for _ in 0..AT_MOST + 5 {
            outbox.post(message());
        }
        assert_eq!(outbox.finish(Duration::ZERO).await, AT_MOST);
        stuck.0.add_permits(1);
        assert_eq!(outbox.finish(Duration::from_secs(5)).await, 0);
    }
}
