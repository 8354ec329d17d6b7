//! Reads values that need more than a line.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use accunode_files::{Location, ParserSettings, S3Settings};
use accunode_local::HashingSettings;
use accunode_mail::{Sender, SmtpUrl};
use accunode_ports::repositories::JOBS_AT_ONCE;
use accunode_postgres::{PoolKind, PoolSettings, PoolSizes};
use accunode_web::ConcurrencyLimits;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::layers::Layers;
use super::{
    ConcurrencyConfig, HashingConfig, LimitsConfig, ParserConfig, PostgresConfig, S3Config,
    SecretUrl, Sources,
};
use crate::database::connections;
use accunode_embedded_postgres::{EmbeddedOptions, OWNED_SETTINGS};

const KIB: u64 = 1024;
pub(super) const MIB: u64 = 1024 * KIB;

pub(super) fn read_database_url(layers: &mut Layers, key: &str) -> Option<SecretUrl> {
    layers.read(
        key,
        "must be a URL such as postgres://user:password@host:5432/database",
        |text| {
            let url = SecretUrl::parse(text).ok()?;
            let known = ["postgres", "postgresql"].contains(&url.scheme());
            (known && PgConnectOptions::from_str(text).is_ok()).then_some(url)
        },
    )
}

pub(super) fn read_files_url(layers: &mut Layers, data_dir: Option<&Path>) -> Option<SecretUrl> {
    let given = layers.read("files_url", Location::RULE, |text| {
        let url = Url::parse(text).ok()?;
        Location::of_url(&url, &S3Settings::default())?;
        Some(SecretUrl::from(url))
    });
    given.or_else(|| {
        let url = Url::from_directory_path(data_dir?.join("files")).ok()?;
        Some(SecretUrl::from(url))
    })
}

/// Reads the connection to an object store, below `files` or `backups`.
pub(super) fn read_s3(layers: &mut Layers, of: &str) -> S3Config {
    let key = |name: &str| format!("{of}.{name}");
    let rule =
        "must be the URL of an object store without path, such as https://minio.bank.example:9000";
    let endpoint = layers.read(&key("endpoint"), rule, |text| {
        let url = Url::parse(text).ok()?;
        let sound = ["http", "https"].contains(&url.scheme())
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        sound.then(|| url.as_str().trim_end_matches('/').to_owned())
    });
    let mut word = |name: &str| {
        let rule = "must be visible characters without spaces, up to 4096";
        layers.read(&key(name), rule, |text| {
            let sound = text.len() <= 4096 && text.chars().all(|c| c.is_ascii_graphic());
            sound.then(|| text.to_owned())
        })
    };
    let config = S3Config {
        endpoint,
        region: word("region"),
        access_key_id: word("access_key_id"),
        secret_access_key: word("secret_access_key").map(Into::into),
        session_token: word("session_token").map(Into::into),
    };
    for (name, given, needs, needed) in [
        (
            "access_key_id",
            config.access_key_id.is_some(),
            "secret_access_key",
            config.secret_access_key.is_some(),
        ),
        (
            "secret_access_key",
            config.secret_access_key.is_some(),
            "access_key_id",
            config.access_key_id.is_some(),
        ),
        (
            "session_token",
            config.session_token.is_some(),
            "access_key_id",
            config.access_key_id.is_some(),
        ),
    ] {
        if given && !needed {
            let rule = format!("needs {} beside it", key(needs));
            layers.fault(&key(name), None, &rule);
        }
    }
    config
}

pub(super) fn read_folder(layers: &mut Layers, key: &str) -> Option<PathBuf> {
    layers.read(key, "must be a folder that exists", |text| {
        std::path::absolute(text).ok().filter(|path| path.is_dir())
    })
}

/// Checks values that are valid separately but not together.
pub(super) fn check_combinations(layers: &mut Layers) {
    for key in [
        "direct_database_url",
        "owner_database_url",
        "read_database_url",
    ] {
        if layers.text(key).is_some() && layers.text("database_url").is_none() {
            layers.fault(key, None, "needs database_url beside it");
        }
    }
}

