//! Runs a command with a PostgreSQL and a Redis: `with-postgres cargo nextest run`.

use std::process::{Command, ExitCode};

use accunode_tests::{Postgres, REDIS_VARIABLE, Redis, URL_VARIABLE};
use anyhow::Context;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments
        .next()
        .context("usage: with-postgres PROGRAM [ARGUMENT…]")?;
    let server = Postgres::start()?;
    let redis = Redis::start()?;
    let status = Command::new(&program)
        .args(arguments)
        .env(URL_VARIABLE, server.url())
        .env(REDIS_VARIABLE, redis.url())
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    drop(redis);
    drop(server);
    Ok(ExitCode::from(
        u8::try_from(status.code().unwrap_or(1)).unwrap_or(1),
    ))
}
