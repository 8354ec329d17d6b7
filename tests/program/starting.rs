//! The responses of a process before it serves, or if it cannot.

use std::{io::Write, net::TcpListener, path::Path, process::Stdio};

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use accunode_tests::{Serving, TestUser};
use serde_json::Value;

use crate::running::{command, folder};

/// Starts a separate PostgreSQL that can be stopped and restarted at one address.
fn postgres(home: &Path) -> EmbeddedPostgres {
    let options = EmbeddedOptions::new(home)
        .without_durability()
        .with_roles([OWNER_ROLE, SERVER_ROLE])
        .with_setting("shared_buffers", "16MB");
    EmbeddedPostgres::start(&options).expect("the server starts")
}

async fn not_ready(anonymous: &TestUser) -> Value {
    let answer = anonymous.get("//health/ready").await;
    assert_eq!(answer.problem(503), "not_ready");
    answer.json()
}

#[tokio::test]
async fn process_without_database_is_live_not_ready_and_serves_later() {
    let (data, home) = (folder(), folder());
    let database = postgres(home.path());
    let url = database.superuser_url("postgres");
    let migrated = command(data.path())
        .args(["migrate", "up"])
        .env("DATABASE_URL", &url)
        .output()
        .expect("it ends");
    assert!(migrated.status.success(), "{migrated:?}");
    database.stop().expect("it stops");

    let mut program = command(data.path());
    program.env("DATABASE_URL", &url);
    let serving = Serving::listening(program);
    let anonymous = serving.anonymous();
    crate::running::eventually("it says why", || serving.log().contains("cannot serve yet")).await;
    assert!(
        serving.log().contains("connection refused"),
        "{}",
        serving.log()
    );
    assert_eq!(
        anonymous.get("//health/live").await.expect(200)["status"],
        "ok"
    );
    let _ = anonymous.get("//version").await.expect(200);
    let body = not_ready(&anonymous).await;
    assert_eq!(body["failing"][0]["check"], "database", "{body}");
    assert_eq!(body["failing"][0]["reason"], "connection_refused", "{body}");
    let since = body["failing"][0]["since"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert!(!body.to_string().contains("postgres@"), "{body}");
    let answer = anonymous.get("/me").await;
    assert_eq!(answer.problem(503), "starting");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(
        not_ready(&anonymous).await["failing"][0]["since"],
        since.as_str()
    );

    let database = postgres(home.path());
    crate::running::eventually("it serves", || serving.log().contains("serves on http://")).await;
    assert_eq!(
        anonymous.get("//health/ready").await.expect(200)["status"],
        "ok"
    );
    let ana = anonymous.register("ana@example.com").await;
    let _ = ana.get("/me").await.expect(200);
    assert!(serving.stop().success());
    drop(database);
}

#[tokio::test]
async fn process_waiting_for_its_database_stops_on_signal() {
    let data = folder();
    let mut program = command(data.path());
    program.env("DATABASE_URL", "postgres://ana:pa55@127.0.0.1:1/x");
    let serving = Serving::listening(program);
    let (status, log) = serving.stop_with_log();
    assert!(status.success(), "{log}");
    assert!(!log.contains("pa55"), "{log}");
}

#[test]
fn port_in_use_is_reported_before_a_database_is_created() {
    let data = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let output = command(data.path())
        .args(["serve", "--listen", &address])
        .output()
        .expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        stderr.contains(&format!("cannot listen on {address}")),
        "{stderr}"
    );
    assert!(!data.path().join("postgres").exists());
}

#[test]
fn misspelt_variable_is_refused_with_a_suggestion() {
    let data = folder();
    let output = command(data.path())
        .arg("config")
        .env("ACCUNODE_DB_POOLSIZE", "20")
        .output()
        .expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        stderr.contains("did you mean ACCUNODE_DB_POOL_SIZE?"),
        "{stderr}"
    );
}

#[test]
fn invalid_admin_create_arguments_fail_before_a_database_is_created() {
    let data = folder();
    let mut child = command(data.path())
        .args(["admin", "create", "--email", "nowhere", "--password-stdin"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(b"short\n").expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        stderr.contains("email: ") && stderr.contains("password: "),
        "{stderr}"
    );
    assert!(!data.path().join("postgres").exists());
}

#[tokio::test]
async fn pool_too_large_for_the_server_is_reported_at_start() {
    let database = accunode_tests::Database::create().await;
    let data = folder();
    let output = command(data.path())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--set",
            "db_pool_size=900",
        ])
        .env("DATABASE_URL", database.url())
        .output()
        .expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        stderr.contains("db_pool_size = 900") && stderr.contains("lower db_pool_size"),
        "{stderr}"
    );

    let output = command(data.path())
        .args(["serve", "--set", "postgres.settings.max_connections=5"])
        .output()
        .expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("must be at least") && stderr.contains("db_pool_size = 16"),
        "{stderr}"
    );
    assert!(!data.path().join("postgres").exists());
}
