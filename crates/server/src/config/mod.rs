//! The one configuration of the service: defaults < file < environment < flags.
//!
//! A setting `max_upload_bytes` is written so in the file (TOML) and `ACCUNODE_MAX_UPLOAD_BYTES`
//! in the environment; `DATABASE_URL` and `REDIS_URL` are understood too. To add one: a field
//! here, its key in [`KEYS`], and its line in [`Config::load`].

mod budgets;
mod fault;
mod layers;
mod parts;
mod read;
mod redis;
mod secret;
mod watching;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use accunode_files::{Location, ParserSettings, S3Settings};
use accunode_mail::Sender;
use accunode_postgres::{PoolKind, PoolSizes};
use accunode_redis::RedisServers;
use accunode_scoring::{ModelPin, TargetRate};
use accunode_web::{AtOnce, Network, Origin};
use anyhow::Context;
use nix::unistd::Uid;
use serde::{Serialize, Serializer};
use tracing_subscriber::EnvFilter;

pub use budgets::{BudgetsConfig, MailsConfig, MinFreeDisk};
pub use fault::{ConfigFaults, Fault};
pub use layers::Sources;
pub use parts::{
    AtOnceConfig, HashingConfig, LimitsConfig, LogFormat, ParserConfig, PostgresConfig,
    Registration, S3Config,
};
pub use secret::{SecretKeys, SecretText, SecretUrl, SecretUrls};
pub use watching::OtlpConfig;

use accunode_embedded_postgres::EmbeddedOptions;
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use budgets::{read_budgets, read_mails, read_min_free_disk};
use layers::Layers;
use read::{
    MIB, check_combinations, default_data_dir, parse_bytes, parse_within, read_at_once,
    read_database_url, read_files_url, read_folder, read_hashing, read_limits, read_mail,
    read_parser, read_pools, read_postgres, read_s3,
};
use redis::{RedisConfig, read_redis};
use watching::{read_metrics_listen, read_otlp};

/// Every setting but those below `postgres.settings`, whose names are PostgreSQL's.
const KEYS: &[&str] = &[
    "allowed_origins",
    "at_once.analytics",
    "at_once.batch",
    "at_once.export",
    "at_once.search",
    "at_once.upload",
    "backups.access_key_id",
    "backups.endpoint",
    "backups.region",
    "backups.secret_access_key",
    "backups.session_token",
    "budgets.event_streams",
    "budgets.event_streams_per_organization",
    "budgets.event_streams_per_user",
    "budgets.file_bytes",
    "budgets.jobs",
    "budgets.open_jobs",
    "budgets.rows_per_job",
    "budgets.rows_per_owner",
    "data_dir",
    "database_url",
    "db_pool_idle_seconds",
    "db_pool_ping_after_seconds",
    "db_pool_recycle_seconds",
    "db_pool_size",
    "db_pool_wait_seconds",
    "db_pools.expensive",
    "db_pools.identity",
    "db_pools.reads",
    "db_pools.writes",
    "drain_seconds",
    "files.access_key_id",
    "files.endpoint",
    "files.region",
    "files.secret_access_key",
    "files.session_token",
    "files_url",
    "limits.admin",
    "limits.auth",
    "limits.read",
    "limits.score",
    "limits.unknown_keys",
    "limits.upload",
    "limits.write",
    "listen",
    "log",
    "log_format",
    "mail_from",
    "mails.per_address_per_day",
    "mails.per_address_per_minute",
    "mails.per_organization_per_day",
    "mails.per_sender_per_day",
    "max_upload_bytes",
    "metrics_listen",
    "min_free_disk",
    "model_annual",
    "model_quarterly",
    "models_dir",
    "otlp.endpoint",
    "otlp.headers",
    "otlp.trace_share",
    "owner_database_url",
    "parser.at_once",
    "parser.cpu_seconds",
    "parser.memory",
    "parser.program",
    "password_hashing.iterations",
    "password_hashing.memory_kib",
    "password_hashing.parallelism",
    "postgres.account",
    "postgres.bin_dir",
    "postgres.wal_archive",
    "public_url",
    "redis_cluster",
    "redis_prefix",
    "redis_sentinels",
    "redis_url",
    "registration",
    "secret_key",
    "smtp_url",
    "target_default_rate_annual",
    "target_default_rate_quarterly",
    "trusted_proxies",
    "workers",
];

/// `drain_seconds` where other processes can take the requests over. A process that keeps
/// its sessions to itself is the only one: then waiting would only prolong its restart.
const SHARED_DRAIN_SECONDS: u64 = 10;

