//! The file store: a folder, or any object store that the build supports.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use accunode_domain::Timestamp;
use accunode_ports::{
    PortError,
    files::{
        ByteStream, FileStore, KeyStream, OpenError, Peek, ReceiveError, RowReader, StoredFile,
        TableChoice,
    },
    repositories::JOBS_AT_ONCE,
    workload::Workload,
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::{
    GetResultPayload, MultipartUpload, ObjectStore, ObjectStoreExt, path::Path as Key,
};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio_util::io::{StreamReader, SyncIoBridge};
use uuid::Uuid;

use crate::{
    Limits, Location, ParserSettings, Rows, fault,
    folder::{self, Incoming},
    format::Format,
    location,
    parse::Task,
    turns::Turns,
    worker::{self, Permit, Reading, Source},
};

/// The size of a part in bytes: object stores require at least 5 MiB, and allow 10,000 parts.
const PART: usize = 8 << 20;

/// The location of files, and the limits on reading them.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// A folder or a bucket.
    pub location: Location,
    /// The folder to which workbooks of a remote store are copied while they are read.
    pub spool: PathBuf,
    /// The limits on reading a file.
    pub limits: Limits,
    /// The settings of parser processes.
    pub parser: ParserSettings,
}

/// Stores files in an object store, which may be a folder.
#[derive(Debug)]
pub struct ObjectFileStore {
    store: Arc<dyn ObjectStore>,
    /// The folder, if the store is one of this machine.
    folder: Option<PathBuf>,
    spool: PathBuf,
    limits: Limits,
    parser: ParserSettings,
    /// Parser processes that check uploads, by turns of the tenants, and those that read for the
    /// worker: a long job does not delay uploads, nor do uploads delay the worker.
    checks: Arc<Turns>,
    reads: Arc<Semaphore>,
}

/// The prefix of the keys of uploaded files.
pub(crate) const UPLOADS: &str = "uploads";
/// The prefix of the keys of archived months of the audit log.
pub(crate) const AUDIT: &str = "audit";
/// How long the check of an upload waits for its turn: longer than one other check may take.
const QUEUE_PATIENCE: Duration = Duration::from_secs(60);
/// A file counts as having at least this many bytes: starting a process also costs time.
const SMALLEST_COST: u64 = 64 << 10;

impl ObjectFileStore {
    /// Opens the store of the settings; a missing folder is created.
    ///
    /// # Errors
    /// `Unavailable` if the folder cannot be created, `Internal` if the settings of a bucket
    /// are contradictory.
    pub fn open(settings: &FileSettings) -> Result<Self, PortError> {
        match &settings.location {
            Location::Folder(folder) => {
                let store = Arc::new(folder::open(folder)?);
                Ok(Self::over(store, Some(folder.clone()), settings))
            }
            Location::Bucket { bucket, prefix, s3 } => {
                let store = location::bucket(bucket, prefix, s3)?;
                Ok(Self::over(store, None, settings))
            }
        }
    }

    /// As [`Self::open`], over a store of any other kind; `settings.location` is ignored.
    #[must_use]
    pub fn over_store(store: Arc<dyn ObjectStore>, settings: &FileSettings) -> Self {
        Self::over(store, None, settings)
    }

    fn over(store: Arc<dyn ObjectStore>, folder: Option<PathBuf>, settings: &FileSettings) -> Self {
        let checks = settings.parser.at_once.saturating_sub(JOBS_AT_ONCE).max(1);
        Self {
            store,
            folder,
            spool: settings.spool.clone(),
            limits: settings.limits.clone(),
            parser: settings.parser.clone(),
            checks: Turns::new(checks),
            reads: Arc::new(Semaphore::new(JOBS_AT_ONCE)),
        }
    }

    /// Opens a file for a parser process.
    async fn reading(
        &self,
        key: &str,
        original_filename: &str,
        task: Task,
        permit: Permit,
    ) -> Result<Reading, OpenError> {
        let format = Format::promised(original_filename)?;
        let key = Key::parse(key).map_err(fault::internal)?;
        let found = self.store.get(&key).await.map_err(fault::store_failed)?;
        let size = found.meta.size;
        let source = match found.payload {
            GetResultPayload::File(file, _) => Source::File(file),
            GetResultPayload::Stream(stream) => Source::Stream {
                bytes: Box::new(SyncIoBridge::new(StreamReader::new(
                    stream.map(|chunk| chunk.map_err(io::Error::other)),
                ))),
                spool: self.spool.clone(),
            },
        };
        Ok(Reading {
            source,
            format,
            task,
            limits: self.limits.clone(),
            size,
            parser: self.parser.clone(),
            permit: Some(permit),
        })
    }

