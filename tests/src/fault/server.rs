//! The program as a process, and a client that sends requests to it and counts failures.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Method, StatusCode, multipart};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::PASSWORD;

/// How often a request is repeated after a response with `Retry-After`.
const MOST_COMEBACKS: u32 = 10;

/// The time limit for the service to become ready again.
const STATE_TIMEOUT: Duration = Duration::from_secs(180);

/// Whether folders are kept when their scenario has ended.
static KEEP: AtomicBool = AtomicBool::new(false);

/// Keeps the folders of all scenarios from here on, to inspect the program's logs.
pub fn keep_folders() {
    KEEP.store(true, Ordering::Relaxed);
}

/// Creates a folder below /tmp, because a socket's path must be short.
pub(super) fn folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("accunode-fault-")
        .disable_cleanup(KEEP.load(Ordering::Relaxed))
        .tempdir_in("/tmp")?;
    // Accessible for the user that the database server runs as.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode)?;
    Ok(folder)
}

/// The parameters of a start.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    program: PathBuf,
    data_dir: PathBuf,
    variables: Vec<(String, String)>,
    arguments: Vec<&'static str>,
}

impl Setup {
    /// Returns the parameters for the program with this data folder and no limits.
    pub(super) fn new(program: &Path, data_dir: &Path) -> Self {
        let mut variables = vec![(
            "ACCUNODE_POSTGRES_SETTINGS_SHARED_BUFFERS".to_owned(),
            "32MB".to_owned(),
        )];
        // One user sends everything here.
        for budget in ["JOBS", "OPEN_JOBS", "FILE_BYTES", "ROWS_PER_OWNER"] {
            variables.push((format!("ACCUNODE_BUDGETS_{budget}"), "0".to_owned()));
        }
        for class in ["ADMIN", "AUTH", "READ", "SCORE", "UPLOAD", "WRITE"] {
            variables.push((format!("ACCUNODE_LIMITS_{class}"), "0".to_owned()));
        }
        Self {
            program: program.to_owned(),
            data_dir: data_dir.to_owned(),
            variables,
            arguments: Vec::new(),
        }
    }

    /// Adds a setting's environment variable.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves jobs to other processes.
    pub(super) fn without_worker(mut self) -> Self {
        self.arguments.push("--no-worker");
        self
    }

    /// Returns the file of the program's log.
    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("serve.log")
    }

    /// Migrates an external database to the program's schema.
    pub(super) fn migrate(self) -> anyhow::Result<Self> {
        let output = self.command().args(["migrate", "up"]).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "migrate up: {stderr}");
        Ok(self)
    }

    /// Returns the program with its settings.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("ACCUNODE_DATA_DIR", &self.data_dir)
            .envs(self.variables.iter().cloned());
        command
    }
}

/// A running `accunode serve`. Killed when the value is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    setup: Setup,
    address: String,
}

