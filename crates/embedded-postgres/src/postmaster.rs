//! Reads `postmaster.pid` of a data folder, and repairs it after a kill.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::EmbeddedError;

/// Returns the process that serves this data folder. `None` if there is no file, or the
/// process that it names has ended, is a zombie, or is another one that got the number
/// since.
pub(super) fn running_pid(data: &Path) -> Option<u32> {
    let content = fs::read(pid_file(data)).ok()?;
    let pid = pid_of(&content)?;
    let alive = pid > 0 && kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH);
    (alive && serves(pid, data)).then_some(pid.unsigned_abs())
}

/// Returns whether the server accepts connections by its own report (line 8 of the file).
pub(super) fn is_ready(data: &Path) -> bool {
    fs::read(pid_file(data)).is_ok_and(|content| {
        String::from_utf8_lossy(&content)
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}

/// Repairs the file that a killed server left behind. Only call it while no server runs.
///
/// The process id in it may by now belong to a zombie (containers without a reaping init)
/// or to an unrelated process of the same user, and PostgreSQL then refuses to start. With
/// our own id in its place PostgreSQL continues, since it ignores the id of its parent, and
/// still checks the shared memory that line 7 names: backends left over from the killed
/// server stay protected from a second one.
///
/// A file that is empty or not text (a full disk, a power failure) does not name shared
/// memory. It is removed if no process works in the data folder any more.
///
/// Returns the previous content of the file, for [`put_back`].
pub(super) fn mend(data: &Path) -> Result<Option<Vec<u8>>, EmbeddedError> {
    let path = pid_file(data);
    let mut content = Vec::new();
    let mut file = match OpenOptions::new()
        .read(true)
        .write(true)
        // Never through a link: the folder belongs to the server's account, and this
        // process may be root.
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(EmbeddedError::io("mend", &path)(source)),
    };
    file.read_to_end(&mut content)
        .map_err(EmbeddedError::io("read", &path))?;
    if pid_of(&content).is_none() {
        return remove_unreadable(data, &path).map(|()| None);
    }
    let end = content.iter().position(|byte| *byte == b'\n');
    let rest = end.map_or(&[][..], |end| &content[end + 1..]);
    let mut mended = format!("{}\n", std::process::id()).into_bytes();
    mended.extend_from_slice(rest);
    overwrite(&mut file, &mended).map_err(EmbeddedError::io("mend", &path))?;
    Ok(Some(content))
}

/// Restores what [`mend`] replaced, if the start that followed has left our id in the file:
/// this process is not a server, and readers of the file must not take it for one.
pub(super) fn put_back(data: &Path, before: &[u8]) -> Result<(), EmbeddedError> {
    let path = pid_file(data);
    let mut content = Vec::new();
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(EmbeddedError::io("mend", &path)(source)),
    };
    file.read_to_end(&mut content)
        .map_err(EmbeddedError::io("read", &path))?;
    let own = i32::try_from(std::process::id()).ok();
    if own.is_none() || pid_of(&content) != own {
        return Ok(());
    }
    overwrite(&mut file, before).map_err(EmbeddedError::io("mend", &path))
}

/// Overwrites the content in place, so that the file keeps its owner and needs no space on
/// a full disk.
fn overwrite(file: &mut fs::File, content: &[u8]) -> std::io::Result<()> {
    file.rewind()
        .and_then(|()| file.write_all(content))
        .and_then(|()| file.set_len(content.len() as u64))
}

fn remove_unreadable(data: &Path, path: &Path) -> Result<(), EmbeddedError> {
    let problem = "is not what PostgreSQL writes into it".to_owned();
    match working_in(data).as_deref() {
        Some([]) => {
            tracing::warn!(path = %path.display(), "removing a lock file that is not readable: no process works in the data folder");
            fs::remove_file(path).map_err(EmbeddedError::io("remove", path))
        }
        Some([pid, ..]) => Err(EmbeddedError::DataFolder {
            path: path.to_path_buf(),
            problem,
            remedy: format!(
                "process {pid} still works in {}; stop it, then start again",
                data.display()
            ),
        }),
        None => Err(EmbeddedError::DataFolder {
            path: path.to_path_buf(),
            problem,
            remedy: format!(
                "make sure that no PostgreSQL runs on {}, remove the file, then start again",
                data.display()
            ),
        }),
    }
}

