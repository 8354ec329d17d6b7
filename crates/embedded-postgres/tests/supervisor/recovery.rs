//! The remains of a killed server must not block the next start.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use accunode_embedded_postgres::{Cancel, Condition, EmbeddedPostgres};
use nix::sys::signal::Signal;

use crate::kit::{Service, ask, eventually, folder, options, processes, signal, start};

#[test]
fn zombie_server_does_not_block_the_next_start() {
    let home = folder();
    let mut service = Service::spawn(home.path());
    let (pid, _) = service.ready();
    // The parent cannot reap while it is stopped: the server stays a zombie.
    signal(service.pid(), Signal::SIGSTOP);
    signal(pid, Signal::SIGKILL);
    eventually("the server is a zombie", || {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    });

    let server = start(home.path());
    assert!(!server.is_adopted());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
}

#[test]
fn pid_file_with_a_reused_process_id_is_recovered() {
    let home = folder();
    start(home.path()).stop().expect("it stops");
    let data = home.path().join("data");
    let owner = data.metadata().expect("made");
    // A live process of the server's own user: PostgreSQL itself would refuse to start.
    let mut stranger = Command::new("sleep")
        .arg("600")
        .uid(owner.uid())
        .gid(owner.gid())
        .spawn()
        .expect("a process");
    let file = data.join("postmaster.pid");
    let stale = format!(
        "{}\n{}\n1700000000\n5432\n{}\n\n        1         1\nready   \n",
        stranger.id(),
        data.display(),
        home.path().join("run").display()
    );
    fs::write(&file, stale).expect("written");
    std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).expect("given");
    fs::write(
        home.path().join("run/.s.PGSQL.5432.lock"),
        format!("{}\n", stranger.id()),
    )
    .expect("written");

    let server = start(home.path());
    assert!(!server.is_adopted());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    stranger.kill().expect("killed");
    stranger.wait().expect("waited for");
}

#[test]
fn session_busy_after_a_server_kill_only_delays_the_next_start() {
    let home = folder();
    let mut service = Service::spawn(home.path());
    let (pid, _) = service.ready();
    let adopted = start(home.path());
    let busy = std::thread::spawn(move || {
        let options = adopted.superuser_options("postgres");
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(async {
                use sqlx::{Connection, Executor, PgConnection};
                let mut connection = PgConnection::connect_with(&options).await?;
                // The backend computes and waits for nothing, not even the disk, so it does
                // not notice anything.
                connection
                    .execute("SELECT count(*) FROM (SELECT generate_series(1, 40000000)) numbers")
                    .await
            })
            .is_ok()
    });
    eventually("the session computes", || {
        processes(home.path()).into_iter().any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.contains("SELECT"))
        })
    });
    signal(service.pid(), Signal::SIGSTOP);
    signal(pid, Signal::SIGKILL);

    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    busy.join().expect("the session ended");
}

#[test]
fn interrupted_initdb_is_repeated() {
    let home = folder();
    let half = home.path().join("data.new");
    fs::create_dir(&half).expect("made");
    fs::write(half.join("PG_VERSION"), "15\n").expect("written");
    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    assert!(!half.exists());
}

/// Returns the process that the server's lock file names.
fn named(home: &std::path::Path) -> String {
    let text = fs::read_to_string(home.join("data/postmaster.pid")).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Checks that the server runs again and answers.
fn runs_again(server: &EmbeddedPostgres) {
    let condition = server.condition().expect("it is looked after");
    eventually("the server runs again", || {
        *condition.borrow() == Condition::Running
    });
    assert_eq!(ask(server, "SELECT 'hello'"), "hello");
}

#[test]
fn server_killed_while_starting_is_restarted() {
    let home = folder();
    let server = start(home.path());
    let mut last = server.pid().expect("it runs");
    signal(last, Signal::SIGKILL);
    for _ in 0..3 {
        eventually("another server is on its way up", || {
            server.pid().is_some_and(|pid| pid != last)
        });
        last = server.pid().unwrap_or(last);
        // It may have passed its start by now, or ended by itself.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(last.cast_signed()),
            Signal::SIGKILL,
        );
    }
    eventually("the last one is dead", || server.pid() != Some(last));
    runs_again(&server);
}

