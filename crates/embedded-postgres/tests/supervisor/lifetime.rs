//! The life of the server from start to stop, and what remains afterwards.

use std::os::unix::fs::MetadataExt;

use accunode_embedded_postgres::{EmbeddedOptions, EmbeddedPostgres};
use nix::sys::signal::Signal;

use crate::kit::{Service, ask, eventually, folder, options, processes, signal, start};

#[test]
fn start_and_stop_leave_no_process_and_no_lock() {
    let home = folder();
    let server = start(home.path());
    assert!(!server.is_adopted());
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
    assert!(processes(home.path()).len() > 1);

    server.stop().expect("it stops");
    assert_eq!(processes(home.path()), Vec::<i32>::new());
    assert!(!home.path().join("data/postmaster.pid").exists());
}

#[test]
fn dropping_the_server_stops_it() {
    let home = folder();
    drop(start(home.path()));
    assert_eq!(processes(home.path()), Vec::<i32>::new());
}

#[test]
fn data_survives_a_restart() {
    let home = folder();
    let server = start(home.path());
    ask(
        &server,
        "WITH made AS (SELECT lo_create(4711)) SELECT 'ok' FROM made",
    );
    server.stop().expect("it stops");

    let server = start(home.path());
    let count = ask(
        &server,
        "SELECT count(*)::text FROM pg_largeobject_metadata WHERE oid = 4711",
    );
    assert_eq!(count, "1");
}

#[test]
fn default_settings_match_the_specification() {
    let home = folder();
    let server =
        EmbeddedPostgres::start(&EmbeddedOptions::new(home.path()).with_setting("work_mem", "6MB"))
            .expect("the server starts");
    let setting = |name: &'static str| ask(&server, name);
    assert_eq!(setting("SELECT current_setting('shared_buffers')"), "256MB");
    assert_eq!(setting("SELECT current_setting('work_mem')"), "6MB");
    assert_eq!(
        setting("SELECT current_setting('maintenance_work_mem')"),
        "64MB"
    );
    assert_eq!(
        setting("SELECT current_setting('effective_cache_size')"),
        "1GB"
    );
    assert_eq!(setting("SELECT current_setting('max_connections')"), "100");
    assert_eq!(setting("SELECT current_setting('fsync')"), "on");
    assert_eq!(setting("SELECT current_setting('data_checksums')"), "on");
    assert_eq!(setting("SELECT current_setting('listen_addresses')"), "");
    assert_eq!(
        setting("SELECT upper('é')"),
        "É",
        "letters beyond ASCII are letters"
    );
}

#[test]
fn data_and_socket_are_private_and_the_server_is_not_root() {
    let home = folder();
    let server = start(home.path());
    for name in ["data", "run"] {
        let found = home.path().join(name).metadata().expect("made");
        assert_eq!(found.mode() & 0o777, 0o700, "{name}");
        assert_ne!(found.uid(), 0, "{name}");
    }
    let process = std::fs::metadata(format!("/proc/{}", server.pid().expect("it runs")));
    assert_ne!(process.expect("it runs").uid(), 0);
}

#[test]
fn home_too_long_for_a_socket_is_served() {
    let outer = folder();
    let server = start(&outer.path().join("x".repeat(90)));
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
}

#[test]
fn server_outlives_the_thread_that_started_it() {
    let home = folder();
    let path = home.path().to_owned();
    let server = std::thread::spawn(move || start(&path))
        .join()
        .expect("the thread ends well");
    let pid = server.pid();
    assert_eq!(
        ask(&server, "SELECT pg_sleep(1)::text || 'still here'"),
        "still here"
    );
    assert_eq!(server.pid(), pid);
}

#[cfg(target_os = "linux")]
#[test]
fn service_that_ends_or_is_killed_leaves_no_server_running() {
    for end in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT] {
        let home = folder();
        let mut service = Service::spawn(home.path());
        service.ready();
        assert!(!processes(home.path()).is_empty());
        service.end(end);
        eventually(&format!("no server is left after {end}"), || {
            processes(home.path()).is_empty()
        });
    }
}

#[test]
fn server_that_dies_is_restarted() {
    let home = folder();
    let server = start(home.path());
    let first = server.pid().expect("it runs");
    signal(first, Signal::SIGKILL);
    eventually("another server runs", || {
        server.pid().is_some_and(|pid| pid != first)
            && EmbeddedPostgres::start(&options(home.path())).is_ok_and(|found| found.is_adopted())
    });
    assert_eq!(ask(&server, "SELECT 'hello'"), "hello");
}

#[test]
fn server_is_not_in_the_process_group_of_the_terminal() {
    let home = folder();
    let server = start(home.path());
    let group = |pid: Option<u32>| {
        let pid = pid.map(|pid| nix::unistd::Pid::from_raw(pid.cast_signed()));
        nix::unistd::getpgid(pid).expect("it runs")
    };
    assert_ne!(group(server.pid()), group(None));
}
