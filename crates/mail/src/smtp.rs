//! Mails over SMTP.

use std::{error::Error, fmt, net::IpAddr, str::FromStr, time::Duration};

use accunode_ports::{
    PortError,
    mail::{Mailer, Message},
};
use async_trait::async_trait;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::{Host, Url};

use crate::{Composer, WHAT, internal};

/// The time limit of one step of the dialogue with the server.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// The address of the mail server, and how to connect: `smtps://` is TLS from the first
/// byte, `smtp://` is STARTTLS, and plain text only on this machine or if `?tls=none`
/// requests it. It contains a password: its `Debug` shows the host only.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    /// The rule for its form, for users.
    pub const RULE: &str = "must be a URL such as smtps://user:password@mail.example:465 or smtp://mail.example:587, with ?tls=none for a server without TLS that asks for no password";

    /// Returns the URL in lettre's form: `tls` is `required` or absent.
    fn for_lettre(&self) -> Url {
        let mut url = self.0.clone();
        url.set_query((url.scheme() == "smtp" && !self.in_the_clear()).then_some("tls=required"));
        url
    }

    fn in_the_clear(&self) -> bool {
        self.0.scheme() == "smtp"
            && match self.0.query() {
                None => self.is_this_machine(),
                Some(query) => query == "tls=none",
            }
    }

    fn is_this_machine(&self) -> bool {
        // For a scheme that is not special the host stays text, also if it is an address.
        match self.0.host() {
            Some(Host::Domain(name)) => {
                name.eq_ignore_ascii_case("localhost")
                    || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| Self::RULE)?;
        let query = matches!(
            (url.scheme(), url.query()),
            ("smtps", None) | ("smtp", None | Some("tls=none" | "tls=required"))
        );
        let name_alone = !url.username().is_empty() && url.password().is_none();
        if !query || url.host().is_none() || url.fragment().is_some() || name_alone {
            return Err(Self::RULE);
        }
        let url = Self(url);
        if url.in_the_clear() && url.0.password().is_some() && !url.is_this_machine() {
            return Err(Self::RULE);
        }
        Ok(url)
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpUrl").field(&self.0.host_str()).finish()
    }
}

/// Sends mails through a server. Connections are kept for a while and reused.
#[derive(Clone, Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    composer: Composer,
}

impl SmtpMailer {
    /// Creates a mailer for the server at this URL, which connects with the first mail.
    /// Call it within the runtime.
    ///
    /// # Errors
    /// `Internal` if the machine's certificates cannot be used.
    pub fn new(url: &SmtpUrl, composer: Composer) -> Result<Self, PortError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.for_lettre().as_str())
            .map_err(internal)?
            .timeout(Some(SEND_TIMEOUT))
            .build();
        Ok(Self {
            transport,
            composer,
        })
    }
}

impl SmtpMailer {
    /// Checks that the mail server accepts mails: connects, greets and signs in.
    ///
    /// # Errors
    /// `Unavailable` if it does not.
    pub async fn probe(&self) -> Result<(), PortError> {
        let unavailable =
            |cause: accunode_ports::error::Cause| PortError::Unavailable { what: WHAT, cause };
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(unavailable("it does not answer NOOP".into())),
            Err(error) => Err(unavailable(error.into())),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, message: &Message) -> Result<(), PortError> {
        let (_, mail) = self.composer.compose(message)?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(internal(Refused(error))),
            Err(error) => Err(PortError::Unavailable {
                what: WHAT,
                cause: error.into(),
            }),
        }
    }

    fn delivers(&self) -> bool {
        true
    }
}

/// The server refused the mail. Its message may repeat the mail, so only its code is
/// reported.
#[derive(Debug)]
struct Refused(lettre::transport::smtp::Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.status() {
            Some(code) => write!(f, "the mail server refused with {code}"),
            None => f.write_str("the mail server refused"),
        }
    }
}

impl Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_mail_server_requires_tls() {
        for (text, lettre) in [
            ("smtps://u:p@mail.example", "smtps://u:p@mail.example"),
            (
                "smtp://u:p@mail.example:587",
                "smtp://u:p@mail.example:587?tls=required",
            ),
            (
                "smtp://mail.example?tls=required",
                "smtp://mail.example?tls=required",
            ),
            ("smtp://10.0.0.1:25?tls=none", "smtp://10.0.0.1:25"),
            ("smtp://localhost:2525", "smtp://localhost:2525"),
            ("smtp://u:p@127.0.0.1:2525", "smtp://u:p@127.0.0.1:2525"),
            (
                "smtp://localhost?tls=required",
                "smtp://localhost?tls=required",
            ),
        ] {
            let url: SmtpUrl = text.parse().unwrap();
            assert_eq!(url.for_lettre().as_str(), lettre, "{text}");
        }
    }

    #[test]
    fn smtp_password_needs_tls_and_is_never_shown() {
        assert!(
            "smtp://u:p@mail.example?tls=none"
                .parse::<SmtpUrl>()
                .is_err()
        );
        let url: SmtpUrl = "smtps://u:pa55@mail.example".parse().unwrap();
        assert_eq!(format!("{url:?}"), r#"SmtpUrl(Some("mail.example"))"#);
    }

    #[test]
    fn invalid_smtp_url_is_refused() {
        for bad in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp:///x",
            "smtp://user@mail.example",
            "smtp://mail.example?tls=opportunistic",
            "smtps://mail.example?tls=none",
        ] {
            assert!(bad.parse::<SmtpUrl>().is_err(), "{bad:?}");
        }
    }
}
