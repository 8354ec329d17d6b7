//! Reads a backup and checks that it is complete.

use std::io;

use accunode_files::{ObjectBytes, Objects};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use super::manifest::{MANIFEST, MANIFEST_HASH};
use super::writer::MARK;
use super::{BackupLocation, Manifest};
use crate::config::Config;

/// The longest manifest that is read: that of a million files has some 200 MB.
const LONGEST_MANIFEST: u64 = 1 << 30;

/// A backup with its manifest.
#[derive(Debug)]
pub struct Reader {
    objects: Objects,
    place: BackupLocation,
    manifest: Manifest,
}

impl Reader {
    /// Opens a backup and reads its manifest.
    ///
    /// # Errors
    /// If there is no backup, or its manifest is damaged.
    pub async fn open(place: &BackupLocation, config: &Config) -> anyhow::Result<Self> {
        if let BackupLocation::Folder(folder) = place {
            // The store would create the folder.
            ensure!(folder.is_dir(), "there is no folder {place}");
        }
        let objects = place.objects(config)?;
        let text = small(&objects, MANIFEST)
            .await
            .with_context(|| format!("cannot read {MANIFEST} of {place}"))?;
        let Some(text) = text else {
            let is_begun = small(&objects, MARK).await.is_ok_and(|mark| mark.is_some());
            let why = if is_begun {
                "; one is being written there, or was interrupted"
            } else {
                ""
            };
            bail!("{place} is no backup: it has no {MANIFEST}{why}");
        };
        let line = small(&objects, MANIFEST_HASH).await?.unwrap_or_default();
        let hash = hex::encode(Sha256::digest(&text));
        ensure!(
            line.starts_with(hash.as_bytes()),
            "{MANIFEST} of {place} is damaged: its SHA-256 is not that of {MANIFEST_HASH}"
        );
        let manifest =
            Manifest::parse(&text).with_context(|| format!("cannot read {MANIFEST} of {place}"))?;
        Ok(Self {
            objects,
            place: place.clone(),
            manifest,
        })
    }

    /// Returns the manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the location.
    #[must_use]
    pub const fn place(&self) -> &BackupLocation {
        &self.place
    }

    /// Reads every part and compares it with the manifest.
    ///
    /// # Errors
    /// Every part that is missing, damaged or unexpected, reported together.
    pub async fn verify(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        for key in self.manifest.parts.keys() {
            let read = async {
                let mut bytes = self.part(key).await?;
                while bytes.try_next().await?.is_some() {}
                anyhow::Ok(())
            };
            if let Err(error) = read.await {
                wrong.push(format!("{error:#}"));
            }
        }
        for (key, _) in self.objects.list().await? {
            let known = self.manifest.parts.contains_key(&key)
                || [MANIFEST, MANIFEST_HASH].contains(&key.as_str());
            if !known {
                wrong.push(format!("{key} is not in the manifest"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let more = wrong.len().saturating_sub(20);
        wrong.truncate(20);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        bail!(
            "the backup {} is damaged:\n{}",
            self.place,
            wrong.join("\n")
        )
    }

    /// Returns the bytes of one part. The stream ends with an error if they differ from the
    /// manifest.
    ///
    /// # Errors
    /// If the part is not in the manifest or is missing.
    pub async fn part(&self, key: &str) -> anyhow::Result<ObjectBytes> {
        let Some(expected) = self.manifest.parts.get(key).cloned() else {
            bail!("the backup {} has no {key}", self.place);
        };
        let found = self.objects.read(key).await;
        let found = found.with_context(|| format!("cannot read {key} of {}", self.place))?;
        let Some((size, bytes)) = found else {
            bail!("{key} is missing");
        };
        ensure!(
            size == expected.size,
            "{key} has {size} bytes instead of {}",
            expected.size
        );
        Ok(checked(key.to_owned(), bytes, expected.sha256).boxed())
    }

    /// Reads a small part into memory.
    ///
    /// # Errors
    /// As [`Self::part`], and if it is damaged.
    pub async fn small_part(&self, key: &str) -> anyhow::Result<Vec<u8>> {
        let bytes: Vec<Bytes> = self.part(key).await?.try_collect().await?;
        Ok(bytes.concat())
    }
}

/// Returns the same bytes, followed by an error if their hash differs.
fn checked(
    key: String,
    bytes: ObjectBytes,
    expected: String,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let state = Some((bytes, Sha256::new()));
    futures::stream::unfold(state, move |state| {
        let (key, expected) = (key.clone(), expected.clone());
        async move {
            let (mut bytes, mut hash) = state?;
            match bytes.next().await {
                Some(Ok(chunk)) => {
                    hash.update(&chunk);
                    Some((Ok(chunk), Some((bytes, hash))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None if hex::encode(hash.finalize()) == expected => None,
                None => {
                    let damaged = format!("{key} is damaged: its SHA-256 is another");
                    Some((
                        Err(io::Error::new(io::ErrorKind::InvalidData, damaged)),
                        None,
                    ))
                }
            }
        }
    })
}

async fn small(objects: &Objects, key: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let Some((size, bytes)) = objects.read(key).await? else {
        return Ok(None);
    };
    ensure!(size <= LONGEST_MANIFEST, "{key} has {size} bytes");
    let bytes: Vec<Bytes> = bytes.try_collect().await?;
    Ok(Some(bytes.concat()))
}
