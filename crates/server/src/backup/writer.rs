//! Writes a backup so that a partial one never looks complete.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use accunode_files::Objects;
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures::{Stream, stream};

use super::location::folder_objects;
use super::manifest::{MANIFEST, MANIFEST_HASH};
use super::{BackupLocation, Manifest, Part};
use crate::config::Config;

/// The object that marks an unfinished or interrupted backup in a bucket. It is removed
/// before the manifest is written, without which there is no backup.
pub(super) const MARK: &str = "partial";

/// A backup that is being written. It is [committed](Self::commit) or
/// [abandoned](Self::abandon); a folder is also removed if the value is dropped before.
#[derive(Debug)]
pub struct Writer {
    objects: Objects,
    parts: BTreeMap<String, Part>,
    place: BackupLocation,
    /// The unfinished folder.
    draft: Option<Draft>,
}

impl Writer {
    /// Begins a backup at a location where there is none.
    ///
    /// # Errors
    /// If the location is not empty, or cannot be written.
    pub async fn begin(place: &BackupLocation, config: &Config) -> anyhow::Result<Self> {
        let (objects, draft) = match place {
            BackupLocation::Folder(folder) => {
                let draft = Draft::begin(folder)?;
                (folder_objects(&draft.draft)?, Some(draft))
            }
            BackupLocation::Bucket(_) => {
                let objects = place.objects(config)?;
                mark(&objects, place).await?;
                (objects, None)
            }
        };
        Ok(Self {
            objects,
            parts: BTreeMap::new(),
            place: place.clone(),
            draft,
        })
    }

    /// Returns the folder that is written into, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.draft.as_ref().map(|draft| draft.draft.as_path())
    }

    /// Writes one part.
    ///
    /// # Errors
    /// If it cannot be written, or its bytes cannot be read.
    pub async fn add(
        &mut self,
        key: &str,
        bytes: impl Stream<Item = io::Result<Bytes>> + Unpin,
    ) -> anyhow::Result<&Part> {
        let written = self
            .objects
            .write(key, bytes)
            .await
            .with_context(|| format!("cannot write {key} to {}", self.place))?;
        self.parts.insert(key.to_owned(), written.into());
        Ok(&self.parts[key])
    }

    /// Returns the parts that were written so far.
    #[must_use]
    pub const fn parts(&self) -> &BTreeMap<String, Part> {
        &self.parts
    }

    /// Removes one part.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub async fn remove(&mut self, key: &str) -> anyhow::Result<()> {
        self.objects
            .remove(key)
            .await
            .with_context(|| format!("cannot remove {key} from {}", self.place))?;
        self.parts.remove(key);
        Ok(())
    }

    /// Writes the manifest, and renames a folder to its final name.
    ///
    /// # Errors
    /// If either fails: then there is no backup.
    pub async fn commit(mut self, manifest: &Manifest) -> anyhow::Result<()> {
        let committed = self.write_manifest(manifest).await;
        let done = match (committed, self.draft.take()) {
            (Ok(()), Some(draft)) => draft.commit(),
            (committed, _) => committed,
        };
        if done.is_err() {
            self.abandon().await;
        }
        done
    }

    async fn write_manifest(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(manifest)?;
        let hash = {
            use sha2::{Digest, Sha256};
            hex::encode(Sha256::digest(&text))
        };
        let line = format!("{hash}  {MANIFEST}\n");
        let write = async |key: &str, bytes: Vec<u8>| {
            let written = self
                .objects
                .write(key, stream::iter([Ok(Bytes::from(bytes))]));
            written
                .await
                .with_context(|| format!("cannot write {key} to {}", self.place))
        };
        write(MANIFEST_HASH, line.into_bytes()).await?;
        if matches!(self.place, BackupLocation::Bucket(_)) {
            self.objects
                .remove(MARK)
                .await
                .with_context(|| format!("cannot remove {MARK} from {}", self.place))?;
        }
        write(MANIFEST, text).await?;
        Ok(())
    }

    /// Removes what was written so far.
    pub async fn abandon(self) {
        // A folder is removed with its draft.
        if self.draft.is_some() || matches!(self.place, BackupLocation::Folder(_)) {
            return;
        }
        let rest = [MANIFEST, MANIFEST_HASH, MARK].map(str::to_owned);
        for key in self.parts.keys().chain(&rest) {
            if let Err(error) = self.objects.remove(key).await {
                tracing::warn!(%error, place = %self.place, "what was written of the backup is left");
                return;
            }
        }
    }
}

/// Marks a location in a bucket, which must be empty.
async fn mark(objects: &Objects, place: &BackupLocation) -> anyhow::Result<()> {
    let found = objects.list().await;
    let found = found.with_context(|| format!("cannot look into {place}"))?;
    if found.iter().any(|(key, _)| key == MARK) {
        bail!(
            "another backup is being written into {place}, or was interrupted there: choose another name, or \
             remove what begins with it"
        );
    }
    ensure!(
        found.is_empty(),
        "{place} is there already and not empty: choose another name"
    );
    let words = "This backup is being written, or was interrupted.\n";
    let bytes = stream::iter([Ok(Bytes::from_static(words.as_bytes()))]);
    let written = objects.write(MARK, bytes).await;
    written.with_context(|| format!("cannot write into {place}"))?;
    Ok(())
}

/// A folder with a temporary name until it is complete.
#[derive(Debug)]
struct Draft {
    draft: PathBuf,
    place: PathBuf,
    /// Locked while the folder is written; the system releases it when the process dies.
    lock: File,
    whole: bool,
}

impl Draft {
    fn begin(place: &Path) -> anyhow::Result<Self> {
        let (Some(name), Some(parent)) = (place.file_name(), place.parent()) else {
            bail!("{} cannot be the name of a backup", place.display());
        };
        match fs::read_dir(place).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Ok(false) => bail!(
                "{} is there already and not empty: choose another name",
                place.display()
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot use {}", place.display()));
            }
        }
        ensure!(
            parent.is_dir(),
            "there is no folder {} to put the backup into",
            parent.display()
        );
        let mut draft_name = name.to_owned();
        draft_name.push(".partial");
        let draft = parent.join(draft_name);
        let failed = || format!("cannot make {}", draft.display());
        match DirBuilder::new().mode(0o700).create(&draft) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(failed);
            }
            _ => {}
        }
        let lock = File::open(&draft).with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another backup is being written into {}", draft.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        // Remove the remains of an interrupted backup.
        for entry in fs::read_dir(&draft).with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            let removed = if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(Self {
            draft,
            place: place.to_path_buf(),
            lock,
            whole: false,
        })
    }

    fn commit(mut self) -> anyhow::Result<()> {
        sync_folders(&self.draft)
            .and_then(|()| fs::rename(&self.draft, &self.place))
            .with_context(|| format!("cannot give the backup its name {}", self.place.display()))?;
        self.whole = true;
        if let Some(parent) = self.place.parent() {
            File::open(parent)
                .and_then(|folder| folder.sync_all())
                .with_context(|| format!("cannot sync {}", parent.display()))?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.whole
            && let Err(error) = fs::remove_dir_all(&self.draft)
        {
            tracing::warn!(%error, folder = %self.draft.display(), "what was written of the backup is left");
        }
        // A renamed folder keeps its lock until here.
        let _ = self.lock.unlock();
    }
}

/// The names of files must survive a power failure, as their contents do.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}
