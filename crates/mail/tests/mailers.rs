//! Delivered mails: in a folder, and at a server that speaks SMTP.

#![expect(clippy::disallowed_methods, reason = "tests wait for what they spawn")]
#![expect(
    clippy::unwrap_used,
    reason = "a test cannot go on where its helpers fail"
)]

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use accunode_domain::user::Email;
use accunode_mail::{Composer, FileMailer, SmtpMailer};
use accunode_ports::{
    PortError,
    contract::TestClock,
    mail::{Mailer, Message},
    system::MockIdSource,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use uuid::Uuid;

fn composer() -> Composer {
    let mut ids = MockIdSource::new();
    let mut next = 0;
    ids.expect_new_id().returning_st(move || {
        next += 1;
        Uuid::from_u128(next)
    });
    Composer::new(
        "AccuNode <noreply@bank.example>".parse().unwrap(),
        Arc::new(TestClock::default()),
        Arc::new(ids),
    )
}

fn message(text: &str) -> Message {
    Message {
        to: Email::parse("/email", "ana@example.com").unwrap(),
        subject: "Grüße: confirm your address".to_owned(),
        text: text.to_owned(),
    }
}

const LINK: &str = "https://risk.bank.example/verify-email#token=ev_0123456789012345678901234567890123456789012345678901234567890123";

#[tokio::test]
async fn each_mail_is_a_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data/mail");
    let mailer = FileMailer::new(folder.clone(), composer());
    assert!(!mailer.delivers());
    mailer.send(&message(LINK)).await.unwrap();
    mailer.send(&message("second")).await.unwrap();

    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let name = |n| format!("{}.eml", Uuid::from_u128(n));
    assert_eq!(names, [name(1), name(2)]);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(folder.clone()), mode(folder.join(name(1)))),
        (0o700, 0o600)
    );

    let mail = std::fs::read_to_string(folder.join(name(1))).unwrap();
    for line in [
        "From: AccuNode <noreply@bank.example>",
        "To: ana@example.com",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "Message-ID: <00000000-0000-0000-0000-000000000001@bank.example>",
        "Auto-Submitted: auto-generated",
        LINK,
    ] {
        assert!(mail.lines().any(|l| l == line), "{line}: {mail}");
    }
}

#[tokio::test]
async fn unwritable_mail_folder_is_reported_as_unavailable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mailer = FileMailer::new(file.path().join("mail"), composer());
    let error = mailer.send(&message("x")).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable { .. }), "{error:?}");
}

/// The commands of a client, one by one; the mail is the last.
type ReceivedLines = Vec<String>;

/// Starts a server that accepts one mail, or refuses its recipient.
async fn server(refuse: bool) -> (String, JoinHandle<ReceivedLines>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://ana:secret@{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        talk(stream, refuse).await
    });
    (url, heard)
}

async fn talk(stream: TcpStream, refuse: bool) -> ReceivedLines {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut heard = Vec::new();
    let mut mail = None::<String>;
    write.write_all(b"220 test\r\n").await.unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(text) = &mut mail {
            if line != "." {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            heard.push(mail.take().unwrap());
            write.write_all(b"250 taken\r\n").await.unwrap();
            return heard;
        }
        let verb = line.split([' ', ':']).next().unwrap_or_default();
        let answer: &[u8] = match verb {
            "EHLO" => b"250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n",
            "AUTH" => b"235 welcome\r\n",
            "RCPT" if refuse => b"550 no such user\r\n",
            "DATA" => {
                mail = Some(String::new());
                b"354 go on\r\n"
            }
            _ => b"250 fine\r\n",
        };
        let done = verb == "QUIT" || answer.starts_with(b"550");
        heard.push(line);
        write.write_all(answer).await.unwrap();
        if done {
            return heard;
        }
    }
    heard
}

#[tokio::test]
async fn mail_is_delivered_over_smtp_with_its_recipient() {
    let (url, heard) = server(false).await;
    let mailer = SmtpMailer::new(&url.parse().unwrap(), composer()).unwrap();
    assert!(mailer.delivers());
    mailer.send(&message(LINK)).await.unwrap();
    let heard = heard.await.unwrap();
    let was_sent = |start: &str| heard.iter().any(|line| line.starts_with(start));
    assert!(was_sent("AUTH PLAIN"), "{heard:?}");
    assert!(was_sent("MAIL FROM:<noreply@bank.example>"), "{heard:?}");
    assert!(was_sent("RCPT TO:<ana@example.com>"), "{heard:?}");
    let mail = heard.last().unwrap();
    assert!(mail.lines().any(|line| line == LINK), "{mail}");
    assert!(mail.contains("Subject: =?utf-8?"), "{mail}");
}

#[tokio::test]
async fn refused_recipient_is_reported_without_the_servers_text() {
    let (url, heard) = server(true).await;
    let mailer = SmtpMailer::new(&url.parse().unwrap(), composer()).unwrap();
    let error = mailer.send(&message("x")).await.unwrap_err();
    let PortError::Internal { cause, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(cause.to_string(), "the mail server refused with 550");
    drop(heard.await);
}

#[tokio::test]
async fn unreachable_mail_server_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let mailer = SmtpMailer::new(&url.parse().unwrap(), composer()).unwrap();
    let error = mailer.send(&message("x")).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable { .. }), "{error:?}");
}