/// Settings whose values may hold a password: never repeated in an error.
const SECRETS: &[&str] = &[
    "backups.secret_access_key",
    "backups.session_token",
    "database_url",
    "files.secret_access_key",
    "files.session_token",
    "files_url",
    "otlp.headers",
    "owner_database_url",
    "redis_sentinels",
    "redis_url",
    "secret_key",
    "smtp_url",
];

/// What the service runs with. Printing it (`Debug`, `Serialize`) hides the secrets.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// What the service keeps: the embedded database and, by default, the uploaded files.
    pub data_dir: PathBuf,
    /// The server's database; without it the embedded one is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<SecretUrl>,
    /// The same database as the role that owns the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_database_url: Option<SecretUrl>,
    /// Where sessions, cache and limits are kept for several processes; without it
    /// they are kept in this one. Nodes of a cluster with commas between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<SecretUrls>,
    /// The Sentinels that know the master which `redis_url` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_sentinels: Option<SecretUrls>,
    /// Whether `redis_url` names nodes of a cluster.
    pub redis_cluster: bool,
    /// The servers that these three settings describe.
    #[serde(skip)]
    pub redis_servers: Option<RedisServers>,
    /// What every key in Redis begins with.
    pub redis_prefix: String,
    /// Connections that one process keeps at most for each kind of work.
    #[serde(serialize_with = "as_pools")]
    pub db_pools: PoolSizes,
    /// After how long a connection that no one uses is closed, in seconds.
    pub db_pool_idle_seconds: u64,
    /// After how long without use a connection is asked whether it lives before it is handed
    /// out, in seconds; 0: every time.
    pub db_pool_ping_after_seconds: u64,
    /// After how long a connection is replaced by a new one, in seconds.
    pub db_pool_recycle_seconds: u64,
    /// How long a connection is waited for, in seconds; without it by kind of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db_pool_wait_seconds: Option<u64>,
    /// How long the process answers on, in seconds, after it was told to end: until then
    /// anyone who distributes the requests must have noticed that it is not ready.
    pub drain_seconds: u64,
    /// Where uploaded files are kept: a folder, or a place in a bucket.
    pub files_url: SecretUrl,
    /// How the object store of the uploaded files is reached, where they are in a bucket.
    #[serde(skip_serializing_if = "S3Config::is_empty")]
    pub files: S3Config,
    /// How the object store of backups is reached; where none of it is given, as that of the
    /// uploaded files.
    #[serde(skip_serializing_if = "S3Config::is_empty")]
    pub backups: S3Config,
    /// A folder of models beside the shipped ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models_dir: Option<PathBuf>,
    /// Which annual model scores; without it the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_annual: Option<ModelPin>,
    /// Which quarterly model scores; without it the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_quarterly: Option<ModelPin>,
    /// The default rate that PDs of annual predictions are stated for; without it that of
    /// the model's manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_default_rate_annual: Option<TargetRate>,
    /// The same for quarterly predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_default_rate_quarterly: Option<TargetRate>,
    /// The largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// The processes that read uploaded files.
    pub parser: ParserConfig,
    /// How much of a disk must stay free for uploads to be taken, in bytes or as a share.
    pub min_free_disk: MinFreeDisk,
    /// Whether users may register themselves.
    pub registration: Registration,
    /// What seals secrets in the database; without it a file of the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretKeys>,
    /// What hashing a password costs.
    pub password_hashing: HashingConfig,
    /// Where users reach the service: what links in mails begin with.
    pub public_url: String,
    /// The mail server; without it mails are written into a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_url: Option<SecretUrl>,
    /// Who sends the mails.
    #[serde(serialize_with = "as_text")]
    pub mail_from: Sender,
    /// Requests a minute and principal, by class; 0 is no limit.
    pub limits: LimitsConfig,
    /// What one account or organization may use up.
    pub budgets: BudgetsConfig,
    /// How many mails users can cause.
    pub mails: MailsConfig,
    /// Expensive requests of one tenant at once, by kind of work; 0 is no limit.
    pub at_once: AtOnceConfig,
    /// Proxies whose word on a request's origin is taken: addresses or networks.
    #[serde(serialize_with = "with_commas", skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<String>,
    /// Origins whose pages may call the API with a token, such as `https://app.example.com`.
    #[serde(serialize_with = "with_commas", skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Threads that answer HTTP requests.
    pub workers: usize,
    /// Where Prometheus finds the figures; without it nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
    /// Where traces and logs are sent.
    pub otlp: OtlpConfig,
    /// What is logged, such as `info,accunode=debug`.
    pub log: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// The embedded PostgreSQL.
    pub postgres: PostgresConfig,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(sources: &Sources) -> Result<Self, ConfigFaults> {
        Self::load_with_origins(sources).map(|(config, _)| config)
    }

    /// Reads all layers; beside them, where each setting that was given came from (a file,
    /// a variable, the command line), by its name.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with_origins(
        sources: &Sources,
    ) -> Result<(Self, BTreeMap<String, String>), ConfigFaults> {
        let mut layers = Layers::merge(sources, KEYS, SECRETS);
        let data_dir = layers
            .read("data_dir", "must be a path", |text| {
                std::path::absolute(text).ok()
            })
            .or_else(|| default_data_dir(sources, Uid::effective().is_root()));
        if data_dir.is_none() && !layers.faults.iter().any(|fault| fault.field == "data_dir") {
            layers.fault(
                "data_dir",
                None,
                "must be given: there is no home folder to put it in",
            );
        }
        let files_url = read_files_url(&mut layers, data_dir.as_deref());
        let files = read_s3(&mut layers, "files");
        let backups = read_s3(&mut layers, "backups");
        check_combinations(&mut layers);

        let listen = layers
            .read(
                "listen",
                "must be an address and a port, such as 127.0.0.1:8080 or [::]:8080",
                |text| text.parse().ok(),
            )
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let database_url = read_database_url(&mut layers, "database_url");
        let owner_database_url = read_database_url(&mut layers, "owner_database_url");
        let redis = read_redis(&mut layers);
        let db_pools = read_pools(&mut layers);
        let mut seconds = |key: &str, least: u64| {
            let rule = format!("must be a number of seconds from {least} to 86400");
            layers.read(key, &rule, |text| parse_within(text, least..=86_400))
        };
        let db_pool_idle_seconds = seconds("db_pool_idle_seconds", 1).unwrap_or(600);
        let db_pool_ping_after_seconds = seconds("db_pool_ping_after_seconds", 0).unwrap_or(30);
        let db_pool_recycle_seconds = seconds("db_pool_recycle_seconds", 1).unwrap_or(1_800);
        let db_pool_wait_seconds = seconds("db_pool_wait_seconds", 1);
        let drain_seconds = layers
            .read(
                "drain_seconds",
                "must be a number of seconds from 0 to 3600",
                |text| parse_within(text, 0..=3600),
            )
            .unwrap_or(if redis.servers.is_some() {
                SHARED_DRAIN_SECONDS
            } else {
                0
            });
        let models_dir = read_folder(&mut layers, "models_dir");
        let mut pin = |key| layers.read(key, ModelPin::RULE, |text| text.parse().ok());
        let (model_annual, model_quarterly) = (pin("model_annual"), pin("model_quarterly"));
        let mut rate = |key| layers.read(key, TargetRate::RULE, |text| text.parse().ok());
        let target_default_rate_annual = rate("target_default_rate_annual");
        let target_default_rate_quarterly = rate("target_default_rate_quarterly");
        let max_upload_bytes = layers
            .read(
                "max_upload_bytes",
                "must be a number of bytes from 1KiB to 1TiB, such as 536870912 or 512MiB",
                |text| parse_bytes(text).filter(|bytes| (1024..=MIB * MIB).contains(bytes)),
            )
            .unwrap_or(512 * MIB);
        let registration = layers
            .read(
                "registration",
                "must be open or closed",
                |text| match text {
                    "open" => Some(Registration::Open),
                    "closed" => Some(Registration::Closed),
                    _ => None,
                },
            )
            .unwrap_or(Registration::Open);
        let parser = read_parser(&mut layers);
        let min_free_disk = read_min_free_disk(&mut layers);
        let limits = read_limits(&mut layers);
        let budgets = read_budgets(&mut layers);
        let mails = read_mails(&mut layers);
        let at_once = read_at_once(&mut layers);
        let secret_key = layers.read("secret_key", SecretKeys::RULE, SecretKeys::parse);
        let password_hashing = read_hashing(&mut layers);
        let mail = read_mail(&mut layers, listen);
        let trusted_proxies = layers
            .read(
                "trusted_proxies",
                "must be addresses or networks with commas between, such as 10.0.0.0/8,127.0.0.1",
                |text| {
                    let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).collect();
                    names
                        .iter()
                        .all(|n| n.parse::<Network>().is_ok())
                        .then_some(names)
                },
            )
            .unwrap_or_default();
        let allowed_origins = layers
            .read(
                "allowed_origins",
                "must be origins with commas between, each a scheme, a host and a port where it \
                 is not the usual one, such as https://app.example.com,http://localhost:3000; \
                 there is no * for all",
                |text| {
                    let origins: Vec<String> = text
                        .split(',')
                        .map(|origin| origin.trim().to_owned())
                        .collect();
                    let all_are = origins.iter().all(|one| one.parse::<Origin>().is_ok());
                    all_are.then_some(origins)
                },
            )
            .unwrap_or_default();
        let workers = layers
            .read(
                "workers",
                "must be a number of threads from 1 to 1024",
                |text| parse_within(text, 1..=1024),
            )
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(2, Into::into));
        let metrics_listen = read_metrics_listen(&mut layers);
        let otlp = read_otlp(&mut layers);
        let log = layers
            .read(
                "log",
                "must be a filter such as info or info,accunode=debug",
                |text| {
                    EnvFilter::builder()
                        .parse(text)
                        .ok()
                        .map(|_| text.to_owned())
                },
            )
            .unwrap_or_else(|| "info".into());
        let log_format = layers
            .read("log_format", "must be text or json", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                _ => None,
            })
            .unwrap_or(LogFormat::Text);
        let postgres = read_postgres(&mut layers, db_pools.total());

        let (Some(data_dir), Some(files_url), true) =
            (data_dir, files_url, layers.faults.is_empty())
        else {
            return Err(ConfigFaults(layers.faults));
        };
        let RedisConfig {
            url: redis_url,
            sentinels: redis_sentinels,
            cluster: redis_cluster,
            prefix: redis_prefix,
            servers: redis_servers,
        } = redis;
        let config = Self {
            listen,
            data_dir,
            database_url,
            owner_database_url,
            redis_url,
            redis_sentinels,
            redis_cluster,
            redis_servers,
            redis_prefix,
            db_pools,
            db_pool_idle_seconds,
            db_pool_ping_after_seconds,
            db_pool_recycle_seconds,
            db_pool_wait_seconds,
            drain_seconds,
            files_url,
            files,
            backups,
            models_dir,
            model_annual,
            model_quarterly,
            target_default_rate_annual,
            target_default_rate_quarterly,
            max_upload_bytes,
            parser,
            min_free_disk,
            registration,
            secret_key,
            password_hashing,
            public_url: mail.public_url,
            smtp_url: mail.smtp_url,
            mail_from: mail.from,
            limits,
            budgets,
            mails,
            at_once,
            trusted_proxies,
            allowed_origins,
            workers,
            metrics_listen,
            otlp,
            log,
            log_format,
            postgres,
        };
        Ok((config, layers.into_origins()))
    }

    /// Every setting but those below `postgres.settings`, with the variable that it can be
    /// given by.
    pub fn settings() -> impl Iterator<Item = (&'static str, String)> {
        KEYS.iter().map(|key| (*key, layers::variable_of(key)))
    }

    /// Where uploaded files are kept.
    ///
    /// # Errors
    /// Where `files_url` is of another form, which reading it has refused before.
    pub fn files_location(&self) -> anyhow::Result<Location> {
        let url = url::Url::parse(self.files_url.expose())?;
        Location::of_url(&url, &self.files.settings()).context("files_url is no place for files")
    }

    /// How the object store of backups is reached.
    #[must_use]
    pub fn backups_s3(&self) -> S3Settings {
        // As a whole: a key of one store is worth nothing at another.
        let given = if self.backups.is_empty() {
            &self.files
        } else {
            &self.backups
        };
        given.settings()
    }

    /// The processes that read uploaded files, as configured.
    ///
    /// # Errors
    /// Where the system does not tell which program is running.
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

    /// How much expensive work of one tenant is taken on at once.
    #[must_use]
    pub fn at_once(&self) -> AtOnce {
        let places = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        AtOnce {
            analytics: places(self.at_once.analytics),
            batch: places(self.at_once.batch),
            export: places(self.at_once.export),
            search: places(self.at_once.search),
            upload: places(self.at_once.upload),
        }
    }

    /// The embedded PostgreSQL as configured.
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

    /// The configuration as a file would hold it, with secrets hidden.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

/// As it is read.
fn as_text<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// As the settings are named.
fn as_pools<S: Serializer>(sizes: &PoolSizes, serializer: S) -> Result<S::Ok, S::Error> {
    let sizes = PoolKind::ALL.map(|kind| (kind.as_str(), sizes.of(kind)));
    serializer.collect_map(sizes)
}

/// As a list is read.
fn with_commas<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&names.join(","))
}

#[cfg(test)]
mod tests;
