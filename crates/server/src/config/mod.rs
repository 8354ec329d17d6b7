//! The configuration of the service: defaults < file < environment < flags.
//!
//! The setting `max_upload_bytes` has this name in the file (TOML) and is
//! `ACCUNODE_MAX_UPLOAD_BYTES` in the environment; `DATABASE_URL` and `REDIS_URL` are recognised
//! too. To add a setting, add a field here, its key to [`KEYS`], and its line to [`Config::load`].

mod budgets;
mod derived;
mod fault;
mod layers;
mod parts;
mod read;
mod redis;
mod secret;
mod watching;
mod written;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use accunode_mail::Sender;
use accunode_postgres::PoolSizes;
use accunode_redis::RedisServers;
use accunode_scoring::{ModelPin, TargetRate};
use accunode_web::{Network, Origin};
use nix::unistd::Uid;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

pub use budgets::{BudgetsConfig, MailsConfig, MinFreeDisk};
pub use fault::{ConfigFault, ConfigFaults};
pub use layers::Sources;
pub use parts::{
    ConcurrencyConfig, HashingConfig, LimitsConfig, LogFormat, ParserConfig, PostgresConfig,
    Registration, S3Config,
};
pub use secret::{SecretKeys, SecretText, SecretUrl, SecretUrls};
pub use watching::OtlpConfig;

use budgets::{read_budgets, read_mails, read_min_free_disk};
use layers::Layers;
use read::{
    MIB, check_combinations, default_data_dir, parse_bytes, parse_within, read_at_once,
    read_database_url, read_files_url, read_folder, read_hashing, read_limits, read_mail,
    read_parser, read_pools, read_postgres, read_s3,
};
use redis::{RedisConfig, read_redis};
use watching::{read_metrics_listen, read_otlp};
use written::{as_pools, as_text, with_commas};

