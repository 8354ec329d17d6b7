//! The settings of Redis: its servers, and the time limits.

use std::{fmt, time::Duration};

use deadpool_redis::{
    redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo},
    sentinel::{SentinelNodeConnectionInfo, TlsMode},
};
use thiserror::Error;
use url::Url;

/// The settings of Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// The servers.
    pub servers: RedisServers,
    /// The prefix of every key, so that several installations can share a server.
    pub prefix: String,
    /// The time limit of connecting, including the queries to the Sentinels.
    pub connect_timeout: Duration,
    /// The time limit of a response, including redirections within a cluster.
    pub response_timeout: Duration,
}

impl RedisSettings {
    /// The usual settings for these servers: the prefix `accunode`, and one second for
    /// connecting and for each response.
    #[must_use]
    pub fn new(servers: RedisServers) -> Self {
        Self {
            servers,
            prefix: "accunode".to_owned(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }
}

/// The servers that keep the data, and how they are found. `Debug` shows no password.
#[derive(Clone)]
pub struct RedisServers(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Single(ConnectionInfo),
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        master: String,
        node: SentinelNodeConnectionInfo,
    },
    Cluster(Vec<ConnectionInfo>),
}

impl fmt::Debug for RedisServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = |nodes: &[ConnectionInfo]| -> Vec<String> {
            nodes.iter().map(|node| node.addr().to_string()).collect()
        };
        match &self.0 {
            Kind::Single(server) => write!(f, "Single({})", server.addr()),
            Kind::Sentinel {
                sentinels, master, ..
            } => write!(f, "Sentinel({master} of {:?})", addresses(sentinels)),
            Kind::Cluster(nodes) => write!(f, "Cluster({:?})", addresses(nodes)),
        }
    }
}

/// Which part of a description of servers is wrong. The message gives the rule, and
/// never repeats the URL, which may hold a password.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidServers {
    /// The URL of a single server.
    #[error(
        "must be a URL such as redis://user:password@host:6379/0, rediss:// for TLS, or redis+unix:///path/to/socket"
    )]
    Url,
    /// The URL that names the master under Sentinel.
    #[error(
        "must be a URL such as redis://user:password@mymaster/0 (rediss:// for TLS) whose host is the master's name as the Sentinels know it, without a port"
    )]
    Master,
    /// The Sentinels' own URLs.
    #[error(
        "must be URLs such as redis://user:password@sentinel-1:26379 with commas between, without a database"
    )]
    Sentinels,
    /// The URLs of a cluster's nodes.
    #[error(
        "must be URLs of nodes of the cluster such as redis://user:password@node-1:6379 (rediss:// for TLS) with commas between, of one user, without a database"
    )]
    Cluster,
}

impl RedisServers {
    /// One server: `redis://`, `rediss://` (TLS) or `redis+unix://`.
    ///
    /// # Errors
    /// [`InvalidServers::Url`].
    pub fn single(url: &str) -> Result<Self, InvalidServers> {
        let info = url
            .into_connection_info()
            .map_err(|_| InvalidServers::Url)?;
        Ok(Self(Kind::Single(info)))
    }

    /// The master that the Sentinels name. The host of `master` is its name; user,
    /// password, database and TLS are those of the servers, which the Sentinels do not
    /// know. `sentinels` are URLs with commas between, each with its own user and password.
    ///
    /// # Errors
    /// [`InvalidServers::Master`] and [`InvalidServers::Sentinels`].
    pub fn sentinel(master: &str, sentinels: &str) -> Result<Self, InvalidServers> {
        let has_port = Url::parse(master).map_or(true, |url| url.port().is_some());
        let info = master
            .into_connection_info()
            .map_err(|_| InvalidServers::Master)?;
        let (name, tls_mode) = match info.addr() {
            ConnectionAddr::Tcp(name, _) => (name.clone(), None),
            ConnectionAddr::TcpTls { host, insecure, .. } => {
                let mode = if *insecure {
                    TlsMode::Insecure
                } else {
                    TlsMode::Secure
                };
                (host.clone(), Some(mode))
            }
            _ => return Err(InvalidServers::Master),
        };
        if has_port {
            return Err(InvalidServers::Master);
        }
        Ok(Self(Kind::Sentinel {
            sentinels: nodes(sentinels).ok_or(InvalidServers::Sentinels)?,
            master: name,
            node: SentinelNodeConnectionInfo {
                tls_mode,
                redis_connection_info: Some(info.redis_settings().clone().into()),
            },
        }))
    }