    /// Checks that files can be stored: stores a small one and removes it again.
    ///
    /// # Errors
    /// `Unavailable` if the folder or the store is unreachable, full or not writable.
    pub async fn probe(&self) -> Result<(), PortError> {
        // The name is always the same, so that the next check replaces what a killed process
        // left.
        let key = Key::from(format!("probe/{}", std::process::id()));
        let put = self.store.put(&key, Bytes::from_static(b"probe").into());
        put.await.map_err(fault::store_failed)?;
        self.store.delete(&key).await.map_err(fault::store_failed)
    }

    async fn take_in(
        &self,
        upload: &mut Upload,
        mut bytes: ByteStream,
        limit: u64,
    ) -> Result<(u64, String), ReceiveError> {
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut part = BytesMut::new();
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(ReceiveError::CutOff)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(ReceiveError::TooLarge { limit });
            }
            hash.update(&chunk);
            part.extend_from_slice(&chunk);
            while part.len() >= PART {
                upload.put(part.split_to(PART).freeze()).await?;
            }
        }
        if !part.is_empty() || size == 0 {
            upload.put(part.freeze()).await?;
        }
        Ok((size, hex::encode(hash.finalize())))
    }
}

#[async_trait]
impl FileStore for ObjectFileStore {
    async fn receive(
        &self,
        id: Uuid,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<StoredFile, ReceiveError> {
        let key = format!("{UPLOADS}/{id}");
        let mut upload = match &self.folder {
            Some(folder) => {
                let (folder, name) = (folder.clone(), id.to_string());
                let begun = blocking(move || Incoming::begin(&folder, &name)).await?;
                Upload(Some(Target::File(Arc::new(begun))))
            }
            None => {
                let path = Key::from(key.as_str());
                let begun = self.store.put_multipart(&path).await;
                Upload::new(begun.map_err(fault::store_failed)?)
            }
        };
        match self.take_in(&mut upload, bytes, limit).await {
            Ok((size, sha256)) => {
                upload.complete().await?;
                Ok(StoredFile { key, size, sha256 })
            }
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    async fn open_rows(
        &self,
        key: &str,
        original_filename: &str,
        table: &TableChoice,
        after: u32,
    ) -> Result<Box<dyn RowReader>, OpenError> {
        let permit = self.reads.clone().acquire_owned().await;
        let permit = permit.map_err(fault::internal)?;
        let task = Task::Read {
            choice: table.clone(),
            after,
        };
        let permit = Permit::Read(permit);
        let reading = self.reading(key, original_filename, task, permit).await?;
        Ok(Box::new(Rows::start(reading).await?))
    }

    async fn peek(&self, key: &str, original_filename: &str, rows: u32) -> Result<Peek, OpenError> {
        // A fault of the name is found without a process.
        Format::promised(original_filename)?;
        let path = Key::parse(key).map_err(fault::internal)?;
        let size = self
            .store
            .head(&path)
            .await
            .map_err(fault::store_failed)?
            .size;
        let tenant = Workload::current().owner.unwrap_or_default();
        let turn = self.checks.wait(tenant, size.max(SMALLEST_COST));
        let turn = tokio::time::timeout(QUEUE_PATIENCE, turn).await;
        let permit = Permit::Check(turn.map_err(|_| fault::busy())?);
        let task = Task::Peek { rows };
        let mut reading = self.reading(key, original_filename, task, permit).await?;
        reading.parser.cpu_seconds = self.parser.cpu_seconds_of_check(size);
        let mut answer = worker::spawn_peek(reading).map_err(fault::internal)?;
        let ended_early = || fault::internal("the reading thread ended early");
        answer.recv().await.ok_or_else(ended_early)?
    }

    async fn keep_archive(&self, name: &str, bytes: ByteStream) -> Result<StoredFile, PortError> {
        let key = format!("{AUDIT}/{name}");
        let path = Key::parse(&key).map_err(fault::internal)?;
        let begun = self.store.put_multipart(&path).await;
        let mut upload = Upload::new(begun.map_err(fault::store_failed)?);
        match self.take_in(&mut upload, bytes, u64::MAX).await {
            Ok((size, sha256)) => {
                upload.complete().await?;
                Ok(StoredFile { key, size, sha256 })
            }
            Err(error) => {
                upload.abort().await;
                Err(match error {
                    ReceiveError::Port(error) => error,
                    ReceiveError::CutOff(cause) => PortError::Unavailable {
                        what: "audit log",
                        cause,
                    },
                    other @ ReceiveError::TooLarge { .. } => fault::internal(other),
                })
            }
        }
    }

    async fn read_archive(&self, key: &str) -> Result<ByteStream, PortError> {
        let key = Key::parse(key).map_err(fault::internal)?;
        let found = self.store.get(&key).await.map_err(fault::store_failed)?;
        Ok(found.into_stream().map_err(Into::into).boxed())
    }

    async fn remove(&self, key: &str) -> Result<(), PortError> {
        let key = Key::parse(key).map_err(fault::internal)?;
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(fault::store_failed(e)),
        }
    }

    fn written_before(&self, before: Timestamp) -> KeyStream {
        let before = before.unix_timestamp();
        self.store
            .list(Some(&Key::from(UPLOADS)))
            .map_err(fault::store_failed)
            .try_filter_map(move |found| async move {
                let is_old = found.last_modified.timestamp() < before;
                Ok(is_old.then(|| found.location.to_string()))
            })
            .boxed()
    }

    async fn remove_unfinished(&self, before: Timestamp) -> Result<u64, PortError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        blocking(move || folder::remove_unfinished(&folder, before)).await
    }
}

/// Runs work on a folder on a thread that does not answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PortError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(fault::internal)?
        .map_err(fault::store_failed)
}

