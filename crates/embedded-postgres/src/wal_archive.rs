//! The archive of the write-ahead log: each finished segment is copied into a folder, so
//! that a physical backup can be restored to any moment after it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::identity::Identity;

/// The script that copies a segment; it only uses programs that every system has.
const SCRIPT: &str = include_str!("archive-wal.sh");

/// Settings that the archive needs.
pub(super) const OWNED: [&str; 4] = [
    "archive_command",
    "archive_library",
    "archive_mode",
    "wal_level",
];

/// The time after which a segment is finished, even if little was written: the most that is
/// lost with the machine.
const LONGEST_PIECE: &str = "60s";

/// Returns the folder of the log within the archive.
pub(super) fn log_folder(archive: &Path) -> PathBuf {
    archive.join("wal")
}

/// Prepares the archive and returns the settings for it.
pub(super) fn prepare(
    archive: &Path,
    home: &Path,
    identity: &Identity,
) -> Result<BTreeMap<String, String>, EmbeddedError> {
    identity.create_passage(archive)?;
    let folder = log_folder(archive);
    match fs::symlink_metadata(&folder) {
        Ok(found) if found.is_dir() && identity.owns(&found) => {}
        Ok(_) => {
            return Err(EmbeddedError::WalArchive {
                path: folder,
                user: identity.name().to_owned(),
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => identity.create_private(&folder)?,
        Err(source) => return Err(EmbeddedError::io("look at", &folder)(source)),
    }
    let script = home.join("archive-wal.sh");
    let draft = home.join("archive-wal.sh.new");
    fs::write(&draft, SCRIPT)
        .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&draft, &script))
        .map_err(EmbeddedError::io("write", &script))?;
    let command = format!("/bin/sh {} {} %p %f", quoted(&script)?, quoted(&folder)?);
    Ok(BTreeMap::from([
        ("archive_mode".to_owned(), "on".to_owned()),
        ("archive_command".to_owned(), command),
        ("archive_library".to_owned(), String::new()),
        ("wal_level".to_owned(), "replica".to_owned()),
        ("archive_timeout".to_owned(), LONGEST_PIECE.to_owned()),
    ]))
}

/// Returns the command that restores a segment.
pub(super) fn restore_command(archive: &Path) -> Result<String, EmbeddedError> {
    Ok(format!("cp {}/%f %p", quoted(&log_folder(archive))?))
}

/// Checks that PostgreSQL's account can read the log in the archive.
pub(super) fn check_readable(archive: &Path, identity: &Identity) -> Result<(), EmbeddedError> {
    let folder = log_folder(archive);
    let found = fs::metadata(&folder).map_err(EmbeddedError::io("look at", &folder))?;
    if identity.owns(&found) || found.mode() & 0o005 == 0o005 {
        return Ok(());
    }
    Err(EmbeddedError::WalArchive {
        path: folder,
        user: identity.name().to_owned(),
    })
}

/// Quotes a path for a shell, and for PostgreSQL, which replaces what follows a percent
/// sign.
fn quoted(path: &Path) -> Result<String, EmbeddedError> {
    let Some(text) = path.to_str() else {
        return Err(EmbeddedError::io("use", path)(std::io::Error::new(
            ErrorKind::InvalidInput,
            "the path is no text",
        )));
    };
    let text = text.replace('%', "%%").replace('\'', r"'\''");
    Ok(format!("'{text}'"))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::*;

    fn archive(folder: &Path, file: &Path) -> Output {
        let script = folder.join("script.sh");
        fs::write(&script, SCRIPT).expect("written");
        let archive = folder.join("wal's 100%");
        fs::create_dir_all(&archive).expect("made");
        let line = format!(
            "/bin/sh {} {} %p %f",
            quoted(&script).expect("text"),
            quoted(&archive).expect("text")
        );
        // PostgreSQL replaces it in this way.
        let line = line
            .replace("%p", file.to_str().expect("text"))
            .replace("%f", "000000010000000000000001")
            .replace("%%", "%");
        Command::new("/bin/sh")
            .args(["-c", &line])
            .output()
            .expect("a shell")
    }

    #[test]
    fn wal_segment_is_archived_once_and_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("piece");
        let kept = folder.path().join("wal's 100%/000000010000000000000001");
        fs::write(&file, "one").expect("written");
        assert!(archive(folder.path(), &file).status.success());
        assert_eq!(fs::read_to_string(&kept).expect("kept"), "one");
        assert!(
            archive(folder.path(), &file).status.success(),
            "the same again"
        );
        fs::write(&file, "two").expect("written");
        let refused = archive(folder.path(), &file);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("another database"));
        assert_eq!(fs::read_to_string(&kept).expect("kept"), "one");
        let left = fs::read_dir(kept.parent().expect("the archive")).expect("a folder");
        assert_eq!(left.count(), 1, "no drafts");
    }

    #[test]
    fn unreadable_wal_segment_leaves_nothing_in_the_archive() {
        let folder = tempfile::tempdir().expect("a folder");
        let failed = archive(folder.path(), &folder.path().join("none"));
        assert!(!failed.status.success());
        let left = fs::read_dir(folder.path().join("wal's 100%")).expect("a folder");
        assert_eq!(left.count(), 0);
    }
}
