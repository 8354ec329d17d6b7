//! An object store with the S3 protocol, in this process.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    thread::JoinHandle,
};

use anyhow::Context;
use hyper_util::rt::TokioIo;
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tempfile::TempDir;
use tokio::sync::oneshot;

const BUCKET: &str = "bank";

/// A disposable object store on a port of the loopback interface, with one bucket, `bank`. Its
/// objects survive its end; they are removed with this value.
#[derive(Debug)]
pub struct ObjectStore {
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    root: TempDir,
}

impl ObjectStore {
    /// The id of its access key.
    pub const KEY: &str = "ACCUNODETESTKEY";
    /// The secret of its access key.
    pub const SECRET: &str = "a-secret-of-the-tests";

    /// Starts one.
    ///
    /// # Errors
    /// If its folder cannot be created, or it cannot listen.
    pub fn start() -> anyhow::Result<Self> {
        let root = tempfile::tempdir()?;
        std::fs::create_dir(root.path().join(BUCKET))?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut store = Self {
            address: listener.local_addr()?,
            running: None,
            root,
        };
        store.serve(listener)?;
        Ok(store)
    }

    /// Ends it at once: requests under way are cut off.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let (stop, thread) = self.running.take().context("a running object store")?;
        // It may have ended, which is what is wanted.
        let _ = stop.send(());
        thread.join().ok().context("the object store panicked")
    }

    /// Starts it again at the same address, with its objects.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn run(&mut self) -> anyhow::Result<()> {
        self.serve(TcpListener::bind(self.address)?)
    }

    fn serve(&mut self, listener: TcpListener) -> anyhow::Result<()> {
        listener.set_nonblocking(true)?;
        let files = s3s_fs::FileSystem::new(self.root.path())
            .ok()
            .context("a store in a folder")?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(Self::KEY, Self::SECRET));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        // A thread of its own: the tests wait for processes, which use it meanwhile.
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, service) => {}
                }
            });
        });
        self.running = Some((stop, thread));
        Ok(())
    }

    /// Returns its connection as environment variables: the settings below `of`, which is `FILES`
    /// or `BACKUPS`.
    #[must_use]
    pub fn settings(&self, of: &str) -> Vec<(String, String)> {
        [
            ("ENDPOINT", format!("http://{}", self.address)),
            ("REGION", "eu-test-1".to_owned()),
            ("ACCESS_KEY_ID", Self::KEY.to_owned()),
            ("SECRET_ACCESS_KEY", Self::SECRET.to_owned()),
        ]
        .map(|(name, value)| (format!("ACCUNODE_{of}_{name}"), value))
        .to_vec()
    }

    /// Returns the file of an object of the bucket.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        self.root.path().join(BUCKET).join(key)
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let service = service.into_shared();
    while let Ok((socket, _)) = listener.accept().await {
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(socket), service.clone());
        tokio::spawn(async move { drop(connection.await) });
    }
}
