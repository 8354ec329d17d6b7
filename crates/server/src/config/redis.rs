//! The settings of Redis.

use accunode_redis::{InvalidServers, RedisServers};

use super::layers::Layers;
use super::{SecretUrl, SecretUrls};

/// The settings of Redis.
pub(super) struct RedisConfig {
    pub(super) url: Option<SecretUrls>,
    pub(super) sentinels: Option<SecretUrls>,
    pub(super) cluster: bool,
    pub(super) prefix: String,
    pub(super) servers: Option<RedisServers>,
}

pub(super) fn read_redis(layers: &mut Layers) -> RedisConfig {
    let cluster = layers
        .read("redis_cluster", "must be true or false", |text| {
            text.parse().ok()
        })
        .unwrap_or_default();
    let prefix = layers
        .read(
            "redis_prefix",
            "must be 1 to 64 letters, digits, - and _",
            |text| {
                let valid = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                ((1..=64).contains(&text.len()) && text.chars().all(valid)).then(|| text.to_owned())
            },
        )
        .unwrap_or_else(|| "accunode".into());
    let (url, sentinels) = (layers.text("redis_url"), layers.text("redis_sentinels"));
    let servers = read_servers(layers, url.as_deref(), sentinels.as_deref(), cluster);
    // A single URL is not split: its password may contain a comma.
    let url = url.and_then(|text| match cluster {
        true => SecretUrls::parse(&text).ok(),
        false => SecretUrl::parse(&text).ok().map(SecretUrls::from),
    });
    RedisConfig {
        url,
        sentinels: sentinels.and_then(|text| SecretUrls::parse(&text).ok()),
        cluster,
        prefix,
        servers,
    }
}

/// Returns the servers, if the settings are consistent.
fn read_servers(
    layers: &mut Layers,
    url: Option<&str>,
    sentinels: Option<&str>,
    cluster: bool,
) -> Option<RedisServers> {
    let servers = match (url, sentinels, cluster) {
        (None, None, false) => return None,
        (_, Some(_), true) => {
            let rule = "cannot be combined with redis_sentinels";
            layers.fault("redis_cluster", Some("true".to_owned()), rule);
            return None;
        }
        (None, sentinels, _) => {
            let key = sentinels.map_or("redis_cluster", |_| "redis_sentinels");
            layers.fault(key, None, "needs redis_url beside it");
            return None;
        }
        (Some(url), None, false) => RedisServers::single(url),
        (Some(url), Some(sentinels), false) => RedisServers::sentinel(url, sentinels),
        (Some(urls), None, true) => RedisServers::cluster(urls),
    };
    match servers {
        Ok(servers) => Some(servers),
        Err(invalid) => {
            let key = match invalid {
                InvalidServers::Sentinels => "redis_sentinels",
                InvalidServers::Url | InvalidServers::Master | InvalidServers::Cluster => {
                    "redis_url"
                }
            };
            layers.fault(key, None, &invalid.to_string());
            None
        }
    }
}