pub(super) fn read_hashing(layers: &mut Layers) -> HashingConfig {
    let mut read = |key: &str, range: RangeInclusive<u32>, default| {
        let rule = format!("must be a number from {} to {}", range.start(), range.end());
        layers
            .read(key, &rule, |text| parse_within(text, range))
            .unwrap_or(default)
    };
    let default = HashingSettings::default();
    let hashing = HashingConfig {
        memory_kib: read(
            "password_hashing.memory_kib",
            64..=4_194_304,
            default.memory_kib,
        ),
        iterations: read("password_hashing.iterations", 1..=64, default.iterations),
        parallelism: read("password_hashing.parallelism", 1..=64, default.lanes),
    };
    if hashing.memory_kib < 8 * hashing.parallelism {
        layers.fault(
            "password_hashing.memory_kib",
            Some(hashing.memory_kib.to_string()),
            "must be at least 8 times password_hashing.parallelism",
        );
    }
    hashing
}

/// The settings of mails.
pub(super) struct MailConfig {
    pub(super) public_url: String,
    pub(super) smtp_url: Option<SecretUrl>,
    pub(super) from: Sender,
}

pub(super) fn read_mail(layers: &mut Layers, listen: SocketAddr) -> MailConfig {
    let smtp_url = layers.read("smtp_url", SmtpUrl::RULE, |text| {
        text.parse::<SmtpUrl>().ok()?;
        SecretUrl::parse(text).ok()
    });
    let from = layers.read("mail_from", Sender::RULE, |text| text.parse().ok());
    let rule = "must be the URL where users reach the service, such as https://risk.bank.example";
    let public_url = layers.read("public_url", rule, |text| {
        let url = Url::parse(text).ok()?;
        let sound = ["http", "https"].contains(&url.scheme())
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        sound.then(|| url.as_str().trim_end_matches('/').to_owned())
    });
    if smtp_url.is_some() {
        // Real mails must not be without a sender, or link to the receiver's own machine.
        for name in ["mail_from", "public_url"] {
            if layers.text(name).is_none() {
                layers.fault(name, None, "must be given where smtp_url is");
            }
        }
    }
    MailConfig {
        public_url: public_url.unwrap_or_else(|| local_url(listen)),
        smtp_url,
        from: from.unwrap_or_default(),
    }
}

