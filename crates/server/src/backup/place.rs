//! Where a backup lies.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use accunode_files::Objects;
use anyhow::{Context, bail};
use url::Url;

use crate::config::Config;

/// The folder of a backup, as an absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(PathBuf);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must be a folder".to_owned());
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return std::path::absolute(text)
                .map(Self)
                .map_err(|error| error.to_string());
        };
        if scheme != "file" {
            return Err(format!(
                "must be a folder: {scheme}:// is not supported; back up into a folder and copy it, the manifest last"
            ));
        }
        Url::parse(text)
            .ok()
            .and_then(|url| url.to_file_path().ok())
            .map(Self)
            .ok_or_else(|| "must be the URL of a folder, such as file:///backups/1".to_owned())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Place {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

/// The objects in a folder, which is made where there is none.
///
/// # Errors
/// Where the folder cannot be made.
pub fn folder_objects(folder: &Path) -> anyhow::Result<Objects> {
    Objects::folder(folder).with_context(|| format!("cannot use {}", folder.display()))
}

/// The uploaded files of the service.
///
/// # Errors
/// Where their folder cannot be made.
pub fn stored_files(config: &Config) -> anyhow::Result<Objects> {
    let url = Url::parse(config.files_url.expose())?;
    let Ok(folder) = url.to_file_path() else {
        bail!("files_url {} is no folder", config.files_url);
    };
    folder_objects(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_and_an_object_store_is_refused_by_name() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("/b/x"), Ok(Place("/b/x".into())));
        assert_eq!(place("file:///b/x"), Ok(Place("/b/x".into())));
        let refused = place("s3://bank/backups/1").expect_err("refused");
        assert!(refused.contains("s3:// is not supported"), "{refused}");
        assert!(place("").is_err());
    }
}
