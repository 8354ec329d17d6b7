//! Creates the cluster's data folder, and reads its major version.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::binaries::Installation;
use super::identity::Identity;
use super::{EmbeddedError, SUPERUSER, parent_death};

/// Locales whose character classification knows letters beyond ASCII, where the system has them.
/// Sorting is always by code point: an upgrade never changes it under an index.
const CHARACTER_TYPES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// Checks whether PostgreSQL can use the data folder before it is started, because its own message
/// would be in a log that the operator does not know yet. `false`: the folder is missing or empty.
pub(super) fn inspect(data: &Path, identity: &Identity) -> Result<bool, EmbeddedError> {
    let fault = |path: &Path, problem: &str, remedy: String| EmbeddedError::DataFolder {
        path: path.to_path_buf(),
        problem: problem.to_owned(),
        remedy,
    };
    let found = match fs::metadata(data) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(EmbeddedError::io("look at", data)(source)),
    };
    if !found.is_dir() {
        let remedy = "move it away, or choose another data folder (ACCUNODE_DATA_DIR)";
        return Err(fault(data, "is no folder", remedy.to_owned()));
    }
    let mut entries = fs::read_dir(data).map_err(EmbeddedError::io("look into", data))?;
    if entries.next().is_none() {
        return Ok(false);
    }
    let give_back = || {
        let (user, data) = (identity.name(), data.display());
        format!("give it to the user {user}, whom PostgreSQL runs as: chown -R {user}: {data}")
    };
    if !identity.owns(&found) {
        return Err(fault(data, "belongs to another user", give_back()));
    }
    if found.mode() & 0o027 != 0 {
        let problem = format!(
            "has the mode {:04o}, which lets others in",
            found.mode() & 0o7777
        );
        let remedy = format!("PostgreSQL wants it private: chmod 0700 {}", data.display());
        return Err(fault(data, &problem, remedy));
    }
    for name in ["PG_VERSION", "global/pg_control"] {
        let path = data.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if identity.owns(&found) => {}
            Ok(_) => return Err(fault(&path, "belongs to another user", give_back())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(fault(
                    data,
                    &format!(
                        "is not empty and holds no {name}, so it is no whole PostgreSQL data folder"
                    ),
                    "restore it from a backup, or move it away to begin with an empty database"
                        .to_owned(),
                ));
            }
            Err(source) => return Err(EmbeddedError::io("look at", &path)(source)),
        }
    }
    Ok(true)
}

/// Returns the major version that created the data folder; `None` if there is none yet.
pub(super) fn recorded_major(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = data.join("PG_VERSION");
    let content = match fs::read_to_string(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(EmbeddedError::io("read", &path)(source)),
    };
    match content.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(EmbeddedError::VersionFile { path, content }),
    }
}

/// Creates the cluster under a temporary name and renames it when it is complete: an interruption
/// leaves nothing that looks like a cluster.
pub(super) fn initialise(
    home: &Path,
    data: &Path,
    installation: &Installation,
    identity: &Identity,
    durable: bool,
) -> Result<(), EmbeddedError> {
    let fresh = home.join("data.new");
    let mut stderr = String::new();
    for character_type in CHARACTER_TYPES {
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(EmbeddedError::io("remove", &fresh)(error));
            }
            _ => {}
        }
        identity.create_private(&fresh)?;
        let program = installation.program("initdb");
        let mut command = identity.command(&program, &fresh);
        command
            .arg("--pgdata")
            .arg(&fresh)
            .args(["--username", SUPERUSER])
            .args(["--auth-local", "peer", "--auth-host", "reject"])
            .args(["--encoding", "UTF8", "--locale", "C"])
            .args(["--lc-ctype", character_type, "--data-checksums"]);
        if !durable {
            command.arg("--no-sync");
        }
        parent_death::interrupt_with_parent(&mut command);
        let output = command
            .output()
            .map_err(EmbeddedError::io("run", &program))?;
        if output.status.success() {
            fs::rename(&fresh, data).map_err(EmbeddedError::io("rename", &fresh))?;
            if durable {
                // The rename itself must survive a power failure, or the next start creates a new
                // cluster.
                File::open(home)
                    .and_then(|folder| folder.sync_all())
                    .map_err(EmbeddedError::io("sync", home))?;
            }
            return Ok(());
        }
        stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !stderr.contains("invalid locale") {
            break;
        }
    }
    Err(EmbeddedError::Initdb { output: stderr })
}
