//! The location of a backup.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use accunode_files::{Location, Objects, S3Settings};
use anyhow::Context;
use url::Url;

use crate::config::Config;

/// The location of a backup: a folder, as an absolute path, or a prefix in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupLocation {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix in a bucket, such as `s3://bank/backups/1`.
    Bucket(Url),
}

impl FromStr for BackupLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must be a folder, or a URL such as s3://bucket/backups/1".to_owned());
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return std::path::absolute(text)
                .map(Self::Folder)
                .map_err(|error| error.to_string());
        };
        let url = Url::parse(text).ok();
        let location = url
            .as_ref()
            .and_then(|url| Location::of_url(url, &S3Settings::default()));
        match (location, url) {
            (Some(Location::Folder(folder)), _) => Ok(Self::Folder(folder)),
            (Some(Location::Bucket { prefix, .. }), Some(url)) if !prefix.is_empty() => {
                Ok(Self::Bucket(url))
            }
            (Some(Location::Bucket { .. }), _) => Err(
                "must name a place in the bucket, such as s3://bucket/backups/1: a backup shares it with nothing"
                    .to_owned(),
            ),
            _ if ["file", "s3"].contains(&scheme) => Err(
                "must be a URL such as file:///backups/1 or s3://bucket/backups/1, without credentials and query"
                    .to_owned(),
            ),
            _ => Err(format!(
                "must be a folder, or a URL such as s3://bucket/backups/1: {scheme}:// is not supported"
            )),
        }
    }
}

impl std::fmt::Display for BackupLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket(url) => url.fmt(f),
        }
    }
}

impl BackupLocation {
    /// Returns the objects at the location. A missing folder is created.
    ///
    /// # Errors
    /// If the folder cannot be created, or the settings of the object store are
    /// contradictory.
    pub fn objects(&self, config: &Config) -> anyhow::Result<Objects> {
        let location = match self {
            Self::Folder(folder) => Some(Location::Folder(folder.clone())),
            Self::Bucket(url) => Location::of_url(url, &config.backups_s3()),
        };
        let location = location.with_context(|| format!("{self} is no place for a backup"))?;
        Objects::open(&location).with_context(|| format!("cannot use {self}"))
    }
}

/// Returns the objects in a folder, which is created if it is missing.
///
/// # Errors
/// If the folder cannot be created.
pub fn folder_objects(folder: &Path) -> anyhow::Result<Objects> {
    Objects::folder(folder).with_context(|| format!("cannot use {}", folder.display()))
}

/// Returns the uploaded files of the service.
///
/// # Errors
/// If their folder cannot be created, or the settings of their object store are
/// contradictory.
pub fn stored_files(config: &Config) -> anyhow::Result<Objects> {
    Objects::open(&config.files_location()?)
        .with_context(|| format!("cannot use {}", config.files_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backup_place_is_a_folder_or_a_bucket() {
        let place = |text: &str| text.parse::<BackupLocation>();
        assert_eq!(place("/b/x"), Ok(BackupLocation::Folder("/b/x".into())));
        assert_eq!(
            place("file:///b/x"),
            Ok(BackupLocation::Folder("/b/x".into()))
        );
        let bucket = place("s3://bank/backups/1").expect("a place");
        assert!(matches!(&bucket, BackupLocation::Bucket(_)));
        assert_eq!(bucket.to_string(), "s3://bank/backups/1");
        for (wrong, rule) in [
            ("", "must be a folder"),
            ("s3://bank", "a place in the bucket"),
            ("s3://bank/", "a place in the bucket"),
            ("s3://key:secret@bank/x", "without credentials"),
            ("https://x/y", "https:// is not supported"),
        ] {
            let refused = place(wrong).expect_err(wrong);
            assert!(refused.contains(rule), "{wrong}: {refused}");
            assert!(!refused.contains("secret@"), "{refused}");
        }
    }
}
