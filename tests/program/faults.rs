//! The short form of the fault run: the same scenarios as `make fault`, each about ten seconds.

use accunode_tests::fault::{Options, Outcome, scenario};

use crate::running::PROGRAM;

#[expect(
    clippy::print_stdout,
    reason = "whoever reads the log must see what was not run"
)]
async fn holds(name: &str) {
    let options = Options {
        program: PROGRAM.into(),
        seed: 4711,
        short: true,
    };
    match scenario(name, &options).await {
        Ok(Outcome::Done(_)) => {}
        Ok(Outcome::Skipped(why)) => println!("{name}: skipped, {why}"),
        Err(error) => panic!("{name}: {error:#}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_no_row() {
    holds("kills").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_of_postgresql_end_by_themselves() {
    holds("database").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_survived() {
    holds("disk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_of_redis_end_by_themselves() {
    holds("redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_nothing() {
    holds("restarts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicting_work_is_answered_without_failures() {
    holds("conflicts").await;
}
