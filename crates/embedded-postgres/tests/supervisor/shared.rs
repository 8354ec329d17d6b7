//! Several processes on one folder.

use accunode_embedded_postgres::EmbeddedPostgres;
use nix::sys::signal::Signal;

use crate::kit::{Service, ask, folder, options, processes, start};

#[test]
fn second_start_adopts_the_running_server() {
    let home = folder();
    let mut service = Service::spawn(home.path());
    let (pid, _) = service.ready();

    let second = start(home.path());
    assert!(second.is_adopted());
    assert_eq!(second.pid(), Some(pid));
    assert_eq!(ask(&second, "SELECT 'hello'"), "hello");
    second.stop().expect("nothing to stop");

    let third = start(home.path());
    assert!(third.is_adopted(), "the second one's stop left it running");
    service.end(Signal::SIGKILL);
}

#[test]
fn concurrent_starts_share_one_server() {
    let home = folder();
    let mut services: Vec<Service> = (0..4).map(|_| Service::spawn(home.path())).collect();
    let ready: Vec<(u32, bool)> = services.iter_mut().map(Service::ready).collect();

    assert_eq!(
        ready.iter().filter(|(_, adopted)| !adopted).count(),
        1,
        "{ready:?}"
    );
    assert!(ready.iter().all(|(pid, _)| *pid == ready[0].0), "{ready:?}");
}

#[test]
fn start_after_the_service_was_killed_owns_the_server() {
    let home = folder();
    let mut service = Service::spawn(home.path());
    let (pid, _) = service.ready();
    service.end(Signal::SIGKILL);

    crate::kit::eventually("a start of one's own", || {
        let server = EmbeddedPostgres::start(&options(home.path())).expect("the server starts");
        !server.is_adopted() && server.pid() != Some(pid)
    });
    assert_eq!(processes(home.path()), Vec::<i32>::new());
}
