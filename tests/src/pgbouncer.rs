//! A PgBouncer in front of a PostgreSQL of the tests.

use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpStream},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use crate::{
    free_address,
    kept::{Kept, program, wait_until},
};

/// A disposable PgBouncer in transaction mode, on a port of the loopback interface. It lets in the
/// roles of the service without a password. It ends with this value, or with this process however
/// that ends.
#[derive(Debug)]
pub struct PgBouncer {
    process: Option<Kept>,
    program: PathBuf,
    address: SocketAddr,
    /// The account of PostgreSQL, which may connect as every role.
    account: Option<(u32, u32)>,
    folder: TempDir,
}

impl PgBouncer {
    /// Starts one in front of the server with this URL of a socket, with settings that replace the
    /// usual ones.
    ///
    /// # Errors
    /// If PgBouncer is not installed, or does not start.
    pub fn start(server: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let server: PgConnectOptions = server.parse()?;
        let socket = server.get_socket().context("the URL of a socket")?.clone();
        let folder = tempfile::Builder::new()
            .prefix("accunode-pgbouncer-")
            .tempdir_in("/tmp")?;
        let owner = socket
            .join(format!(".s.PGSQL.{}", server.get_port()))
            .metadata()
            .context("the socket of PostgreSQL")?;
        let account = nix::unistd::Uid::effective()
            .is_root()
            .then(|| (owner.uid(), owner.gid()));
        let mut pooler = Self {
            process: None,
            program: program(&["pgbouncer"], "scripts/install-pgbouncer.sh")?,
            address: free_address(),
            account,
            folder,
        };
        pooler.configure(&server, &socket, settings)?;
        pooler.run()?;
        Ok(pooler)
    }

    fn configure(
        &self,
        server: &PgConnectOptions,
        socket: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let folder = self.folder.path();
        let users = folder.join("users.txt");
        let names = [
            server.get_username(),
            accunode_migration::SERVER_ROLE,
            accunode_migration::OWNER_ROLE,
        ];
        std::fs::write(
            &users,
            names.map(|name| format!("\"{name}\" \"\"\n")).concat(),
        )?;
        let mut text = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\n",
            socket.display(),
            server.get_port()
        );
        let port = self.address.port().to_string();
        let (users, log) = (
            users.display().to_string(),
            self.log().display().to_string(),
        );
        let usual = [
            ("listen_addr", "127.0.0.1"),
            ("listen_port", &port),
            ("unix_socket_dir", ""),
            ("auth_type", "trust"),
            ("auth_file", &users),
            ("logfile", &log),
            ("pool_mode", "transaction"),
            ("default_pool_size", "8"),
            ("max_client_conn", "500"),
            ("max_prepared_statements", "200"),
            ("server_login_retry", "1"),
        ];
        let is_replaced = |name: &str| settings.iter().any(|(other, _)| *other == name);
        let kept = usual.iter().filter(|(name, _)| !is_replaced(name));
        for (name, value) in kept.chain(settings) {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "{name} = {value}");
        }
        std::fs::write(folder.join("pgbouncer.ini"), text)?;
        if let Some((user, group)) = self.account {
            chown(folder, Some(user), Some(group))?;
        }
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("pgbouncer.log")
    }

    /// Starts it again at the same address.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let folder = self.folder.path();
        let process = Kept::start(&self.program, folder, ["-q", "pgbouncer.ini"], self.account)?;
        self.process = Some(process);
        wait_until("PgBouncer", &self.log(), || self.listens())
    }

    /// Kills it without a chance to clean up.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("a running PgBouncer")?.kill()?;
        ensure!(!self.listens(), "PgBouncer is dead and listens");
        Ok(())
    }

    fn listens(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }

    /// Returns the URL of a role for a database behind it.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@{}/{database}", self.address)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // Asked to end it would wait for its clients, which may belong to this process.
        if self.process.is_some() {
            let _ = self.kill();
        }
    }
}