impl Server {
    /// Starts the program on a free port and waits until it is ready.
    pub(super) async fn start(setup: Setup) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let child = spawn(&setup, &address)?;
        let mut server = Self {
            child,
            setup,
            address,
        };
        server.until_ready().await?;
        Ok(server)
    }

    /// Returns its URL.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many lines of its log contain these words.
    pub(super) fn count_log_lines(&self, words: &str) -> anyhow::Result<u64> {
        let log = std::fs::read_to_string(self.setup.log())?;
        Ok(log.lines().filter(|line| line.contains(words)).count() as u64)
    }

    /// Returns the address on which it listens.
    pub(super) fn address(&self) -> anyhow::Result<std::net::SocketAddr> {
        Ok(self.address.parse()?)
    }

    /// Kills it at once.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("kill the program")?;
        self.child.wait().context("wait for the program")?;
        Ok(())
    }

    /// Asks it to end in order.
    pub(super) fn terminate(&self) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        kill(pid, Signal::SIGTERM).context("stop the program")
    }

    /// Waits for its end without blocking the runtime.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(STATE_TIMEOUT, self.exited()).await;
        ended.context("the program does not end")?
    }

    async fn exited(&mut self) -> anyhow::Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it again at the same address.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.setup, &self.address)?;
        Ok(())
    }

    /// Waits until it is ready, and returns how long that took.
    ///
    /// # Errors
    /// If it takes too long or the program ends, with the last warnings of its log.
    pub(super) async fn until_ready(&mut self) -> anyhow::Result<Duration> {
        let base = self.base();
        let failed = tokio::select! {
            ready = until(&base, true) => match ready {
                Ok(time) => return Ok(time),
                Err(error) => error,
            },
            status = self.exited() => anyhow::anyhow!("the program ended: {status:?}"),
        };
        let log = std::fs::read_to_string(self.setup.log());
        let log = log.unwrap_or_default();
        let warnings = log.lines().rev().filter(|line| !line.contains(" INFO "));
        let last: Vec<&str> = warnings.take(5).collect();
        Err(failed.context(last.join(" | ")))
    }

    /// Waits until it reports that it is not ready, and returns how long that took.
    pub(super) async fn until_unready(&self) -> anyhow::Result<Duration> {
        until(&self.base(), false).await
    }
}

async fn until(base: &str, ready: bool) -> anyhow::Result<Duration> {
    let client = crate::http().timeout(Duration::from_secs(5)).build()?;
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < STATE_TIMEOUT {
        match client.get(format!("{base}/health/ready")).send().await {
            Ok(answer) if answer.status().is_success() == ready => return Ok(begun.elapsed()),
            Ok(answer) => last = answer.text().await.unwrap_or_default(),
            Err(_) if !ready => return Ok(begun.elapsed()),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!("readiness did not become {ready} within {STATE_TIMEOUT:?}: {last}")
}

fn spawn(setup: &Setup, address: &str) -> anyhow::Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(setup.log())?;
    setup
        .command()
        .args(["serve", "--listen", address])
        .args(&setup.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("start {}", setup.program.display()))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the processes that work in a database's data folder.
pub(super) fn database_processes(data: &Path) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
        })
        .map(Pid::from_raw)
        .collect()
}

/// Returns the process that a database's data folder belongs to.
pub(super) fn postmaster(data: &Path) -> anyhow::Result<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid"))?;
    let pid = text.lines().next().context("a process id")?.trim();
    Ok(Pid::from_raw(pid.parse()?))
}

/// A client that sends requests; a missing response is an error and not a panic.
#[derive(Clone, Debug)]
pub(super) struct Client {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Client {
    /// Creates an anonymous client. With `keep_alive` connections are reused.
    pub(super) fn anonymous(base: &str, keep_alive: bool) -> anyhow::Result<Self> {
        let http = crate::http()
            .timeout(Duration::from_secs(40))
            .pool_max_idle_per_host(if keep_alive { 8 } else { 0 })
            .build()?;
        Ok(Self {
            base: base.to_owned(),
            http,
            token: None,
        })
    }

    /// Returns the same client for another process.
    pub(super) fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// Returns the URL of the process that it sends to.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Returns the client's token.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Registers with this address and signs in.
    pub(super) async fn register(&self, email: &str) -> anyhow::Result<Self> {
        let body = json!({ "email": email, "password": PASSWORD });
        let (status, body) = self
            .send(Method::POST, "/auth/register", Some(&body))
            .await?;
        ensure!(status == 201, "{status}: {body}");
        self.login(email).await
    }

    /// Signs in.
    pub(super) async fn login(&self, email: &str) -> anyhow::Result<Self> {
        let body = json!({ "email": email, "password": PASSWORD });
        let (status, body) = self.send(Method::POST, "/auth/login", Some(&body)).await?;
        ensure!(status == 200, "{status}: {body}");
        Ok(Self {
            token: body["access_token"].as_str().map(str::to_owned),
            ..self.clone()
        })
    }

    /// Sends a request to a path below `/api/v1`, and returns its status and JSON.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok((status, json))
    }

