//! Helpers for the program while it serves.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

pub(crate) use accunode_tests::{Serving, data_folder as folder};

/// The program that was built for these tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_accunode-tested");

/// Returns a command of the program with a data folder, fast settings and no limits.
pub(crate) fn command(data_dir: &Path) -> Command {
    accunode_tests::command(PROGRAM, data_dir)
}

/// Starts the same, serving on a free port.
pub(crate) fn start(data_dir: &Path) -> Serving {
    Serving::of(command(data_dir))
}

/// Returns the processes that read uploads for the process with this id.
pub(crate) fn parser_processes(server: u32) -> Vec<u32> {
    let server = server.to_string();
    std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            let mut arguments = line.split('\0');
            arguments.next() == Some("accunode-parser") && arguments.any(|text| text == server)
        })
        .collect()
}

/// Returns the processes that work in the embedded database's data folder.
pub(crate) fn database_processes(data_dir: &Path) -> Vec<u32> {
    let data: PathBuf = data_dir.join("postgres/data");
    std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
        })
        .collect()
}

/// Polls for a change by another process, for which there is no event to await.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
