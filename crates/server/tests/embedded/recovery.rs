//! What a kill leaves behind must not block the next start.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::kit::{Service, ask, eventually, folder, processes, signal, start};

#[test]
fn a_killed_server_that_nobody_reaps_does_not_block_the_next_start() {
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
fn a_pid_file_whose_number_is_another_programs_by_now_is_recovered() {
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
fn a_session_still_busy_after_its_server_was_killed_only_delays_the_next_start() {
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
                // Computes and waits for nothing, not even the disk: so it notices nothing.
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
fn a_making_that_was_killed_half_way_is_done_again() {
    let home = folder();
    let half = home.path().join("data.new");
    fs::create_dir(&half).expect("made");
    fs::write(half.join("PG_VERSION"), "15\n").expect("written");
    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    assert!(!half.exists());
}
