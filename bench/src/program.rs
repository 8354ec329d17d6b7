//! The program itself: its memory, and the time until it serves.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use crate::{
    cluster::Cluster,
    figure::{Figure, Samples, Unit},
    note,
    options::Options,
};

/// The time limit of a start or an end.
const LONGEST: Duration = Duration::from_secs(60);
/// How often readiness is checked.
const POLL: Duration = Duration::from_millis(2);

/// Starts `accunode serve` from the folder of this program.
pub(crate) async fn measure(options: &Options, cluster: &Cluster) -> anyhow::Result<Vec<Figure>> {
    let program = std::env::current_exe()?.with_file_name("accunode");
    if !program.is_file() {
        if options.quick {
            note("`accunode` is not beside this program: not started");
            return Ok(Vec::new());
        }
        bail!("{} is not there: build it, too", program.display());
    }
    note("accunode serve");
    let mut memory = Samples::default();
    let mut embedded_memory = Samples::default();
    let mut ready = Samples::default();
    let mut first = Samples::default();
    for n in 0..options.repetitions {
        let folder = cluster.file(&format!("beside-{n}"));
        let url = Some(cluster.route().url());
        let (served, _) = Served::start(&program, &folder, url).await?;
        memory.add(served.idle_memory(options).await?);
        served.stop().await?;
    }
    let folder = cluster.file("alone");
    for n in 0..=options.repetitions {
        let (served, milliseconds) = Served::start(&program, &folder, None).await?;
        if n == 0 {
            first.add(milliseconds);
        } else {
            ready.add(milliseconds);
            embedded_memory.add(served.idle_memory(options).await?);
        }
        served.stop().await?;
    }
    let figure = |name: &str, unit, ours, how: &str| Figure {
        name: name.to_owned(),
        unit,
        ours,
        reference: Samples::default(),
        how: how.to_owned(),
    };
    Ok(vec![
        figure(
            "memory of `accunode serve`",
            Unit::Memory,
            memory,
            "resident, idle for a few seconds after its start, database elsewhere, both models loaded",
        ),
        figure(
            "the same with its private PostgreSQL",
            Unit::Memory,
            embedded_memory,
            "resident; PostgreSQL's own processes are not in it",
        ),
        figure(
            "time to ready, data folder there",
            Unit::Milliseconds,
            ready,
            "from its start until `/health/ready` says yes: private PostgreSQL up, migrations looked at, models verified",
        ),
        figure(
            "time to ready, first start",
            Unit::Milliseconds,
            first,
            "the same with making the database",
        ),
    ])
}

/// Returns a figure of a process's memory in MiB: `VmRSS:` is the resident part, `VmHWM:` its
/// highest value.
pub(crate) fn memory(pid: &str, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .context("the system does not tell how much memory a process has")?;
    Ok(kilobytes / 1024.0)
}

/// A running `accunode serve`; killed with this value if it was not stopped before.
struct Served(Child);

impl Served {
    /// Starts the program and waits until it is ready; returns how many milliseconds that
    /// took.
    async fn start(
        program: &Path,
        folder: &PathBuf,
        database: Option<&str>,
    ) -> anyhow::Result<(Self, f64)> {
        std::fs::create_dir_all(folder)?;
        let log = folder.join("accunode.log");
        // A port that is free now; it is unlikely that another process of this machine
        // takes it meanwhile.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("ACCUNODE_DATA_DIR", folder.join("data"))
            .env("ACCUNODE_LISTEN", address.to_string())
            .envs(database.map(|url| ("DATABASE_URL", url)))
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&log)?)
            .stderr(std::fs::File::options().append(true).open(&log)?)
            .kill_on_drop(true);
        let client = crate::http::builder()
            .timeout(Duration::from_secs(2))
            .build()?;
        let url = format!("http://{address}/health/ready");
        let start = Instant::now();
        let mut served = Self(command.spawn().context("cannot start accunode")?);
        loop {
            if let Ok(response) = client.get(&url).send().await
                && response.status().is_success()
            {
                return Ok((served, 1_000.0 * start.elapsed().as_secs_f64()));
            }
            if served.0.try_wait()?.is_some() || start.elapsed() > LONGEST {
                let output = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("accunode serve did not become ready: {output}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Returns the resident memory in MiB, a few seconds later.
    async fn idle_memory(&self, options: &Options) -> anyhow::Result<f64> {
        tokio::time::sleep(options.window()).await;
        let pid = self.0.id().context("accunode serve has ended")?;
        memory(&pid.to_string(), "VmRSS:")
    }

    /// Asks the program to end, and waits for that.
    async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.0.id().context("accunode serve has ended by itself")?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        let status = tokio::time::timeout(LONGEST, self.0.wait())
            .await
            .context("accunode serve does not end")??;
        if !status.success() {
            bail!("accunode serve ended with {status}");
        }
        Ok(())
    }
}