/// Returns the URL by which this machine reaches the service.
fn local_url(listen: SocketAddr) -> String {
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

pub(super) fn read_parser(layers: &mut Layers) -> ParserConfig {
    let default = ParserSettings::of_program(PathBuf::new());
    ParserConfig {
        at_once: layers
            .read(
                "parser.at_once",
                "must be a number of processes from 3 to 64",
                |text| parse_within(text, JOBS_AT_ONCE + 1..=64),
            )
            .unwrap_or(default.at_once),
        memory: layers
            .read(
                "parser.memory",
                "must be a number of bytes from 32MiB to 64GiB, such as 88MiB",
                |text| parse_bytes(text).filter(|n| (32 * MIB..=64 * KIB * MIB).contains(n)),
            )
            .unwrap_or(default.memory_bytes),
        cpu_seconds: layers
            .read(
                "parser.cpu_seconds",
                "must be a number of seconds from 1 to 86400",
                |text| parse_within(text, 1..=86_400),
            )
            .unwrap_or(default.cpu_seconds),
        program: layers.read("parser.program", "must be a program that exists", |text| {
            std::path::absolute(text).ok().filter(|path| path.is_file())
        }),
    }
}

pub(super) fn read_limits(layers: &mut Layers) -> LimitsConfig {
    let mut read = |key: &str, default| {
        let rule = "must be a number of requests a minute, 0 for no limit";
        layers
            .read(key, rule, |text| text.parse().ok())
            .unwrap_or(default)
    };
    LimitsConfig {
        admin: read("limits.admin", 60),
        auth: read("limits.auth", 10),
        read: read("limits.read", 600),
        score: read("limits.score", 120),
        unknown_keys: read("limits.unknown_keys", 60),
        upload: read("limits.upload", 30),
        write: read("limits.write", 120),
    }
}

pub(super) fn read_at_once(layers: &mut Layers) -> ConcurrencyConfig {
    let default = ConcurrencyLimits::default();
    let mut read = |key: &str, default: usize| {
        let rule = "must be a number of requests from 1 to 10000, or 0 for no limit";
        layers
            .read(key, rule, |text| parse_within(text, 0..=10_000))
            .unwrap_or_else(|| u32::try_from(default).unwrap_or(u32::MAX))
    };
    ConcurrencyConfig {
        analytics: read("at_once.analytics", default.analytics),
        batch: read("at_once.batch", default.batch),
        export: read("at_once.export", default.export),
        read: read("at_once.read", default.read),
        score: read("at_once.score", default.score),
        search: read("at_once.search", default.search),
        upload: read("at_once.upload", default.upload),
    }
}

/// Divides `db_pool_size` among the pools; pools with an explicit size keep it.
pub(super) fn read_pools(layers: &mut Layers) -> PoolSizes {
    let total = layers
        .read(
            "db_pool_size",
            "must be a number of connections from 4 to 1000",
            |text| parse_within(text, PoolSizes::LEAST..=1000),
        )
        .unwrap_or_else(|| PoolSettings::default().sizes.total());
    let divided = PoolSizes::of_total(total);
    let mut read = |kind: PoolKind| {
        let key = format!("db_pools.{}", kind.as_str());
        let rule = "must be a number of connections from 1 to 1000";
        layers
            .read(&key, rule, |text| parse_within(text, 1..=1000))
            .unwrap_or_else(|| divided.of(kind))
    };
    PoolSizes {
        identity: read(PoolKind::Identity),
        reads: read(PoolKind::Reads),
        writes: read(PoolKind::Writes),
        expensive: read(PoolKind::Expensive),
    }
}

pub(super) fn read_postgres(layers: &mut Layers, pool: u32) -> PostgresConfig {
    let account = layers.read(
        "postgres.account",
        "must be the name of an account of this machine",
        |text| {
            let sound = |c: char| !c.is_control() && !c.is_whitespace() && !"\":/".contains(c);
            ((1..=64).contains(&text.len()) && text.chars().all(sound)).then(|| text.to_owned())
        },
    );
    let bin_dir = read_folder(layers, "postgres.bin_dir");
    let wal_archive = layers.read("postgres.wal_archive", "must be a path", |text| {
        std::path::absolute(text).ok()
    });
    let given = layers.postgres_settings();
    for name in OWNED_SETTINGS
        .iter()
        .filter(|name| given.contains_key(**name))
    {
        let rule = "is set by the embedded server itself: remove it";
        layers.fault(&format!("postgres.settings.{name}"), None, rule);
    }
    let mut settings = EmbeddedOptions::specified_settings();
    let least = connections::of_process(pool) + connections::SPARE;
    let key = "postgres.settings.max_connections";
    if let Some(text) = given.get("max_connections") {
        // PostgreSQL itself refuses a text that is not a number, by its name.
        if text.parse::<u32>().is_ok_and(|most| most < least) {
            let rule = format!(
                "must be at least {least} with db_pool_size = {pool}: leave it out, or lower db_pool_size"
            );
            layers.fault(key, Some(text.clone()), &rule);
        }
    } else {
        let most = least.max(connections::USUAL);
        settings.insert("max_connections".to_owned(), most.to_string());
    }
    settings.extend(given);
    PostgresConfig {
        account,
        bin_dir,
        wal_archive,
        settings,
    }
}

/// Root's data folder is the machine's; other users have their own.
pub(super) fn default_data_dir(sources: &Sources, root: bool) -> Option<PathBuf> {
    if root {
        return Some("/var/lib/accunode".into());
    }
    let folder = |name: &str| {
        sources
            .variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("accunode"))
}

pub(super) fn parse_within<T: FromStr + PartialOrd>(
    text: &str,
    range: RangeInclusive<T>,
) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// Parses `536870912` or `512MiB`.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let factor = match text[end..].trim() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => KIB * MIB,
        "TiB" => MIB * MIB,
        _ => return None,
    };
    number.checked_mul(factor)
}
