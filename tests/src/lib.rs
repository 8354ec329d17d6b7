//! The test kit: a real PostgreSQL and Redis, a separate database for each test, the whole
//! service in this process, and users as request clients.
//!
//! - [`Postgres`]: the one server all tests share; `with-postgres` starts it around a
//!   whole run, and a test that runs without it starts one for its process
//! - [`Redis`]: the same for Redis, and separate servers that a test may stop;
//!   [`RedisSentinel`] and [`RedisCluster`]: several servers
//! - [`PgBouncer`]: a pooler in front of a PostgreSQL
//! - [`Database`]: a copy of the migrated template, dropped with its value
//! - [`Service`]: the application as the binary wires it, listening on a free port
//! - [`TestUser`]: a user who is signed in; `as_member.get("/companies")`
//! - [`Mail`]: the mails of the service; [`Postbox`]: a mail server that receives them
//! - [`ObjectStore`]: an object store with the S3 protocol
//! - [`Serving`]: the built program as a process; [`Balancer`] and [`Traffic`]: requests over
//!   several of them
//! - [`fault`]: injected faults in the built program
//! - [`tenancy`]: the organizations and users of the access matrix
//!
//! Tests that need rows of real companies look for the data folder beside the
//! checkout and say that they were skipped where it is absent.

#![expect(clippy::disallowed_methods, reason = "the kit ends what it spawns")]
#![expect(
    clippy::expect_used,
    reason = "a test cannot go on where its kit fails"
)]

pub mod fault;
mod kept;
mod mail;
mod object_store;
mod pgbouncer;
mod postbox;
mod program;
mod redis;
mod service;
mod sessions;
pub mod tenancy;
mod traffic;
mod user;

pub use accunode_test_database::{Database, Postgres, URL_VARIABLE};
pub use mail::Mail;
pub use object_store::ObjectStore;
pub use pgbouncer::PgBouncer;
pub use postbox::Postbox;
pub use program::{Serving, command, data_folder, free_address};
pub use redis::{REDIS_VARIABLE, Redis, RedisCluster, RedisSentinel};
pub use service::{Service, ServiceOptions};
pub use traffic::{Balancer, Figures, Traffic};
pub use user::{Answer, PASSWORD, TestUser};

/// Returns a builder of HTTP clients.
pub fn http() -> reqwest::ClientBuilder {
    accunode_files::provide_tls();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    reqwest::Client::builder()
}

/// Returns a file of real data, if the machine has it.
#[must_use]
pub fn real_data(name: &str) -> Option<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = root.join(name);
    path.is_file().then_some(path)
}