    /// Sends GET for JSON that must exist.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let text = self.text(path, "application/json").await?;
        serde_json::from_str(&text).with_context(|| format!("GET {path}: {text}"))
    }

    /// Sends GET for another representation, as text. A 503 is handled as clients should:
    /// connections of a pool may have ended with their server, and each of them costs one
    /// request, which is to be repeated after `Retry-After`.
    pub(super) async fn text(&self, path: &str, accept: &str) -> anyhow::Result<String> {
        let mut comebacks = 0;
        loop {
            let request = self
                .request(Method::GET, path)
                .timeout(Duration::from_secs(1_800))
                .header("accept", accept);
            let answer = request.send().await?;
            let status = answer.status();
            if status != 503 || comebacks == MOST_COMEBACKS {
                let text = answer.text().await?;
                ensure!(status == 200, "GET {path}: {status}: {text}");
                return Ok(text);
            }
            comebacks += 1;
            let after = answer.headers().get("retry-after");
            let seconds = after.and_then(|value| value.to_str().ok()?.parse().ok());
            let seconds =
                seconds.with_context(|| format!("GET {path}: 503 without Retry-After"))?;
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    /// Uploads a CSV file and returns the job's id.
    pub(super) async fn upload(&self, name: &str, file: Vec<u8>) -> anyhow::Result<String> {
        let fields = [("job_type", "annual"), ("on_conflict", "skip")];
        let (status, job) = self.upload_with(name, file, &fields).await?;
        ensure!(status == 202, "{status}: {job}");
        Ok(job["id"].as_str().context("an id")?.to_owned())
    }

    /// The same although the file was uploaded before: its rows replace existing ones.
    pub(super) async fn upload_anew(&self, name: &str, file: Vec<u8>) -> anyhow::Result<String> {
        let fields = [
            ("job_type", "annual"),
            ("on_conflict", "update"),
            ("force", "true"),
        ];
        let (status, job) = self.upload_with(name, file, &fields).await?;
        ensure!(status == 202, "{status}: {job}");
        Ok(job["id"].as_str().context("an id")?.to_owned())
    }

    /// Sends GET and stops after a while; returns the status and the number of received
    /// bytes.
    pub(super) async fn send_for(
        &self,
        path: &str,
        accept: &str,
        timeout: Duration,
    ) -> anyhow::Result<(StatusCode, usize)> {
        let request = self.request(Method::GET, path).timeout(timeout);
        let answer = request.header("accept", accept).send().await?;
        let status = answer.status();
        Ok((status, answer.bytes().await?.len()))
    }

    /// Uploads a CSV file with these fields; returns the status and the JSON.
    pub(super) async fn upload_with(
        &self,
        name: &str,
        file: Vec<u8>,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<(u16, Value)> {
        let mut form = multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let part = multipart::Part::bytes(file).file_name(name.to_owned());
        let request = self
            .request(Method::POST, "/bulk-uploads")
            .multipart(form.part("file", part));
        let answer = request.timeout(Duration::from_secs(120)).send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// Waits until a job has ended, and returns it. A job that was given up is continued, and
/// `continued` counts that.
pub(super) async fn until_ended(
    client: &Client,
    job: &str,
    continued: &mut u64,
) -> anyhow::Result<Value> {
    let end = Instant::now() + Duration::from_secs(900);
    let mut ended = Value::Null;
    while Instant::now() < end {
        if let Ok(now) = client.get(&format!("/bulk-uploads/{job}")).await {
            ended = now;
            match ended["status"].as_str() {
                Some("pending" | "processing") => {}
                Some("failed") if ended["error_code"] == "too_many_attempts" => {
                    let path = format!("/bulk-uploads/{job}/retry");
                    let (status, body) = client.send(Method::POST, &path, None).await?;
                    ensure!(status == 202 && body["id"] == job, "{status}: {body}");
                    *continued += 1;
                }
                _ => return Ok(ended),
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the job does not end: {ended}")
}
