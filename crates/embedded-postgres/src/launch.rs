//! The parameters of a start of the server.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Child;

use nix::sys::statvfs::statvfs;

use super::access::AccessFiles;
use super::binaries::Installation;
use super::identity::Identity;
use super::socket::{PORT, SocketFolder};
use super::{EmbeddedError, parent_death};

/// A disk with less than this is considered full: PostgreSQL allocates its log in pieces of
/// this size.
const LEAST_FREE_BYTES: u64 = 16 * 1024 * 1024;

/// The parameters of a start.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) installation: Installation,
    pub(super) identity: Identity,
    pub(super) home: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket: SocketFolder,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) roles: Vec<String>,
    pub(super) log: PathBuf,
}

impl Launch {
    pub(super) fn spawn(&self, access: &AccessFiles, log: &File) -> Result<Child, EmbeddedError> {
        let program = self.installation.program("postgres");
        let output = || {
            log.try_clone()
                .map_err(EmbeddedError::io("write", &self.log))
        };
        let mut command = self.identity.command(&program, &self.data);
        command
            .arg("-D")
            .arg(&self.data)
            .arg("-k")
            .arg(self.socket.path())
            .args(["-p", &PORT.to_string()])
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "unix_socket_permissions=0700",
            ]);
        for setting in access.settings() {
            command.arg("-c").arg(setting);
        }
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
            .stdout(output()?)
            .stderr(output()?)
            // Ctrl-C must reach this process only, which stops the server when it is done.
            .process_group(0);
        parent_death::interrupt_with_parent(&mut command);
        command
            .spawn()
            .map_err(EmbeddedError::io("start", &program))
    }

    /// Returns whether the disk of the data folder is full, as far as the system reports
    /// it.
    pub(super) fn is_disk_full(&self) -> bool {
        statvfs(&self.data).is_ok_and(|disk| {
            let free = disk.blocks_available().saturating_mul(disk.fragment_size());
            free < LEAST_FREE_BYTES
        })
    }
}
