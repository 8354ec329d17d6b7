//! Mails that are sent after the responses of the requests that caused them.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use accunode_domain::{
    id::{OrganizationId, UserId},
    user::Email,
};
use accunode_ports::{
    limits::{self, Quota},
    mail::{Mailer, Message},
};
use accunode_tasks::Tasks;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::{Caller, Error, ErrorCode, Ports};

/// The largest number of queued mails. An unreachable mail server must not fill the memory.
const AT_MOST: usize = 1_000;

/// The kinds of mail that a user can have sent to another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailKind {
    Invitation,
    Verification,
    PasswordReset,
}

impl MailKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Verification => "verification",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// The limits on mails that users can cause. 0 is no limit; a day's mails may be sent at
/// once, and the budget refills over a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailQuotas {
    /// Mails of one kind to one address in a minute.
    pub per_address_per_minute: u32,
    /// Mails of one kind to one address in a day.
    pub per_address_per_day: u32,
    /// Mails of one user, or of one network address if the caller is not signed in, in a day.
    pub per_sender_per_day: u32,
    /// Mails of all users of one organization in a day.
    pub per_organization_per_day: u32,
}

impl Default for MailQuotas {
    fn default() -> Self {
        Self {
            per_address_per_minute: 1,
            per_address_per_day: 10,
            per_sender_per_day: 100,
            per_organization_per_day: 500,
        }
    }
}

/// The sender of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MailSender {
    /// A user who is signed in, and their organization.
    User(UserId, Option<OrganizationId>),
    /// A caller who is not signed in, at this network address.
    Stranger(Option<IpAddr>),
}

impl MailSender {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self::User(caller.actor.user(), caller.actor.organization())
    }
}

/// Permission to send one mail, consumed from every budget that it counts against. It is
/// acquired outside of a unit of work that may be repeated, and copied into each repetition.
#[derive(Clone, Copy, Debug)]
#[must_use = "it was acquired for a mail"]
pub(crate) struct MailPermit(());

/// A mail that may be posted: either its [`MailPermit`] was acquired, or it notifies a user
/// about their own account after they proved their identity.
#[derive(Clone, Debug)]
pub struct Letter(Message);

impl Letter {
    /// Creates a mail that another user can cause.
    pub(crate) fn permitted(message: Message, MailPermit(()): MailPermit) -> Self {
        Self(message)
    }

    /// Creates a notice to the owner of an account about a change that needed a proof.
    pub(crate) fn notice(message: Message) -> Self {
        Self(message)
    }
}

impl Ports {
    /// Acquires permission to send one mail of this kind to this address.
    ///
    /// # Errors
    /// `TooMany("too_many_mails")` with the budget that is used up; `Unavailable` if the
    /// limiter is unreachable.
    pub(crate) async fn mail_permit(
        &self,
        kind: MailKind,
        to: &Email,
        sender: MailSender,
    ) -> Result<MailPermit, Error> {
        let quotas = self.settings.mails;
        let kind = kind.as_str();
        let mailbox = mailbox(to);
        let (sender, organization) = match sender {
            MailSender::User(signed_in, organization) => (signed_in.to_string(), organization),
            MailSender::Stranger(ip) => (limits::principal(ip), None),
        };
        // The sender's own budget comes first: a sender who has used it up must not use up
        // those of others.
        let mut budgets = vec![(
            "mail_sender".to_owned(),
            Quota::per_day(quotas.per_sender_per_day),
            sender,
            "by one sender in a day",
        )];
        if let Some(organization) = organization {
            budgets.push((
                "mail_organization".to_owned(),
                Quota::per_day(quotas.per_organization_per_day),
                organization.to_string(),
                "by one organization in a day",
            ));
        }
        budgets.extend([
            (
                format!("mail_minute.{kind}"),
                Quota::per_minute(quotas.per_address_per_minute),
                mailbox.clone(),
                "to this address in a minute",
            ),
            (
                format!("mail_day.{kind}"),
                Quota::per_day(quotas.per_address_per_day),
                mailbox,
                "to this address in a day",
            ),
        ]);
        for (name, quota, principal, what) in budgets {
            let budget = self.limiter.consume_from(&name, quota, &principal).await?;
            if !budget.allowed {
                let seconds = budget.reset_seconds.max(1);
                return Err(Error::TooMany {
                    code: ErrorCode::TooManyMails,
                    detail: format!(
                        "at most {} such mails are sent {what}, and they were; try again in \
                         {seconds} s",
                        budget.limit
                    ),
                    seconds,
                });
            }
        }
        Ok(MailPermit(()))
    }
}

