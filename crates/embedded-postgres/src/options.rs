//! The options of the embedded PostgreSQL.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::EmbeddedError;
use super::binaries::Installation;
use super::wal_archive::OWNED as WAL_ARCHIVE_SETTINGS;

/// Settings that the supervisor relies on, which callers may not set.
pub const OWNED_SETTINGS: [&str; 11] = [
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "port",
    "unix_socket_directories",
    "unix_socket_permissions",
];

/// The specified values for a database server of this size.
const SPECIFIED: [(&str, &str); 5] = [
    ("effective_cache_size", "1GB"),
    ("maintenance_work_mem", "64MB"),
    ("max_connections", "100"),
    ("shared_buffers", "256MB"),
    ("work_mem", "4MB"),
];

/// The location and settings of the embedded PostgreSQL.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The folder that will hold the data folder, the socket, the log and the lock.
    pub directory: PathBuf,
    /// The folder of `initdb` and `postgres`; searched for by default.
    pub bin_dir: Option<PathBuf>,
    /// The account that PostgreSQL runs as when root starts it; by default
    /// [`DEFAULT_ACCOUNT`](super::DEFAULT_ACCOUNT).
    pub account: Option<String>,
    /// The archive folder of the write-ahead log; by default the log is not archived.
    pub wal_archive: Option<PathBuf>,
    /// The roles that root and the server's account may use, in addition to the superuser.
    pub roles: Vec<String>,
    /// PostgreSQL settings by name, given on the server's command line.
    pub settings: BTreeMap<String, String>,
}

impl EmbeddedOptions {
    /// Returns options with the specified settings, durable.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            bin_dir: None,
            account: None,
            wal_archive: None,
            roles: Vec::new(),
            settings: Self::specified_settings(),
        }
    }

    /// Returns the specified settings by name.
    #[must_use]
    pub fn specified_settings() -> BTreeMap<String, String> {
        SPECIFIED
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Adds roles that root and the server's account may use.
    #[must_use]
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles.extend(roles.into_iter().map(Into::into));
        self
    }

    /// Sets or replaces one setting.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Uses settings for disposable data: nothing waits for the disk, and a crash loses
    /// everything.
    #[must_use]
    pub fn without_durability(self) -> Self {
        self.with_setting("fsync", "off")
            .with_setting("synchronous_commit", "off")
            .with_setting("full_page_writes", "off")
    }

    pub(super) fn check(&self) -> Result<(), EmbeddedError> {
        let fault = |name: &String, problem| EmbeddedError::Setting {
            name: name.clone(),
            problem,
        };
        for role in &self.roles {
            if !is_setting_name(role) || role.contains('.') {
                return Err(EmbeddedError::Role { role: role.clone() });
            }
        }
        for (name, value) in &self.settings {
            if OWNED_SETTINGS.contains(&name.as_str()) {
                return Err(fault(name, "is set by the embedded server itself"));
            }
            if self.wal_archive.is_some() && WAL_ARCHIVE_SETTINGS.contains(&name.as_str()) {
                return Err(fault(
                    name,
                    "is set by postgres.wal_archive: remove one of them",
                ));
            }
            if !is_setting_name(name) {
                return Err(fault(name, "is not a name that a setting can have"));
            }
            if value.contains('\0') {
                return Err(fault(name, "holds a NUL character"));
            }
        }
        Ok(())
    }

    pub(super) fn is_durable(&self) -> bool {
        let off = ["off", "false", "no", "0"];
        self.settings
            .get("fsync")
            .is_none_or(|value| !off.contains(&value.trim().to_ascii_lowercase().as_str()))
    }

    /// Returns the settings, with the statement statistics if their library is installed.
    pub(super) fn settings_for(&self, installation: &Installation) -> BTreeMap<String, String> {
        let mut settings = self.settings.clone();
        if !settings.contains_key("shared_preload_libraries")
            && installation.has_library("pg_stat_statements")
        {
            settings.insert(
                "shared_preload_libraries".into(),
                "pg_stat_statements".into(),
            );
        }
        settings
    }
}

/// Returns whether PostgreSQL could have a setting of this name: `work_mem`,
/// `auto_explain.log_timing`.
#[must_use]
pub fn is_setting_name(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_owned_by_the_supervisor_is_refused() {
        let options = EmbeddedOptions::new("/x").with_setting("listen_addresses", "*");
        assert!(
            matches!(options.check(), Err(EmbeddedError::Setting { name, .. }) if name == "listen_addresses")
        );
    }

    #[test]
    fn setting_name_that_could_add_another_is_refused() {
        for name in ["work_mem=1GB -c port", "", "Work_mem", "a.", "-c"] {
            let options = EmbeddedOptions::new("/x").with_setting(name, "1");
            assert!(options.check().is_err(), "{name:?}");
        }
        assert!(
            EmbeddedOptions::new("/x")
                .with_setting("pg_stat_statements.max", "1000")
                .check()
                .is_ok()
        );
    }

    #[test]
    fn role_name_that_could_add_a_rule_is_refused() {
        for role in ["a b", "all\naccunode root postgres", "a.b", "\"a\"", ""] {
            let options = EmbeddedOptions::new("/x").with_roles([role]);
            assert!(
                matches!(options.check(), Err(EmbeddedError::Role { role: refused }) if refused == role),
                "{role:?}"
            );
        }
        let options = EmbeddedOptions::new("/x").with_roles(["accunode_server"]);
        assert!(options.check().is_ok());
    }

    #[test]
    fn default_options_are_durable() {
        assert!(EmbeddedOptions::new("/x").is_durable());
        assert!(!EmbeddedOptions::new("/x").without_durability().is_durable());
    }
}
