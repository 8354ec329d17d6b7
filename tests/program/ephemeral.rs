//! `accunode serve --ephemeral`: a service for other programs' tests.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

use crate::running::{PROGRAM, folder};

/// A running ephemeral service; killed with this value.
struct Ephemeral {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    ready: Value,
}

impl Ephemeral {
    fn start(temporary: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--ephemeral"])
            .env("TMPDIR", temporary)
            // It must not use the database of the environment.
            .env("DATABASE_URL", "postgres://none@127.0.0.1:1/none")
            .env("ACCUNODE_LIMITS_AUTH", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next().expect("a line").expect("text");
        let ready = serde_json::from_str(&line).expect("JSON");
        Self {
            child,
            lines,
            ready,
        }
    }

    fn command(&mut self, line: &str) -> Value {
        let stdin = self.child.stdin.as_mut().expect("its input");
        writeln!(stdin, "{line}").expect("written");
        let answer = self.lines.next().expect("a line").expect("text");
        serde_json::from_str(&answer).expect("JSON")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready["api"].as_str().expect("a URL"))
    }

    async fn login(&self) -> String {
        let answer: Value = client()
            .post(self.url("/auth/login"))
            .json(&json!({
                "email": self.ready["administrator"]["email"],
                "password": self.ready["administrator"]["password"],
            }))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer}"))
            .to_owned()
    }

    async fn me(&self, token: &str) -> u16 {
        let request = client().get(self.url("/me")).bearer_auth(token);
        request.send().await.expect("an answer").status().as_u16()
    }

    fn signal(&mut self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("sent");
        let _ = self.child.wait().expect("it ends");
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn left(temporary: &Path) -> usize {
    std::fs::read_dir(temporary).expect("a folder").count()
}

#[tokio::test]
async fn ephemeral_service_has_its_own_clock_and_leaves_nothing() {
    let temporary = folder();
    let mut service = Ephemeral::start(temporary.path());
    // More often than the limit of the environment.
    let tokens = [service.login().await, service.login().await];
    for token in &tokens {
        assert_eq!(service.me(token).await, 200);
    }
    assert!(service.command("rubbish")["error"].is_string());
    assert!(service.command(r#"{"advance_seconds": 86400}"#)["now"].is_string());
    assert_eq!(
        service.me(&tokens[0]).await,
        401,
        "tokens live for less than a day"
    );
    assert_eq!(service.me(&service.login().await).await, 200);
    service.signal(Signal::SIGTERM);
    assert_eq!(left(temporary.path()), 0);

    let mut killed = Ephemeral::start(temporary.path());
    killed.signal(Signal::SIGKILL);
    assert_eq!(left(temporary.path()), 1, "no one could remove it");
    let mut next = Ephemeral::start(temporary.path());
    assert_eq!(left(temporary.path()), 1, "the next one did");
    next.signal(Signal::SIGTERM);
    assert_eq!(left(temporary.path()), 0);
}

#[test]
fn ephemeral_service_refuses_a_persistent_database() {
    let output = Command::new(PROGRAM)
        .args([
            "serve",
            "--ephemeral",
            "--set",
            "database_url=postgres://u@h/d",
        ])
        .output()
        .expect("it ends");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("leave database_url out"), "{error}");
}

fn client() -> reqwest::Client {
    accunode_tests::http().build().expect("a client")
}
