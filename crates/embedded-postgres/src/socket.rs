//! The private folder of the Unix socket.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Uid;

use super::EmbeddedError;
use super::identity::Identity;

/// The number in the socket's name; nothing listens on the network.
pub(super) const PORT: u16 = 5432;

/// The longest address of a socket on the most limited system (macOS), with its NUL.
const ADDRESS_BYTES: usize = 104;

/// The protocol's request for TLS: its length and its code.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The time limit of an answer on a busy machine.
const ANSWER: Duration = Duration::from_secs(5);

/// The location of the server's socket. The folder's mode keeps other accounts out, and so
/// does the server itself (`access`).
#[derive(Debug, Clone)]
pub(super) struct SocketFolder {
    path: PathBuf,
}

impl SocketFolder {
    /// Returns the folder that belongs to `home`, created if it is missing.
    pub(super) fn for_home(home: &Path, identity: &Identity) -> Result<Self, EmbeddedError> {
        let path = Self::path_for(home);
        match fs::symlink_metadata(&path) {
            // Any user may have created a folder below /tmp: only use a private one.
            Ok(found) if !found.is_dir() || !identity.owns(&found) || found.mode() & 0o077 != 0 => {
                return Err(EmbeddedError::SocketFolder {
                    path,
                    user: identity.name().to_owned(),
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => identity.create_private(&path)?,
            Err(source) => return Err(EmbeddedError::io("look at", &path)(source)),
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder of `home` if it belongs to `owner`, whose server has ended.
    pub(super) fn remove_foreign(home: &Path, owner: Uid) -> Result<(), EmbeddedError> {
        let folder = Self {
            path: Self::path_for(home),
        };
        let theirs = fs::symlink_metadata(&folder.path)
            .is_ok_and(|found| found.is_dir() && found.uid() == owner.as_raw());
        if !theirs {
            return Ok(());
        }
        folder.clear()?;
        fs::remove_dir(&folder.path).map_err(EmbeddedError::io("remove", &folder.path))
    }

    /// Returns whether a server answers. Being connected is not sufficient, because the
    /// system also connects to a server that is ending. So it is asked for TLS, which every
    /// socket answers.
    pub(super) fn answers(&self) -> bool {
        let ask = || {
            let mut stream = UnixStream::connect(self.path.join(socket_name()))?;
            stream.set_read_timeout(Some(ANSWER))?;
            stream.write_all(&TLS_REQUEST)?;
            stream.read_exact(&mut [0])
        };
        ask().is_ok()
    }

    /// Removes the folder if it is not in the home, after the server's end.
    pub(super) fn remove_outside(&self, home: &Path) {
        if !self.path.starts_with(home) {
            // If it is not empty, or removed already, it stays as it is.
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// Removes the remains of a killed server: its lock file names a process id that may
    /// belong to another process by now. Only call it while no server runs.
    pub(super) fn clear(&self) -> Result<(), EmbeddedError> {
        for name in [socket_name(), format!("{}.lock", socket_name())] {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(EmbeddedError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn url(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{}@{}:{PORT}/{}",
            percent_encode(role.as_bytes()),
            percent_encode(self.path.as_os_str().as_bytes()),
            percent_encode(database.as_bytes()),
        )
    }

    /// Returns a path within the home folder, or below /tmp with a name derived from the
    /// home's, if the home's own path is too long for a socket.
    fn path_for(home: &Path) -> PathBuf {
        let inside = home.join("run");
        let longest = format!("/{}.lock", socket_name());
        if inside.as_os_str().len() + longest.len() < ADDRESS_BYTES {
            return inside;
        }
        let hash = home
            .as_os_str()
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        PathBuf::from(format!("/tmp/accunode-pg-{hash:016x}"))
    }
}

fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

fn percent_encode(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_of_a_short_home_is_inside_it() {
        assert_eq!(
            SocketFolder::path_for(Path::new("/var/lib/accunode/postgres")),
            Path::new("/var/lib/accunode/postgres/run")
        );
    }

    #[test]
    fn home_too_long_for_a_socket_gets_a_short_unique_path() {
        let long = |last: &str| {
            SocketFolder::path_for(&PathBuf::from(format!("/{}/{last}", "x".repeat(100))))
        };
        assert!(long("a").as_os_str().len() < 40);
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
    }

    #[test]
    fn url_contains_the_socket_folder() {
        let socket = SocketFolder {
            path: "/a b/run".into(),
        };
        assert_eq!(
            socket.url("accunode_server", "accunode"),
            "postgres://accunode_server@%2Fa%20b%2Frun:5432/accunode"
        );
    }
}