/// Every setting except those below `postgres.settings`, whose names are PostgreSQL's.
const KEYS: &[&str] = &[
    "allowed_origins",
    "at_once.analytics",
    "at_once.batch",
    "at_once.export",
    "at_once.read",
    "at_once.score",
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
    "direct_database_url",
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
    "read_database_url",
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

/// `drain_seconds` if other processes can take over requests. A process with its own sessions is
/// the only one, and draining would only prolong its restart.
const SHARED_DRAIN_SECONDS: u64 = 10;

/// Settings whose values may contain a password: errors never repeat them.
const SECRETS: &[&str] = &[
    "backups.secret_access_key",
    "backups.session_token",
    "database_url",
    "direct_database_url",
    "files.secret_access_key",
    "files.session_token",
    "files_url",
    "otlp.headers",
    "owner_database_url",
    "read_database_url",
    "redis_sentinels",
    "redis_url",
    "secret_key",
    "smtp_url",
];

/// The configuration in force. Printing it (`Debug`, `Serialize`) hides the secrets.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// The address that the API listens on.
    pub listen: SocketAddr,
    /// The folder for the service's data: the embedded database and, by default, the uploaded
    /// files.
    pub data_dir: PathBuf,
    /// The URL of the server's database; without it the embedded one is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<SecretUrl>,
    /// The URL of the same database for the same role past the pooler to which `database_url` leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_database_url: Option<SecretUrl>,
    /// The URL of the same database for the role that owns the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_database_url: Option<SecretUrl>,
    /// The URL of a streaming replica of that database, for reads that may be late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_database_url: Option<SecretUrl>,
    /// The store of sessions, cache and limits for several processes; without it they are kept in
    /// this process. Nodes of a cluster are separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<SecretUrls>,
    /// The Sentinels that know the master named by `redis_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_sentinels: Option<SecretUrls>,
    /// Whether `redis_url` names nodes of a cluster.
    pub redis_cluster: bool,
    /// The servers that result from these three settings.
    #[serde(skip)]
    pub redis_servers: Option<RedisServers>,
    /// The prefix of every key in Redis.
    pub redis_prefix: String,
    /// The most connections of one process for each kind of work.
    #[serde(serialize_with = "as_pools")]
    pub db_pools: PoolSizes,
    /// The time after which an idle connection is closed, in seconds.
    pub db_pool_idle_seconds: u64,
    /// The idle time after which a connection is checked before use, in seconds; 0 checks every
    /// time.
    pub db_pool_ping_after_seconds: u64,
    /// The age at which a connection is replaced, in seconds.
    pub db_pool_recycle_seconds: u64,
    /// The longest wait for a connection, in seconds; without it the default for each kind of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db_pool_wait_seconds: Option<u64>,
    /// How long the process continues to answer after a request to stop, in seconds. By then load
    /// balancers must have noticed that it is not ready.
    pub drain_seconds: u64,
    /// The store of uploaded files: a folder, or a prefix in a bucket.
    pub files_url: SecretUrl,
    /// The object store of the uploaded files, if they are in a bucket.
    #[serde(skip_serializing_if = "S3Config::is_empty")]
    pub files: S3Config,
    /// The object store of backups; if nothing is set, that of the uploaded files.
    #[serde(skip_serializing_if = "S3Config::is_empty")]
    pub backups: S3Config,
    /// A folder of models in addition to the shipped ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models_dir: Option<PathBuf>,
    /// The annual model that scores; without it the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_annual: Option<ModelPin>,
    /// The quarterly model that scores; without it the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_quarterly: Option<ModelPin>,
    /// The default rate to which PDs of annual predictions are calibrated; without it that of the
    /// model's manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_default_rate_annual: Option<TargetRate>,
    /// The same for quarterly predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_default_rate_quarterly: Option<TargetRate>,
    /// The largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// The processes that read uploaded files.
    pub parser: ParserConfig,
    /// The free space that a disk must have for uploads to be accepted, in bytes or as a share.
    pub min_free_disk: MinFreeDisk,
    /// Whether users may register themselves.
    pub registration: Registration,
    /// The key that seals secrets in the database; without it a file in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretKeys>,
    /// The cost of hashing a password.
    pub password_hashing: HashingConfig,
    /// The URL of the service for users: the beginning of links in mails.
    pub public_url: String,
    /// The mail server; without it mails are written to a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_url: Option<SecretUrl>,
    /// The sender of mails.
    #[serde(serialize_with = "as_text")]
    pub mail_from: Sender,
    /// Requests a minute for each principal, by class; 0 is no limit.
    pub limits: LimitsConfig,
    /// The budgets of one user or organization.
    pub budgets: BudgetsConfig,
    /// The limits of mails that users can cause.
    pub mails: MailsConfig,
    /// Concurrent requests of one tenant, by kind of work; 0 is no limit.
    pub at_once: ConcurrencyConfig,
    /// Proxies whose forwarded addresses are trusted: addresses or networks.
    #[serde(serialize_with = "with_commas", skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<String>,
    /// Origins whose pages may call the API with a token, such as `https://app.example.com`.
    #[serde(serialize_with = "with_commas", skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Threads that answer HTTP requests.
    pub workers: usize,
    /// The address for Prometheus; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
    /// The collector of traces and logs.
    pub otlp: OtlpConfig,
    /// The filter of the log, such as `info,accunode=debug`.
    pub log: String,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The embedded PostgreSQL.
    pub postgres: PostgresConfig,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// All faults together.
    pub fn load(sources: &Sources) -> Result<Self, ConfigFaults> {
        Self::load_with_origins(sources).map(|(config, _)| config)
    }

    /// Reads all layers, and returns the origin of each setting that was given (a file, a variable,
    /// the command line), by its name.
    ///
    /// # Errors
    /// As for [`Self::load`].
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
        let direct_database_url = read_database_url(&mut layers, "direct_database_url");
        let owner_database_url = read_database_url(&mut layers, "owner_database_url");
        let read_replica = read_database_url(&mut layers, "read_database_url");
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
            direct_database_url,
            owner_database_url,
            read_database_url: read_replica,
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

    /// Every setting except those below `postgres.settings`, with its environment variable.
    pub fn settings() -> impl Iterator<Item = (&'static str, String)> {
        KEYS.iter().map(|key| (*key, layers::variable_of(key)))
    }

    /// The configuration in the format of the file, with secrets hidden.
    ///
    /// # Errors
    /// If a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

#[cfg(test)]
mod tests;