/// An upload in progress. If it is dropped before its end (a disconnected client drops the
/// whole request) it leaves nothing behind.
pub(crate) struct Upload(Option<Target>);

/// The destination of the upload.
enum Target {
    /// A folder of this machine. The file is removed as soon as no handle of it is open.
    File(Arc<Incoming>),
    /// An object store.
    Parts(Box<dyn MultipartUpload>),
}

impl Upload {
    pub(crate) fn new(upload: Box<dyn MultipartUpload>) -> Self {
        Self(Some(Target::Parts(upload)))
    }

    pub(crate) async fn put(&mut self, part: Bytes) -> Result<(), PortError> {
        match &mut self.0 {
            Some(Target::File(file)) => {
                let file = file.clone();
                blocking(move || file.write(&part)).await
            }
            Some(Target::Parts(upload)) => {
                let put = upload.put_part(part.into());
                put.await.map_err(fault::store_failed)
            }
            None => Err(fault::internal("the upload has ended")),
        }
    }

    pub(crate) async fn complete(&mut self) -> Result<(), PortError> {
        if let Some(Target::Parts(upload)) = &mut self.0 {
            upload.complete().await.map_err(fault::store_failed)?;
        }
        if let Some(Target::File(file)) = self.0.take() {
            let file = Arc::into_inner(file);
            let file = file.ok_or_else(|| fault::internal("the file is being written to"))?;
            blocking(move || file.complete()).await?;
        }
        Ok(())
    }

    pub(crate) async fn abort(&mut self) {
        if let Some(Target::Parts(mut upload)) = self.0.take()
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(%error, "the parts of an aborted upload may be left in the file store");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(Target::Parts(mut upload)) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            #[expect(
                clippy::disallowed_methods,
                reason = "parts that it cannot remove any more are said to be left over"
            )]
            runtime.spawn(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "the parts of a dropped upload may be left in the file store");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::workload::WithWorkload;
    use futures::{
        future::{join_all, poll_immediate},
        stream,
    };

    use super::*;

    #[tokio::test]
    async fn checks_of_uploads_wait_as_their_tenants_and_by_size() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectFileStore::open(&FileSettings {
            location: Location::Folder(folder.path().join("files")),
            spool: folder.path().join("spool"),
            limits: Limits::default(),
            parser: ParserSettings::of_program("/bin/false".into()),
        })
        .unwrap();
        let held = store.checks.wait(Uuid::nil(), 1).await;
        let mut checks = Vec::new();
        for (tenant, size) in [(1, 300_000), (2, 3)] {
            let bytes = stream::iter([Ok(Bytes::from(vec![b'a'; size]))]).boxed();
            let id = Uuid::from_u128(size as u128);
            let file = store.receive(id, bytes, u64::MAX).await.unwrap();
            let workload = Workload {
                owner: Some(Uuid::from_u128(tenant)),
                ..Workload::default()
            };
            let store = &store;
            let check = Box::pin(async move { store.peek(&file.key, "a.csv", 1).await });
            checks.push(WithWorkload::new(workload, check));
            while store.checks.waiting().len() < checks.len() {
                for check in &mut checks {
                    assert!(poll_immediate(check).await.is_none());
                }
                tokio::task::yield_now().await;
            }
        }
        let expected = [(1, 300_000), (2, SMALLEST_COST)];
        assert_eq!(
            store.checks.waiting(),
            expected.map(|(tenant, cost)| (Uuid::from_u128(tenant), cost))
        );
        drop(held);
        // The parser is a program that only fails.
        let ended = join_all(checks).await;
        assert!(ended.iter().all(Result::is_err));
    }
}
