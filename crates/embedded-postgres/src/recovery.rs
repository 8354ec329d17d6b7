//! Restores the unpacked files of a physical backup to a moment, by replaying the log.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::access;
use super::account::Account;
use super::binaries::{self, Installation};
use super::cancel::Cancel;
use super::identity::{self, Identity};
use super::launch::Launch;
use super::lock::StartLock;
use super::socket::SocketFolder;
use super::supervisor::Supervisor;
use super::{EmbeddedError, EmbeddedOptions, data_folder, wal_archive};

/// A data folder into which a physical backup is unpacked.
#[derive(Debug)]
pub struct Recovery {
    options: EmbeddedOptions,
    directory: PathBuf,
    data: PathBuf,
    identity: Identity,
    /// Held until the server runs: stopping it takes the lock itself.
    lock: Option<StartLock>,
}

impl Recovery {
    /// Creates the empty data folder.
    ///
    /// # Errors
    /// If it exists already, or cannot be created.
    pub fn begin(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        options.check()?;
        let directory = identity::absolute(&options.directory)?;
        let data = directory.join("data");
        let identity = Identity::of(&Account::choose(&data, options.account.as_deref())?);
        identity.create_home(&directory)?;
        let lock = StartLock::acquire(&directory, &Cancel::default())?;
        identity.create_private(&data)?;
        Ok(Self {
            options: options.clone(),
            directory,
            data,
            identity,
            lock: Some(lock),
        })
    }

    /// Returns a command that unpacks a tar archive from its standard input into the data
    /// folder, as the account that the server runs as.
    #[must_use]
    pub fn unpack(&self) -> Command {
        let mut command = self.identity.command(Path::new("tar"), &self.data);
        command.args(["-x", "-f", "-"]);
        command
    }

    /// Replays the log from the archive until a moment (as PostgreSQL writes it) or its
    /// end, and stops the server again.
    ///
    /// # Errors
    /// If the log does not reach the moment, and those of a start.
    pub fn replay(mut self, archive: &Path, until: Option<&str>) -> Result<(), EmbeddedError> {
        wal_archive::check_readable(archive, &self.identity)?;
        access::retire_trust(&self.data)?;
        let found = binaries::installations(self.options.bin_dir.as_deref(), &self.identity)?;
        let recorded = data_folder::recorded_major(&self.data)?;
        let installation = Installation::choose(found, recorded, &self.data)?;
        self.signal()?;
        let mut settings = self.options.settings_for(&installation);
        if let Some(own) = &self.options.wal_archive {
            settings.extend(wal_archive::prepare(own, &self.directory, &self.identity)?);
        }
        settings.insert(
            "restore_command".into(),
            wal_archive::restore_command(archive)?,
        );
        settings.insert("recovery_target_action".into(), "promote".into());
        // Otherwise the server would count as ready before the moment is reached, and if it
        // was stopped before, it would continue beyond the moment at its next start.
        settings.insert("hot_standby".into(), "off".into());
        if let Some(moment) = until {
            settings.insert("recovery_target_time".into(), moment.into());
        }
        let launch = Launch {
            settings,
            roles: self.options.roles.clone(),
            log: self.directory.join("postgres.log"),
            home: self.directory.clone(),
            socket: SocketFolder::for_home(&self.directory, &self.identity)?,
            installation: installation.clone(),
            identity: self.identity.clone(),
            data: self.data.clone(),
        };
        // Replaying weeks of a log takes long, and ends by itself.
        let server = Supervisor::start(launch, false, &Cancel::default())?;
        drop(self.lock.take());
        server.stop()?;
        self.check(&installation)
    }

    /// Signals that the log is to be replayed.
    fn signal(&self) -> Result<(), EmbeddedError> {
        let path = self.data.join("recovery.signal");
        let (uid, gid) = self.identity.ids();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|file| {
                if self.identity.is_dropped() {
                    fchown(&file, Some(uid), Some(gid))
                } else {
                    Ok(())
                }
            })
            .map_err(EmbeddedError::io("create", &path))
    }

    /// Reads every page and checks its checksum.
    fn check(&self, installation: &Installation) -> Result<(), EmbeddedError> {
        let program = installation.program("pg_checksums");
        match fs::metadata(&program) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::warn!("pg_checksums is not installed: the pages are not checked");
                return Ok(());
            }
            _ => {}
        }
        let output = self
            .identity
            .command(&program, &self.data)
            .args(["--check", "--pgdata"])
            .arg(&self.data)
            .output()
            .map_err(EmbeddedError::io("run", &program))?;
        if output.status.success() {
            return Ok(());
        }
        Err(EmbeddedError::Damaged {
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}
