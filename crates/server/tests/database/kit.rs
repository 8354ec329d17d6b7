//! Helpers of the tests: a folder, a server in it, and its processes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// Creates a temporary folder below /tmp, whose path is short.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in("/tmp").expect("a temporary folder")
}

/// Starts a server with fast settings for disposable data.
pub(crate) fn start(home: &Path) -> EmbeddedPostgres {
    let options = EmbeddedOptions::new(home)
        .without_durability()
        .with_roles([OWNER_ROLE, SERVER_ROLE])
        .with_setting("shared_buffers", "16MB");
    EmbeddedPostgres::start(&options).expect("the server starts")
}

/// Lets the tests' own user connect as a role other than the service's.
pub(crate) async fn allow_role(server: &EmbeddedPostgres, role: &str) {
    let me = nix::unistd::User::from_uid(nix::unistd::Uid::effective())
        .expect("the accounts")
        .expect("an account");
    let path = server.directory().join("pg_ident.conf");
    let mut text = fs::read_to_string(&path).expect("the server's file");
    text.push_str(&format!("accunode \"{}\" {role}\n", me.name));
    fs::write(&path, text).expect("written");
    let options = server.superuser_options("postgres");
    let mut connection = PgConnection::connect_with(&options)
        .await
        .expect("connected");
    sqlx::query("SELECT pg_reload_conf()")
        .execute(&mut connection)
        .await
        .expect("read again");
    // The server reads the file some time later, without reporting it.
    let options = server.connect_options(role, "accunode");
    let allowed = async {
        while PgConnection::connect_with(&options).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), allowed)
        .await
        .expect("the role may connect");
}

/// Returns every process that works in the data folder: the server and its backends.
pub(crate) fn processes(home: &Path) -> Vec<i32> {
    let data = home.join("data");
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data))
        .collect()
}
