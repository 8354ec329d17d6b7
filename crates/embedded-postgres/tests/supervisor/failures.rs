//! Failures are reported clearly.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use accunode_embedded_postgres::{EmbeddedError, EmbeddedPostgres};
use nix::unistd::Uid;

use crate::kit::{folder, options, processes};

fn failure(options: &accunode_embedded_postgres::EmbeddedOptions) -> EmbeddedError {
    EmbeddedPostgres::start(options).expect_err("it cannot start")
}

/// Creates a folder with programs that report this version.
fn programs(folder: &Path, version: &str) {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("opened");
    for name in ["postgres", "initdb"] {
        let script = format!("#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n");
        fs::write(folder.join(name), script).expect("written");
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o755)).expect("opened");
    }
}

#[test]
fn data_folder_of_another_major_version_is_reported() {
    let home = folder();
    fs::create_dir(home.path().join("data")).expect("made");
    fs::write(home.path().join("data/PG_VERSION"), "9\n").expect("written");
    let error = failure(&options(home.path())).to_string();
    assert!(
        error.contains("made by PostgreSQL 9, and this machine has"),
        "{error}"
    );
    assert!(error.contains("pg_upgrade"), "{error}");
}

#[test]
fn outdated_postgres_programs_are_reported() {
    let (home, bin) = (folder(), folder());
    programs(bin.path(), "14.9 (Debian 14.9-1)");
    let mut options = options(home.path());
    options.bin_dir = Some(bin.path().to_owned());
    let error = failure(&options).to_string();
    assert!(
        error.contains("holds PostgreSQL 14.9: 15 or newer is needed"),
        "{error}"
    );
}

#[test]
fn configured_folder_without_the_programs_is_reported() {
    let (home, bin) = (folder(), folder());
    let mut options = options(home.path());
    options.bin_dir = Some(bin.path().to_owned());
    let error = failure(&options);
    assert!(
        matches!(&error, EmbeddedError::BinDir { path, .. } if path == bin.path()),
        "{error}"
    );
}

#[test]
fn setting_refused_by_the_server_is_reported_and_nothing_runs() {
    let home = folder();
    let error = failure(&options(home.path()).with_setting("work_mem", "much")).to_string();
    assert!(
        error.contains("work_mem") && error.contains("postgres.log"),
        "{error}"
    );
    assert_eq!(processes(home.path()), Vec::<i32>::new());
}

#[test]
fn folder_that_the_servers_account_cannot_enter_is_reported() {
    if !Uid::effective().is_root() {
        eprintln!("skipped: only root drops to another user");
        return;
    }
    let closed = folder();
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).expect("closed");
    let error = failure(&options(&closed.path().join("below")));
    assert!(
        matches!(&error, EmbeddedError::Unreachable { path, .. } if path == closed.path()),
        "{error}"
    );
}

#[test]
fn socket_folder_open_to_others_is_refused() {
    let home = folder();
    fs::create_dir(home.path().join("run")).expect("made");
    fs::set_permissions(home.path().join("run"), Permissions::from_mode(0o777)).expect("opened");
    let error = failure(&options(home.path()));
    assert!(
        matches!(error, EmbeddedError::SocketFolder { .. }),
        "{error}"
    );
}

/// Returns a complete data folder of a server that does not run.
fn cluster() -> tempfile::TempDir {
    let home = folder();
    crate::kit::start(home.path()).stop().expect("it stops");
    home
}

#[test]
fn data_folder_without_version_file_is_not_treated_as_empty() {
    let home = cluster();
    fs::remove_file(home.path().join("data/PG_VERSION")).expect("removed");
    let error = failure(&options(home.path())).to_string();
    assert!(
        error.contains("holds no PG_VERSION") && error.contains("restore it"),
        "{error}"
    );
}

#[test]
fn data_folder_open_to_others_is_reported_with_the_remedy() {
    let home = cluster();
    let data = home.path().join("data");
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("opened");
    let error = failure(&options(home.path())).to_string();
    assert!(
        error.contains("has the mode 0755") && error.contains("chmod 0700"),
        "{error}"
    );
}

#[test]
fn data_folder_of_another_user_is_reported_with_the_remedy() {
    if !Uid::effective().is_root() {
        eprintln!("skipped: only root gives folders away");
        return;
    }
    let home = cluster();
    let data = home.path().join("data");
    // The state after a restore by root.
    std::os::unix::fs::chown(data.join("PG_VERSION"), Some(0), Some(0)).expect("taken");
    let error = failure(&options(home.path())).to_string();
    assert!(
        error.contains("PG_VERSION belongs to another user") && error.contains("chown -R"),
        "{error}"
    );
    std::os::unix::fs::chown(&data, Some(0), Some(0)).expect("taken");
    let error = failure(&options(home.path())).to_string();
    assert!(error.contains("data belongs to another user"), "{error}");
}
