//! Commands beside a running program.

use std::{io::Write, process::Stdio};

use accunode_tests::Redis;

use crate::running::{Serving, command, database_processes, folder, start};

#[tokio::test]
async fn administrator_is_created_beside_a_running_program() {
    let data = folder();
    let serving = start(data.path());
    let mut child = command(data.path())
        .args([
            "admin",
            "create",
            "--email",
            "root@example.com",
            "--password-stdin",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let password = format!("{}\n", accunode_tests::PASSWORD);
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(password.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!String::from_utf8_lossy(&output.stdout).contains(accunode_tests::PASSWORD));
    let root = serving.anonymous().login("root@example.com").await;
    assert_eq!(root.get("/me").await.expect(200)["role"], "super_admin");
    assert!(serving.stop().success());
    assert_eq!(database_processes(data.path()), Vec::<u32>::new());
}

#[tokio::test]
async fn second_program_on_the_same_data_refuses_to_serve() {
    let data = folder();
    let serving = start(data.path());
    let second = command(data.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .expect("it ends");
    assert!(!second.status.success());
    let stderr = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        stderr.contains("another AccuNode serves on this database"),
        "{stderr}"
    );
    let _ = serving.anonymous().get("//health/ready").await.expect(200);
}

#[tokio::test]
async fn programs_sharing_redis_serve_one_database_together() {
    let data = folder();
    let prefix = Redis::prefix();
    let shared = [
        ("REDIS_URL", Redis::shared_url()),
        ("ACCUNODE_REDIS_PREFIX", prefix.as_str()),
    ];
    let start = || {
        let mut program = command(data.path());
        program.envs(shared);
        Serving::of(program)
    };
    let (one, two) = (start(), start());
    let ana = one.anonymous().register("ana@example.com").await;
    let there = ana.at(&two.anonymous());
    assert_eq!(there.get("/me").await.expect(200)["email"], ana.email);
    let _ = there.post_nothing("/auth/logout").await.expect(204);
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");

    // A process that would keep its sessions to itself is refused.
    let third = command(data.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .expect("it ends");
    let stderr = String::from_utf8_lossy(&third.stderr).into_owned();
    assert!(
        !third.status.success() && stderr.contains("REDIS_URL"),
        "{stderr}"
    );
    assert!(two.stop().success());
    let _ = one.anonymous().get("//health/ready").await.expect(200);
    assert!(one.stop().success());
}

#[test]
fn openapi_document_is_printed_without_a_database() {
    let data = folder();
    let output = command(data.path())
        .arg("openapi")
        .output()
        .expect("it ends");
    assert!(output.status.success());
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("the document")).expect("JSON");
    assert!(
        printed == kept,
        "docs/openapi.json is not what the program prints"
    );
    assert!(!data.path().join("postgres").exists());
}
