//! The filesystems on which the service stores data.

use std::path::PathBuf;

use accunode_files::Location;
use accunode_ports::system::{Disks, Volume};
use nix::sys::statvfs::statvfs;

use crate::config::Config;

/// The folders whose filesystems are checked, with the name of their data.
#[derive(Debug)]
pub struct FolderDisks(Vec<(&'static str, PathBuf)>);

impl FolderDisks {
    /// Returns the folder of the uploaded files, if they are stored in one, and that of the
    /// private database, if there is one.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let mut folders = Vec::new();
        if let Ok(Location::Folder(path)) = config.files_location() {
            folders.push(("files", path));
        }
        if config.database_url.is_none() {
            folders.push(("database", config.embedded_options().directory));
        }
        Self(folders)
    }
}

impl Disks for FolderDisks {
    fn volumes(&self) -> Vec<Volume> {
        let volumes = self.0.iter().filter_map(|(name, path)| match statvfs(path) {
            Ok(found) => {
                // The width of these integers differs between systems.
                #[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "they are narrower elsewhere"))]
                let bytes = |blocks| u64::from(blocks).saturating_mul(found.fragment_size());
                Some(Volume {
                    name,
                    free_bytes: bytes(found.blocks_available()),
                    total_bytes: bytes(found.blocks()),
                })
            }
            Err(error) => {
                tracing::warn!(volume = name, %error, "the free space of a disk cannot be read");
                None
            }
        });
        volumes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_space_is_reported_for_existing_folders_only() {
        let disks = FolderDisks(vec![
            ("files", std::env::temp_dir()),
            ("database", PathBuf::from("/nowhere/at/all")),
        ]);
        let volumes = disks.volumes();
        assert_eq!(volumes.len(), 1);
        assert_eq!(volumes[0].name, "files");
        assert!(volumes[0].total_bytes >= volumes[0].free_bytes);
        assert!(volumes[0].total_bytes > 0);
    }
}
