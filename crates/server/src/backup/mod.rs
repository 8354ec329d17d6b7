//! What a backup is: its parts, where it lies, and how it is checked. `commands::backup`
//! writes one, `commands::restore` reads one.
//!
//! - `manifest`: what is in a backup, with a hash of each part
//! - `place`: the folder or the place in a bucket that holds one
//! - `writer` and `reader`: putting one there so that half of one never looks whole, and
//!   checking one
//! - `inventory`: what a database holds, to compare a restored one with
//! - `programs`: PostgreSQL's programs that dump and restore
//!
//! **Invariant:** the manifest is written last, and a folder gets its name after that.
//! What has no manifest is no backup.

pub mod inventory;
pub mod manifest;
pub mod place;
pub mod programs;
pub mod reader;
pub mod writer;

pub use manifest::{Manifest, Part};
pub use place::Place;
pub use reader::Reader;
pub use writer::Writer;

/// Whether an error comes from a disk that is full.
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
