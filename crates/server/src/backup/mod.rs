//! The format of a backup: its parts, its location, and how it is checked.
//! `commands::backup` writes one, `commands::restore` reads one.
//!
//! - `manifest`: the content of a backup, with a hash of each part
//! - `location`: the folder or the prefix in a bucket that contains one
//! - `writer` and `reader`: writing one so that a partial backup never looks complete, and
//!   checking one
//! - `inventory`: the content of a database, to compare a restored one with
//! - `programs`: PostgreSQL's programs that dump and restore
//!
//! **Invariant:** the manifest is written last, and a folder gets its name after that. A
//! folder without a manifest is not a backup.

pub mod inventory;
pub mod location;
pub mod manifest;
pub mod programs;
pub mod reader;
pub mod writer;

pub use location::BackupLocation;
pub use manifest::{Manifest, Part};
pub use reader::Reader;
pub use writer::Writer;

/// Returns whether an error comes from a full disk.
#[must_use]
pub fn is_disk_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            )
        }) || cause.to_string().contains("No space left on device")
    })
}
