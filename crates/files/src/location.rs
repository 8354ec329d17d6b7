//! The location of objects: a folder of this machine, or a bucket of an object store that speaks
//! S3.

use std::{path::PathBuf, sync::Arc, time::Duration};

use accunode_ports::PortError;
use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
    prefix::PrefixStore,
};
use url::Url;

use crate::fault;

/// The time limit of one request; a part of an upload has 8 MiB, one of a backup up to 512 MiB.
const REQUEST: Duration = Duration::from_secs(300);
/// The time limit of connecting.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request that failed temporarily is repeated.
const REPEATED_FOR: Duration = Duration::from_secs(15);

/// The connection to an object store that speaks S3. Missing settings are taken from the machine:
/// variables such as `AWS_REGION`, or the role of an instance or a container. With an access key
/// nothing is taken from there, so that a key is never combined with another key's token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Its URL, such as `https://minio.bank.example:9000`; that of Amazon by default.
    pub endpoint: Option<String>,
    /// Its region, such as `eu-central-1`.
    pub region: Option<String>,
    /// The id of the access key.
    pub access_key_id: Option<String>,
    /// The access key.
    pub secret_access_key: Option<String>,
    /// The token of a temporary key.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// The location of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix in a bucket; an empty one is the whole bucket.
    Bucket {
        /// The bucket.
        bucket: String,
        /// The prefix of every key, without slashes at its ends.
        prefix: String,
        /// The connection to the store.
        s3: S3Settings,
    },
}

impl Location {
    /// The rule for its URL.
    pub const RULE: &str = "must be the URL of a folder, such as file:///var/lib/accunode/files, or of a \
                            place in a bucket, such as s3://bucket/accunode";

    /// Parses a URL; `None` if it violates [`Self::RULE`]: another scheme, no bucket, credentials
    /// or a query.
    #[must_use]
    pub fn of_url(url: &Url, s3: &S3Settings) -> Option<Self> {
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        if url.scheme() == "file" {
            return url.to_file_path().ok().map(Self::Folder);
        }
        let is_plain =
            url.username().is_empty() && url.password().is_none() && url.port().is_none();
        if url.scheme() != "s3" || !is_plain {
            return None;
        }
        let prefix = Key::from_url_path(url.path()).ok()?;
        Some(Self::Bucket {
            bucket: url.host_str().filter(|host| !host.is_empty())?.to_owned(),
            prefix: prefix.as_ref().to_owned(),
            s3: s3.clone(),
        })
    }
}

/// Makes `ring` the process's cryptography provider, unless it has one already. It must be called
/// before any HTTP client of the process is created.
pub fn provide_tls() {
    // An error means that another thread was faster, which is equivalent.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Returns a prefix in a bucket as a store.
///
/// # Errors
/// `Internal` if the settings are contradictory.
pub(crate) fn bucket(
    bucket: &str,
    prefix: &str,
    s3: &S3Settings,
) -> Result<Arc<dyn ObjectStore>, PortError> {
    let prefix = Key::parse(prefix).map_err(fault::internal)?;
    let store = client(bucket, s3).map_err(fault::internal)?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

fn client(bucket: &str, s3: &S3Settings) -> object_store::Result<AmazonS3> {
    provide_tls();
    let mut builder = match &s3.access_key_id {
        Some(id) => {
            let secret = s3.secret_access_key.clone().unwrap_or_default();
            let builder = AmazonS3Builder::new()
                .with_access_key_id(id)
                .with_secret_access_key(secret);
            match &s3.session_token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
        None => AmazonS3Builder::from_env(),
    };
    if let Some(region) = &s3.region {
        builder = builder.with_region(region);
    }
    let mut options = ClientOptions::new()
        .with_timeout(REQUEST)
        .with_connect_timeout(CONNECT);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        // Plain HTTP is allowed only if the URL asks for it.
        options = options.with_allow_http(endpoint.starts_with("http://"));
    }
    builder
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_retry(RetryConfig {
            max_retries: 5,
            retry_timeout: REPEATED_FOR,
            ..RetryConfig::default()
        })
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> Option<Location> {
        Location::of_url(&Url::parse(url).ok()?, &S3Settings::default())
    }

    #[test]
    fn url_is_a_folder_or_a_bucket_with_prefix() {
        assert_eq!(
            location("file:///var/lib/files"),
            Some(Location::Folder("/var/lib/files".into()))
        );
        for (url, expected) in [
            ("s3://bank", ""),
            ("s3://bank/", ""),
            ("s3://bank/a/b/", "a/b"),
        ] {
            let Some(Location::Bucket { bucket, prefix, .. }) = location(url) else {
                panic!("{url} is no bucket");
            };
            assert_eq!((bucket.as_str(), prefix.as_str()), ("bank", expected));
        }
        for wrong in [
            "s3:///prefix",
            "s3://key:secret@bank/a",
            "s3://bank:9000/a",
            "s3://bank/a?region=x",
            "s3://bank/a/../b#c",
            "https://bank/a",
            "gs://bank/a",
        ] {
            assert_eq!(location(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn s3_secrets_are_hidden_in_debug_output() {
        let s3 = S3Settings {
            access_key_id: Some("AKIA".to_owned()),
            secret_access_key: Some("hush".to_owned()),
            session_token: Some("hush, too".to_owned()),
            ..S3Settings::default()
        };
        let shown = format!("{s3:?}");
        assert!(shown.contains("AKIA") && !shown.contains("hush"), "{shown}");
    }
}
