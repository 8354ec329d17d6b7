//! Serializes settings whose types do not, in the format that is read.

use accunode_postgres::{PoolKind, PoolSizes};
use serde::Serializer;

/// Serializes a value in the format that is read.
pub(super) fn as_text<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serializes pool sizes by the names of their settings.
pub(super) fn as_pools<S: Serializer>(sizes: &PoolSizes, serializer: S) -> Result<S::Ok, S::Error> {
    let sizes = PoolKind::ALL.map(|kind| (kind.as_str(), sizes.of(kind)));
    serializer.collect_map(sizes)
}

/// Serializes a list in the format that is read.
pub(super) fn with_commas<S: Serializer>(
    names: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&names.join(","))
}
