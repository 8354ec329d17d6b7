//! The short form of the fault run: the same scenarios as `make fault`, each about ten seconds.

use std::{fs::File, process::Stdio, time::Duration};

use accunode_tests::{
    fault::{Options, Outcome, cluster, scenario},
    free_address,
};

use crate::running::{PROGRAM, command, folder};

fn options() -> Options {
    Options {
        program: PROGRAM.into(),
        seed: 4711,
        short: true,
        rows: 100_000,
        requests: 100_000,
    }
}

#[expect(clippy::print_stdout, reason = "the log must show what was not run")]
async fn holds(name: &str) {
    let options = options();
    match scenario(name, &options).await {
        Ok(Outcome::Done(_)) => {}
        Ok(Outcome::Skipped(why)) => println!("{name}: skipped, {why}"),
        Err(error) => panic!("{name}: {error:#}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_neither_lose_nor_repeat_rows() {
    holds("kills").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_recovers_from_postgresql_outages() {
    holds("database").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_recovers_from_a_full_disk() {
    holds("disk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_recovers_from_redis_outages() {
    holds("redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_nothing() {
    holds("restarts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn job_is_released_at_a_stop_and_resumed_after_a_kill() {
    holds("alone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_works_with_one_owner_of_nearly_every_row() {
    holds("one-owner").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicting_work_is_answered_without_server_errors() {
    holds("conflicts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_loses_nothing_when_its_parts_are_killed() {
    match cluster::run(&options()).await {
        Ok(report) => report.print(),
        Err(error) => panic!("{error:#}"),
    }
}

/// Every write to `/dev/full` fails as on a full disk. The log's own report of the failure used to
/// panic, and the panic hook's log line about it aborted the process.
#[tokio::test]
async fn unwritable_log_does_not_end_the_program() {
    let data = folder();
    let address = free_address();
    let full = File::options().write(true).open("/dev/full");
    let mut program = command(data.path())
        .args(["serve", "--listen", &address.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(full.expect("/dev/full"))
        .spawn()
        .expect("the program starts");
    let anonymous = accunode_tests::http().build().expect("a client");
    let url = format!("http://{address}/health/ready");
    let ended = loop {
        if let Some(status) = program.try_wait().expect("a child") {
            break Some(status);
        }
        let answer = anonymous.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            break None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let _ = program.kill();
    let _ = program.wait();
    assert!(ended.is_none(), "the program ended: {ended:?}");
}