/// Returns the processes that work in the data folder: a server and its remaining children.
/// `None` if the system does not report them.
fn working_in(data: &Path) -> Option<Vec<u32>> {
    let data = fs::canonicalize(data).ok()?;
    let processes = fs::read_dir("/proc").ok()?;
    fs::read_link("/proc/self/cwd").ok()?;
    let pids = processes.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let works_in = fs::read_link(entry.path().join("cwd")).ok()?;
        (works_in == data).then_some(pid)
    });
    Some(pids.collect())
}

/// Returns the process id in the file's first line.
fn pid_of(content: &[u8]) -> Option<i32> {
    let line = content.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Returns whether the process is a PostgreSQL server of this data folder.
fn serves(pid: i32, data: &Path) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        // There is no /proc (macOS), or the process has just ended: PostgreSQL itself
        // decides then.
        return !Path::new("/proc/self/stat").exists();
    };
    let Some((_, state)) = stat.split_once(" (postgres) ") else {
        return false;
    };
    if state.starts_with(['Z', 'X']) {
        return false;
    }
    // A server works in its data folder: a server of another cluster may have the number
    // now.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => fs::canonicalize(data).is_ok_and(|data| folder == data),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_file_of_another_process_is_not_a_running_server() {
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
    fn pid_file_repair_changes_only_the_process_id() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = pid_file(folder.path());
        fs::write(
            &path,
            "1\n/data\n1700000000\n5432\n/run\n\n  12 34\nready   \n",
        )
        .expect("written");
        let before = mend(folder.path()).expect("mended").expect("a file");
        let mended = fs::read_to_string(&path).expect("read");
        let expected = format!(
            "{}\n/data\n1700000000\n5432\n/run\n\n  12 34\nready   \n",
            std::process::id()
        );
        assert_eq!(mended, expected);

        // After a failed start, readers of the file must not find this process in it.
        put_back(folder.path(), &before).expect("put back");
        assert_eq!(fs::read(&path).expect("read"), before);
        // A file with the server's own id, or a missing file, stays as it is.
        put_back(folder.path(), b"7\n").expect("left alone");
        assert_eq!(fs::read(&path).expect("read"), before);
        fs::remove_file(&path).expect("removed");
        put_back(folder.path(), &before).expect("left alone");
        assert!(!path.exists());
    }

    #[test]
    fn unreadable_pid_file_is_removed_when_no_process_uses_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = pid_file(folder.path());
        for content in [&b""[..], b"\xff\xfe\x00", b"hello\n", b"\n/data\n"] {
            fs::write(&path, content).expect("written");
            assert_eq!(running_pid(folder.path()), None);
            mend(folder.path()).expect("mended");
            assert!(!path.exists(), "{content:?}");
        }
    }

    #[test]
    fn unreadable_pid_file_is_kept_while_a_process_uses_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut stranger = std::process::Command::new("sleep")
            .arg("600")
            .current_dir(folder.path())
            .spawn()
            .expect("a process");
        fs::write(pid_file(folder.path()), b"\xff").expect("written");
        let error = mend(folder.path()).expect_err("refused").to_string();
        stranger.kill().expect("killed");
        stranger.wait().expect("waited for");
        assert!(
            error.contains(&format!("process {} still works", stranger.id())),
            "{error}"
        );
        assert!(pid_file(folder.path()).exists());
    }

    #[test]
    fn pid_file_repair_does_not_follow_symlinks() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let victim = folder.path().join("victim");
        fs::write(&victim, "keep me").expect("written");
        std::os::unix::fs::symlink(&victim, pid_file(folder.path())).expect("linked");
        assert!(mend(folder.path()).is_err());
        assert_eq!(fs::read_to_string(&victim).expect("read"), "keep me");
    }
}
