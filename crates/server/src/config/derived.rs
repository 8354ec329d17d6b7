//! What the other crates take, made from the configuration.

use accunode_embedded_postgres::EmbeddedOptions;
use accunode_files::{Location, ParserSettings, S3Settings};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use accunode_web::ConcurrencyLimits;
use anyhow::Context;

use super::Config;

impl Config {
    /// The location of uploaded files.
    ///
    /// # Errors
    /// If `files_url` has another form, which reading it has rejected before.
    pub fn files_location(&self) -> anyhow::Result<Location> {
        let url = url::Url::parse(self.files_url.expose())?;
        Location::of_url(&url, &self.files.settings()).context("files_url is no place for files")
    }

    /// The object store of backups.
    #[must_use]
    pub fn backups_s3(&self) -> S3Settings {
        // Used as a whole: the key of one store is useless for another.
        let given = if self.backups.is_empty() {
            &self.files
        } else {
            &self.backups
        };
        given.settings()
    }

    /// The settings of the processes that read uploaded files.
    ///
    /// # Errors
    /// If the system does not report which program is running.
    pub fn parser_settings(&self) -> std::io::Result<ParserSettings> {
        let settings = match &self.parser.program {
            Some(program) => ParserSettings::of_program(program.clone()),
            None => ParserSettings::of_this_program()?,
        };
        Ok(ParserSettings {
            at_once: self.parser.at_once,
            memory_bytes: self.parser.memory,
            cpu_seconds: self.parser.cpu_seconds,
            ..settings
        })
    }

    /// The limits of concurrent work of one tenant.
    #[must_use]
    pub fn at_once(&self) -> ConcurrencyLimits {
        let places = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        ConcurrencyLimits {
            analytics: places(self.at_once.analytics),
            batch: places(self.at_once.batch),
            export: places(self.at_once.export),
            read: places(self.at_once.read),
            score: places(self.at_once.score),
            search: places(self.at_once.search),
            upload: places(self.at_once.upload),
        }
    }

    /// The settings of the embedded PostgreSQL.
    #[must_use]
    pub fn embedded_options(&self) -> EmbeddedOptions {
        EmbeddedOptions {
            directory: self.data_dir.join("postgres"),
            bin_dir: self.postgres.bin_dir.clone(),
            account: self.postgres.account.clone(),
            wal_archive: self.postgres.wal_archive.clone(),
            roles: [OWNER_ROLE, SERVER_ROLE].map(str::to_owned).to_vec(),
            settings: self.postgres.settings.clone(),
        }
    }
}
