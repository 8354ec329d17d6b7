//! Objects of a folder or a bucket by their keys, without interpretation: for backups, which
//! copy them.

use std::{fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::Path, sync::Arc};

use accunode_ports::PortError;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Key};
use sha2::{Digest, Sha256};

use crate::{Location, fault, location, store::Upload};

/// The size of the first parts of an object, in bytes.
const PART: usize = 8 << 20;

/// Returns the size of a part after this many. Object stores accept at most 10,000 parts: these
/// sizes allow some 500 GB, while small objects need little memory.
const fn part_size(before: usize) -> usize {
    PART << (before / 2_000)
}

/// The objects of a folder or a bucket, by keys such as `files/uploads/…`.
#[derive(Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

/// A written object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The bytes of an object, as a stream.
pub type ObjectBytes = BoxStream<'static, io::Result<Bytes>>;

impl Objects {
    /// Opens the objects of a location. A missing folder is created, accessible for this user
    /// only.
    ///
    /// # Errors
    /// `Unavailable` if the folder cannot be created, `Internal` if the settings of a bucket
    /// are contradictory.
    pub fn open(location: &Location) -> Result<Self, PortError> {
        match location {
            Location::Folder(folder) => Self::folder(folder),
            Location::Bucket { bucket, prefix, s3 } => Ok(Self {
                store: location::bucket(bucket, prefix, s3)?,
            }),
        }
    }

    /// Opens the objects of a folder. If it is missing it is created, accessible for this user
    /// only.
    ///
    /// # Errors
    /// `Unavailable` if the folder cannot be created.
    pub fn folder(folder: &Path) -> Result<Self, PortError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(fault::store_failed)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(fault::store_failed)?;
        Ok(Self {
            store: Arc::new(store.with_fsync(true)),
        })
    }

    /// Writes an object. An interrupted write leaves no object.
    ///
    /// # Errors
    /// `Unavailable` with the error of the store or the stream of bytes.
    pub async fn write(
        &self,
        key: &str,
        mut bytes: impl Stream<Item = io::Result<Bytes>> + Unpin,
    ) -> Result<Written, PortError> {
        let key = Key::parse(key).map_err(fault::internal)?;
        let upload = self.store.put_multipart(&key).await;
        let mut upload = Upload::new(upload.map_err(fault::store_failed)?);
        match copy(&mut upload, &mut bytes).await {
            Ok(written) => {
                upload.complete().await?;
                Ok(written)
            }
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Returns the size and the bytes of an object; `None` if it does not exist.
    ///
    /// # Errors
    /// `Unavailable`. The bytes may fail later.
    pub async fn read(&self, key: &str) -> Result<Option<(u64, ObjectBytes)>, PortError> {
        let key = Key::parse(key).map_err(fault::internal)?;
        match self.store.get(&key).await {
            Ok(found) => {
                let size = found.meta.size;
                let bytes = found.into_stream().map_err(io::Error::other);
                Ok(Some((size, bytes.boxed())))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault::store_failed(error)),
        }
    }

    /// Returns the keys and sizes of all objects.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn list(&self) -> Result<Vec<(String, u64)>, PortError> {
        self.store
            .list(None)
            .map_ok(|found| (found.location.to_string(), found.size))
            .try_collect()
            .await
            .map_err(fault::store_failed)
    }

    /// Removes an object, if it exists.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove(&self, key: &str) -> Result<(), PortError> {
        let key = Key::parse(key).map_err(fault::internal)?;
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault::store_failed(error)),
        }
    }
}

async fn copy(
    upload: &mut Upload,
    bytes: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
) -> Result<Written, PortError> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let (mut part, mut parts) = (BytesMut::new(), 0);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(fault::store_failed)?;
        size += chunk.len() as u64;
        hash.update(&chunk);
        part.extend_from_slice(&chunk);
        while part.len() >= part_size(parts) {
            upload.put(part.split_to(part_size(parts)).freeze()).await?;
            parts += 1;
        }
    }
    if !part.is_empty() || size == 0 {
        upload.put(part.freeze()).await?;
    }
    Ok(Written {
        size,
        sha256: hex::encode(hash.finalize()),
    })
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn bytes(chunks: &'static [&'static [u8]]) -> ObjectBytes {
        stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk)))).boxed()
    }

    #[tokio::test]
    async fn written_object_is_read_back_and_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let objects = Objects::folder(&folder.path().join("new")).expect("a store");
        let written = objects.write("a/b", bytes(&[b"one ", b"two"])).await;
        let written = written.expect("written");
        assert_eq!(written.size, 7);
        assert_eq!(written.sha256, hex::encode(Sha256::digest(b"one two")));
        let (size, read) = objects.read("a/b").await.expect("readable").expect("there");
        let read: Vec<Bytes> = read.try_collect().await.expect("whole");
        assert_eq!((size, read.concat()), (7, b"one two".to_vec()));
        let listed = objects.list().await.expect("listed");
        assert_eq!(listed, [("a/b".to_owned(), 7)]);
        objects.remove("a/b").await.expect("removed");
        assert!(objects.read("a/b").await.expect("readable").is_none());
    }

    #[tokio::test]
    async fn interrupted_write_leaves_no_object() {
        let folder = tempfile::tempdir().expect("a folder");
        let objects = Objects::folder(folder.path()).expect("a store");
        let cut = stream::iter([
            Ok(Bytes::from_static(b"one")),
            Err(io::Error::other("the program that writes it failed")),
        ]);
        assert!(objects.write("a", cut).await.is_err());
        assert_eq!(objects.list().await.expect("listed"), []);
    }
}
