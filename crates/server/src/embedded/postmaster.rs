//! What `postmaster.pid` says about a data folder, and mending it after a kill.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::EmbeddedError;

/// The process that serves this data folder. `None`: no file, or the process it names is
/// gone, a zombie, or somebody else who got the number since.
pub(super) fn running_pid(data: &Path) -> Option<u32> {
    let content = fs::read_to_string(pid_file(data)).ok()?;
    let pid: i32 = content.lines().next()?.trim().parse().ok()?;
    let alive = pid > 0 && kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH);
    (alive && serves(pid, data)).then_some(pid.unsigned_abs())
}

/// Whether the server says that it accepts connections (line 8 of the file).
pub(super) fn is_ready(data: &Path) -> bool {
    fs::read_to_string(pid_file(data)).is_ok_and(|content| {
        content
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}

/// Mends the file that a killed server left behind. Only call while no server runs.
///
/// The process id in it may by now belong to a zombie (containers without a reaping
/// init) or to an unrelated process of the same user, and PostgreSQL then refuses to
/// start. With our own id in its place PostgreSQL goes on, since it overlooks the id of
/// its parent, and still checks the shared memory that line 7 names: backends left over
/// from the killed server stay protected from a second one.
pub(super) fn mend(data: &Path) -> Result<(), EmbeddedError> {
    let path = pid_file(data);
    let content = match fs::read_to_string(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(EmbeddedError::io("read", &path)(source)),
    };
    let rest = content.split_once('\n').map_or("", |(_, rest)| rest);
    // Written in place, so that it keeps its owner; never through a link, since the
    // folder is the server's and this may be root.
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .and_then(|mut file| write!(file, "{}\n{rest}", std::process::id()))
        .map_err(EmbeddedError::io("mend", &path))
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Whether the process is a PostgreSQL server of this data folder.
fn serves(pid: i32, data: &Path) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        // No /proc (macOS), or gone this moment: there, let PostgreSQL judge itself.
        return !Path::new("/proc/self/stat").exists();
    };
    let Some((_, state)) = stat.split_once(" (postgres) ") else {
        return false;
    };
    if state.starts_with(['Z', 'X']) {
        return false;
    }
    // A server works in its data folder: one of another cluster may have the number now.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => fs::canonicalize(data).is_ok_and(|data| folder == data),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_no_server_does_not_count_as_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for pid in [
            std::process::id().to_string(),
            "0".into(),
            "-1".into(),
            "x".into(),
        ] {
            fs::write(pid_file(folder.path()), format!("{pid}\n")).expect("written");
            assert_eq!(running_pid(folder.path()), None, "{pid}");
        }
    }

    #[test]
    fn mending_keeps_everything_but_the_process_id() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = pid_file(folder.path());
        fs::write(
            &path,
            "1\n/data\n1700000000\n5432\n/run\n\n  12 34\nready   \n",
        )
        .expect("written");
        mend(folder.path()).expect("mended");
        let mended = fs::read_to_string(&path).expect("read");
        let expected = format!(
            "{}\n/data\n1700000000\n5432\n/run\n\n  12 34\nready   \n",
            std::process::id()
        );
        assert_eq!(mended, expected);
    }

    #[test]
    fn mending_does_not_write_through_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let victim = folder.path().join("victim");
        fs::write(&victim, "keep me").expect("written");
        std::os::unix::fs::symlink(&victim, pid_file(folder.path())).expect("linked");
        assert!(mend(folder.path()).is_err());
        assert_eq!(fs::read_to_string(&victim).expect("read"), "keep me");
    }
}
