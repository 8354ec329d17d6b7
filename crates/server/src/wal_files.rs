//! Copies uploaded files beside the archived log, so that a database that is restored to a
//! moment after its backup finds the files of that moment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;

use crate::backup::location::{folder_objects, stored_files};
use crate::config::Config;

/// How often new files are looked for.
const LOOK: Duration = Duration::from_secs(5);

/// Returns the folder of the files within the archive.
#[must_use]
pub fn folder(archive: &Path) -> PathBuf {
    archive.join("files")
}

/// Copies new files until `stop` turns true, and once more then. Failures are retried.
pub async fn keep(config: Config, archive: PathBuf, mut stop: watch::Receiver<bool>) {
    let mut known = None;
    loop {
        let stopped = tokio::select! {
            _ = async { drop(stop.wait_for(|stop| *stop).await) } => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        if let Err(error) = copy(&config, &archive, &mut known).await {
            tracing::error!(
                error = format!("{error:#}"),
                archive = %archive.display(),
                "uploaded files cannot be archived; it is tried again"
            );
        }
        if stopped {
            return;
        }
    }
}

/// A file is written once, so an existing copy is identical.
async fn copy(
    config: &Config,
    archive: &Path,
    known: &mut Option<BTreeSet<String>>,
) -> anyhow::Result<()> {
    let store = stored_files(config)?;
    let kept = folder_objects(&folder(archive))?;
    let known = match known {
        Some(known) => known,
        None => {
            let there = kept.list().await?.into_iter().map(|(key, _)| key);
            known.insert(there.collect())
        }
    };
    for (key, _) in store.list().await? {
        if known.contains(&key) {
            continue;
        }
        // It may have been removed meanwhile.
        if let Some((_, bytes)) = store.read(&key).await? {
            kept.write(&key, bytes)
                .await
                .with_context(|| format!("cannot copy the file {key}"))?;
        }
        known.insert(key);
    }
    Ok(())
}