/// The pauses double: after the fifth death it has waited for 1, 2, 4, 8 and 16 seconds.
#[test]
fn repeated_server_deaths_are_survived_with_growing_pauses() {
    let home = folder();
    let server = start(home.path());
    let condition = server.condition().expect("it is looked after");
    let begun = std::time::Instant::now();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let died = server.pid().expect("it runs");
        signal(died, Signal::SIGKILL);
        eventually("it is down", || {
            matches!(*condition.borrow(), Condition::Down { .. })
        });
        if let Condition::Down { reason, pause } = *condition.borrow() {
            assert_eq!(reason, "ended");
            pauses.push(pause.as_secs());
        }
        assert_ne!(named(home.path()), std::process::id().to_string());
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while *condition.borrow() != Condition::Running {
            assert!(std::time::Instant::now() < end, "it does not run again");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_ne!(server.pid(), Some(died));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16]);
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    server.stop().expect("it stops");
    assert_eq!(processes(home.path()), Vec::<i32>::new());
}

#[test]
fn server_that_cannot_start_is_retried_until_it_can() {
    let home = folder();
    let server = start(home.path());
    let control = home.path().join("data/global/pg_control");
    let aside = home.path().join("data/pg_control.aside");
    fs::rename(&control, &aside).expect("moved away");
    signal(server.pid().expect("it runs"), Signal::SIGKILL);
    let condition = server.condition().expect("it is looked after");
    let log = home.path().join("postgres.log");
    eventually("two starts have failed", || {
        let log = fs::read(&log).expect("its log");
        String::from_utf8_lossy(&log)
            .matches("could not find the database system")
            .count()
            >= 2
    });
    assert!(matches!(
        *condition.borrow(),
        Condition::Down { .. } | Condition::Starting
    ));
    // Between two starts readers of the file must not take this process for the server.
    eventually("it waits for the next start", || {
        matches!(*condition.borrow(), Condition::Down { .. })
    });
    assert_ne!(named(home.path()), std::process::id().to_string());
    fs::rename(&aside, &control).expect("moved back");
    runs_again(&server);
    server.stop().expect("it stops");
    assert_eq!(processes(home.path()), Vec::<i32>::new());
}

#[test]
fn remaining_process_takes_over_the_server_of_an_ended_one() {
    let home = folder();
    let mut service = Service::spawn(home.path());
    let (first, _) = service.ready();
    let server = EmbeddedPostgres::start_to_stay(&options(home.path()), &Cancel::default())
        .expect("it is adopted");
    assert!(server.is_adopted());
    service.end(Signal::SIGKILL);
    eventually("its own server runs", || {
        server.pid().is_some_and(|pid| pid != first)
    });
    runs_again(&server);
    server.stop().expect("it stops");
    eventually("nothing is left", || processes(home.path()).is_empty());
}

#[test]
fn a_start_can_be_cancelled() {
    let home = folder();
    let server = start(home.path());
    let held = fs::OpenOptions::new()
        .write(true)
        .open(home.path().join("start.lock"))
        .expect("the lock");
    held.lock().expect("held");
    let cancel = Cancel::default();
    let (path, its) = (home.path().to_owned(), cancel.clone());
    let starting =
        std::thread::spawn(move || EmbeddedPostgres::start_to_stay(&options(&path), &its));
    cancel.cancel();
    let error = starting.join().expect("it ends").expect_err("cancelled");
    assert!(error.to_string().contains("cancelled"), "{error}");
    held.unlock().expect("free");
    drop(server);
}

#[test]
fn empty_or_corrupt_pid_file_does_not_block_the_next_start() {
    let home = folder();
    start(home.path()).stop().expect("it stops");
    let data = home.path().join("data");
    let owner = data.metadata().expect("made");
    for content in [&b""[..], b"\xff\xfe"] {
        let file = data.join("postmaster.pid");
        fs::write(&file, content).expect("written");
        std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).expect("given");
        let server = start(home.path());
        assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
        server.stop().expect("it stops");
    }
}

#[test]
fn a_full_disk_keeps_the_server_down_until_there_is_space_again() {
    let home = folder();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=128m,mode=0755", "tmpfs"])
        .arg(home.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("skipped: only root may mount a small disk");
        return;
    }
    let server = start(home.path());
    let ballast = home.path().join("ballast");
    // Fills the remaining space, like `dd` until the disk is full.
    let mut filler = Command::new("dd")
        .args(["if=/dev/zero", "bs=64k"])
        .arg(format!("of={}", ballast.display()))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("dd");
    filler.wait().expect("waited for");
    signal(server.pid().expect("it runs"), Signal::SIGKILL);
    let condition = server.condition().expect("it is looked after");
    eventually("it is down, and why", || {
        matches!(
            *condition.borrow(),
            Condition::Down {
                reason: "disk_full",
                ..
            }
        )
    });
    fs::remove_file(&ballast).expect("freed");
    runs_again(&server);
    server.stop().expect("it stops");
    let unmounted = Command::new("umount").arg(home.path()).status();
    assert!(unmounted.expect("umount").success());
}