/// Returns the name under which the mails to an address are counted: `ana+1@…` and `ana+2@…`
/// are one mailbox. It is hashed, so that no store of limits lists addresses.
fn mailbox(to: &Email) -> String {
    let (name, host) = to.as_str().split_once('@').unwrap_or((to.as_str(), ""));
    let name = name.split('+').next().unwrap_or(name);
    hex::encode(Sha256::digest(format!("{name}@{host}").as_bytes()))
}

/// Sends mails in the background, after the change that they report is committed. The client
/// has its response by then, so that neither a slow nor a failing mail server delays it.
#[derive(Clone)]
pub struct Outbox {
    mailer: Arc<dyn Mailer>,
    tasks: Tasks,
    under_way: watch::Sender<usize>,
}

impl Outbox {
    /// Creates an outbox that passes its mails to `mailer`, as one of `tasks`.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>, tasks: Tasks) -> Self {
        Self {
            mailer,
            tasks,
            under_way: watch::Sender::new(0),
        }
    }

    /// Returns whether mails reach users; if not, users are not asked to prove their address
    /// by mail.
    #[must_use]
    pub fn delivers(&self) -> bool {
        self.mailer.delivers()
    }

    /// Sends a mail in the background. A failure is logged and not retried: the user can ask
    /// for another mail.
    pub fn post(&self, letter: Letter) {
        self.write(async move { Ok(Some(letter)) });
    }

    /// Decides in the background whether there is a mail to send, and sends it. The client
    /// has its response by then, so that neither the response nor its time reveals the
    /// decision.
    pub(crate) fn write(
        &self,
        letter: impl Future<Output = Result<Option<Letter>, Error>> + Send + 'static,
    ) {
        let free = self.under_way.send_if_modified(|count| {
            let free = *count < AT_MOST;
            *count += usize::from(free);
            free
        });
        if !free {
            tracing::error!("a mail was dropped: too many wait");
            return;
        }
        let done = MailCounter(self.under_way.clone());
        let mailer = self.mailer.clone();
        self.tasks.background(async move {
            let _done = done;
            match letter.await {
                Ok(Some(letter)) => send(&*mailer, letter).await,
                Ok(None) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a mail that was asked for was not written");
                }
            }
        });
    }

    /// Returns the number of mails in progress.
    #[must_use]
    pub fn waiting(&self) -> usize {
        *self.under_way.borrow()
    }

    /// Waits until no mail is in progress, but not longer than `patience`; returns how many
    /// mails are left.
    pub async fn finish(&self, timeout: Duration) -> usize {
        let mut under_way = self.under_way.subscribe();
        let empty = under_way.wait_for(|count| *count == 0);
        // On a timeout the remaining mails are reported.
        drop(tokio::time::timeout(timeout, empty).await);
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

async fn send(mailer: &dyn Mailer, Letter(message): Letter) {
    if let Err(error) = mailer.send(&message).await {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(subject = message.subject, %error, cause, "a mail was not sent");
    }
}

/// Counts a mail as finished, also if sending it panics.
struct MailCounter(watch::Sender<usize>);

impl Drop for MailCounter {
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
    async fn failing_mail_server_does_not_fail_posting() {
        let mut mailer = MockMailer::new();
        mailer.expect_send().times(2).returning(|_| {
            Err(PortError::Unavailable {
                what: "mail",
                cause: "refused".into(),
            })
        });
        let outbox = Outbox::new(Arc::new(mailer), Tasks::here());
        outbox.post(Letter::notice(message()));
        outbox.post(Letter::notice(message()));
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
    async fn hanging_mail_server_holds_a_bounded_number_of_mails() {
        let stuck = Arc::new(Stuck(Semaphore::new(0)));
        let outbox = Outbox::new(stuck.clone(), Tasks::here());
        for _ in 0..AT_MOST + 5 {
            outbox.post(Letter::notice(message()));
        }
        assert_eq!(outbox.finish(Duration::ZERO).await, AT_MOST);
        stuck.0.add_permits(1);
        assert_eq!(outbox.finish(Duration::from_secs(5)).await, 0);
    }
}
