//! The system account that the server runs as, and the accounts that may connect.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use accunode_embedded_postgres::{EmbeddedError, EmbeddedPostgres};
use nix::unistd::{Uid, User};
use tempfile::TempDir;

use crate::kit::{ask, eventually, folder, options, start};

/// Returns the accounts of this machine that programs of other owners may run as.
fn other_accounts() -> Vec<User> {
    ["postgres", "nobody", "daemon"]
        .into_iter()
        .filter_map(|name| User::from_name(name).expect("the accounts"))
        .collect()
}

/// Returns whether the tests can act as another user. Without root they test nothing.
fn is_root() -> bool {
    Uid::effective().is_root()
}

fn programs(server: &EmbeddedPostgres) -> PathBuf {
    let folder = ask(
        server,
        "SELECT setting FROM pg_config WHERE name = 'BINDIR'",
    );
    PathBuf::from(folder)
}

/// Returns the output of `psql` when an account of the system connects with a role of the
/// database.
fn connect(psql: &Path, home: &Path, account: &User, role: &str) -> Output {
    Command::new(psql)
        .args(["--no-psqlrc", "--no-password", "--tuples-only"])
        .args(["--command", "SELECT 'I am in'"])
        .args(["--dbname", "postgres", "--username", role])
        .env_clear()
        .env("PGHOST", home.join("run"))
        .current_dir("/")
        .uid(account.uid.as_raw())
        .gid(account.gid.as_raw())
        .output()
        .expect("psql runs")
}

#[test]
fn other_system_accounts_cannot_connect_as_any_role() {
    if !is_root() {
        return;
    }
    let home = folder();
    let server = start(home.path());
    let psql = programs(&server).join("psql");
    let refused = |account: &User| {
        for role in ["postgres", "accunode_owner", "accunode_server"] {
            let answer = connect(&psql, home.path(), account, role);
            let text = String::from_utf8_lossy(&answer.stderr).into_owned();
            assert!(
                !answer.status.success(),
                "{} became {role}: {text}",
                account.name
            );
            assert!(!String::from_utf8_lossy(&answer.stdout).contains("I am in"));
        }
    };
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("open");
    other_accounts().iter().for_each(refused);

    // The modes of the folder and the socket are not the only protection.
    let run = home.path().join("run");
    fs::set_permissions(&run, Permissions::from_mode(0o777)).expect("open");
    fs::set_permissions(run.join(".s.PGSQL.5432"), Permissions::from_mode(0o777)).expect("open");
    for account in other_accounts() {
        refused(&account);
        let answer = connect(&psql, home.path(), &account, "postgres");
        let text = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(text.contains("Peer authentication failed"), "{text}");
    }
    let root = User::from_uid(Uid::from_raw(0))
        .expect("the accounts")
        .expect("root");
    let answer = connect(&psql, home.path(), &root, "postgres");
    assert!(answer.status.success(), "root is the service");
}

#[test]
fn server_started_by_root_runs_as_a_dedicated_account() {
    if !is_root() {
        return;
    }
    let home = folder();
    let server = start(home.path());
    let process = fs::metadata(format!("/proc/{}", server.pid().expect("it runs")));
    let uid = process.expect("it runs").uid();
    assert_ne!(uid, 0);
    for account in other_accounts() {
        assert_ne!(uid, account.uid.as_raw(), "{}", account.name);
    }
}

/// Returns a stopped server's folder as earlier versions left it: owned by the shared
/// account `nobody`, and open to every role.
fn folder_of_nobody() -> Option<(TempDir, PathBuf, User)> {
    if !is_root() {
        return None;
    }
    let nobody = User::from_name("nobody").expect("the accounts")?;
    let home = folder();
    let server = start(home.path());
    ask(
        &server,
        "WITH made AS (SELECT lo_create(4711)) SELECT 'ok' FROM made",
    );
    let programs = programs(&server);
    server.stop().expect("it stops");
    fs::write(
        home.path().join("data/pg_hba.conf"),
        "local all all trust\n",
    )
    .expect("written");
    for name in ["data", "run"] {
        give(&home.path().join(name), &nobody);
    }
    Some((home, programs, nobody))
}

fn give(path: &Path, to: &User) {
    lchown(path, Some(to.uid.as_raw()), Some(to.gid.as_raw())).expect("given");
    if path.symlink_metadata().expect("there").is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            give(&entry.expect("an entry").path(), to);
        }
    }
}

#[test]
fn data_folder_of_a_shared_account_is_reassigned() {
    let Some((home, _, nobody)) = folder_of_nobody() else {
        return;
    };
    let server = start(home.path());
    let count = ask(
        &server,
        "SELECT count(*)::text FROM pg_largeobject_metadata WHERE oid = 4711",
    );
    assert_eq!(count, "1", "the data is still there");
    for name in ["data", "data/base", "data/PG_VERSION", "run"] {
        let found = home.path().join(name).metadata().expect("there");
        assert_ne!(found.uid(), nobody.uid.as_raw(), "{name}");
        assert_ne!(found.uid(), 0, "{name}");
    }
    let rules = fs::read_to_string(home.path().join("data/pg_hba.conf")).expect("read");
    assert!(!rules.contains("trust"), "{rules}");
}

#[test]
fn a_server_that_still_runs_as_a_shared_account_is_not_adopted() {
    let Some((home, programs, nobody)) = folder_of_nobody() else {
        return;
    };
    let data = home.path().join("data");
    let mut old = Command::new(programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(home.path().join("run"))
        .args(["-c", "listen_addresses=", "-c", "fsync=off"])
        .current_dir(&data)
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    eventually("the old server is ready", || {
        fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("ready"))
    });
    let refused = EmbeddedPostgres::start(&options(home.path())).expect_err("refused");
    old.kill().expect("it runs");
    old.wait().expect("waited for");
    assert!(
        matches!(&refused, EmbeddedError::RunsAsShared { from, .. } if from == "nobody"),
        "{refused}"
    );
}

#[test]
fn links_placed_by_a_shared_account_are_not_given_away() {
    let Some((home, _, nobody)) = folder_of_nobody() else {
        return;
    };
    let victim = home.path().join("victim");
    fs::write(&victim, "root's").expect("written");
    let inside = home.path().join("data/base/linked");
    for hard in [true, false] {
        if hard {
            fs::hard_link(&victim, &inside).expect("linked");
        } else {
            symlink(&victim, &inside).expect("linked");
        }
        let refused = EmbeddedPostgres::start(&options(home.path())).expect_err("refused");
        assert!(
            matches!(&refused, EmbeddedError::HandOver { path, .. } if *path == inside),
            "{refused}"
        );
        assert_eq!(victim.metadata().expect("there").uid(), 0);
        let data = home.path().join("data").metadata().expect("there");
        assert_eq!(data.uid(), nobody.uid.as_raw(), "the folder comes last");
        fs::remove_file(&inside).expect("removed");
    }
    // An interrupted run is continued.
    start(home.path());
}

#[test]
fn shared_account_is_refused_as_the_configured_account() {
    if !is_root() {
        return;
    }
    for account in other_accounts() {
        let home = folder();
        let mut options = options(home.path());
        options.account = Some(account.name.clone());
        let refused = EmbeddedPostgres::start(&options).expect_err("refused");
        assert!(
            matches!(&refused, EmbeddedError::Account { account: named, .. } if *named == account.name),
            "{refused}"
        );
    }
}