    /// Redis Cluster: URLs of some of its nodes with commas between; the others are found
    /// through them. User, password and TLS must be the same for all.
    ///
    /// # Errors
    /// [`InvalidServers::Cluster`].
    pub fn cluster(urls: &str) -> Result<Self, InvalidServers> {
        let nodes = nodes(urls).ok_or(InvalidServers::Cluster)?;
        let account = |node: &ConnectionInfo| {
            let settings = node.redis_settings();
            let tls = matches!(node.addr(), ConnectionAddr::TcpTls { .. });
            (
                settings.username().map(str::to_owned),
                settings.password().map(str::to_owned),
                tls,
            )
        };
        let same = nodes
            .windows(2)
            .all(|pair| account(&pair[0]) == account(&pair[1]));
        if !same {
            return Err(InvalidServers::Cluster);
        }
        Ok(Self(Kind::Cluster(nodes)))
    }
}

/// Servers that are reached over TCP and have one database. `None` where one is not, or
/// where there is none.
fn nodes(urls: &str) -> Option<Vec<ConnectionInfo>> {
    urls.split(',')
        .map(|url| {
            let info = url.trim().into_connection_info().ok()?;
            let tcp = matches!(
                info.addr(),
                ConnectionAddr::Tcp(..) | ConnectionAddr::TcpTls { .. }
            );
            (tcp && info.redis_settings().db() == 0).then_some(info)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_servers_of_each_kind_are_parsed() {
        for url in [
            "redis://cache",
            "rediss://:pw@cache:6380/2",
            "redis+unix:///tmp/redis.sock",
        ] {
            assert!(RedisServers::single(url).is_ok(), "{url}");
        }
        let servers = RedisServers::sentinel(
            "rediss://ada:pa55@mymaster/3",
            "redis://:5entinel@s1:26379, redis://s2:26379",
        );
        let Kind::Sentinel {
            sentinels,
            master,
            node,
        } = servers.expect("valid").0
        else {
            panic!("not under Sentinel");
        };
        assert_eq!((sentinels.len(), master.as_str()), (2, "mymaster"));
        assert!(matches!(node.tls_mode, Some(TlsMode::Secure)));
        let settings = node.redis_connection_info.expect("settings");
        assert_eq!(
            (
                settings.db,
                settings.username.as_deref(),
                settings.password.as_deref()
            ),
            (3, Some("ada"), Some("pa55"))
        );
        assert!(RedisServers::cluster("redis://:pw@n1:7000,redis://:pw@n2:7000").is_ok());
    }

    #[test]
    fn invalid_redis_servers_name_the_invalid_part() {
        let single = |url| RedisServers::single(url).err();
        assert_eq!(single("http://cache"), Some(InvalidServers::Url));
        let sentinel = |master, sentinels| RedisServers::sentinel(master, sentinels).err();
        let (master, sentinels) = ("redis://mymaster", "redis://s1:26379");
        for wrong in [
            "redis://mymaster:6379",
            "redis+unix:///tmp/redis.sock",
            "mymaster",
        ] {
            assert_eq!(
                sentinel(wrong, sentinels),
                Some(InvalidServers::Master),
                "{wrong}"
            );
        }
        for wrong in [
            "",
            "s1:26379",
            "redis://s1/1",
            "redis://s1,",
            "redis+unix:///tmp/s",
        ] {
            assert_eq!(
                sentinel(master, wrong),
                Some(InvalidServers::Sentinels),
                "{wrong}"
            );
        }
        for wrong in [
            "",
            "redis://n1,redis://:pw@n2",
            "redis://n1/2",
            "redis://n1,rediss://n2",
        ] {
            assert_eq!(
                RedisServers::cluster(wrong).err(),
                Some(InvalidServers::Cluster),
                "{wrong}"
            );
        }
    }

    #[test]
    fn redis_password_is_hidden_in_debug_output() {
        let servers = [
            RedisServers::single("redis://ada:pa55@cache"),
            RedisServers::sentinel("redis://ada:pa55@mymaster", "redis://:pa55@s1"),
            RedisServers::cluster("redis://ada:pa55@n1"),
        ];
        let shown = format!("{servers:?}");
        assert!(!shown.contains("pa55"), "{shown}");
    }
}
