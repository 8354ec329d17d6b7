//! Checks that there is free space for uploads.

use accunode_ports::system::Volume;

use crate::{Error, ErrorCode, Ports};

/// Seconds after which an operator may have freed space.
const RETRY_SECONDS: u32 = 300;

/// A filesystem that has less free space than required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowVolume {
    /// The filesystem.
    pub volume: Volume,
    /// Bytes that must stay free.
    pub min_free_bytes: u64,
}

impl Ports {
    /// Returns the filesystems that have less free space than required.
    #[must_use]
    pub fn low_volumes(&self) -> Vec<LowVolume> {
        let volumes = self.disks.volumes().into_iter();
        volumes
            .map(|volume| LowVolume {
                volume,
                min_free_bytes: self.settings.min_free_disk.bytes(volume.total_bytes),
            })
            .filter(|low| low.volume.free_bytes < low.min_free_bytes)
            .collect()
    }

    /// Checks that every filesystem has enough free space. The figures are logged; a client
    /// only receives that there is no space.
    ///
    /// # Errors
    /// `Full("storage_low")`.
    pub(crate) fn require_disk_space(&self) -> Result<(), Error> {
        let low = self.low_volumes();
        for LowVolume {
            volume,
            min_free_bytes,
        } in &low
        {
            tracing::warn!(
                volume = volume.name,
                free_bytes = volume.free_bytes,
                min_free_bytes,
                "an upload is refused: the disk runs low"
            );
        }
        if low.is_empty() {
            Ok(())
        } else {
            Err(storage_low())
        }
    }
}

/// The error for an upload when the disk runs low.
pub(crate) fn storage_low() -> Error {
    Error::Full {
        code: ErrorCode::StorageLow,
        detail: "the service has no room for uploads at the moment; try again later, or tell \
                 its operator"
            .to_owned(),
        retry_after: Some(RETRY_SECONDS),
    }
}
