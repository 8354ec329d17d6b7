//! The machine of the measurements.

use std::{process::Command, time::Duration};

use accunode_local::SystemClock;
use accunode_ports::system::Clock;
use anyhow::Context;
use time::format_description::well_known::Iso8601;

use crate::cluster::Cluster;

/// How long the machine is observed before anything begins.
const WATCH: Duration = Duration::from_secs(2);

/// The machine, and the load on it before the run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    date: String,
    processor: String,
    processors: usize,
    memory_gib: f64,
    postgres: String,
    settings: String,
    commit: String,
    busy: f64,
}

impl Machine {
    /// Reads the machine's properties, and observes for a moment what other programs use.
    pub(crate) async fn read(cluster: &Cluster) -> anyhow::Result<Self> {
        let (postgres, settings): (String, String) = sqlx::query_as(
            "SELECT current_setting('server_version'), \
                    (SELECT string_agg(format('%s=%s', s, current_setting(s)), ', ' ORDER BY n) \
                       FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', \
                                         'work_mem', 'max_wal_size', 'autovacuum']) WITH ORDINALITY t (s, n))",
        )
        .fetch_one(cluster.superuser())
        .await?;
        let before = Ticks::read()?;
        tokio::time::sleep(WATCH).await;
        let busy = Ticks::read()?.busy_since(before);
        Ok(Self {
            date: SystemClock.now().format(&Iso8601::DATE)?,
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            processors: std::thread::available_parallelism()?.get(),
            memory_gib: memory_gib().unwrap_or_default(),
            postgres,
            settings,
            commit: commit(),
            busy,
        })
    }

    /// Returns a Markdown list.
    pub(crate) fn lines(&self) -> String {
        let load = if self.busy < 5.0 {
            "idle".to_owned()
        } else {
            format!(
                "{:.0} % of its processors were busy with something else, so the figures are too low",
                self.busy
            )
        };
        format!(
            "- date: {}, commit: {}\n\
             - processors: {} ({}), memory: {:.0} GiB; before the run: {load}\n\
             - PostgreSQL {} ({})\n",
            self.date,
            self.commit,
            self.processors,
            self.processor,
            self.memory_gib,
            self.postgres,
            self.settings
        )
    }
}

/// Processor time, in the system's ticks.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    all: u64,
    idle: u64,
}

impl Ticks {
    fn read() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string("/proc/stat").context("/proc/stat: is this Linux?")?;
        let ticks: Vec<u64> = text
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            // The time of guests is included in the first two already.
            .take(8)
            .filter_map(|ticks| ticks.parse().ok())
            .collect();
        Ok(Self {
            all: ticks.iter().sum(),
            idle: ticks.iter().skip(3).take(2).sum(),
        })
    }

    /// Returns the busy share of all processors, in percent.
    #[expect(clippy::cast_precision_loss, reason = "ticks of two seconds")]
    fn busy_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        let idle = self.idle.saturating_sub(before.idle).min(all);
        100.0 * (all - idle) as f64 / all as f64
    }
}

/// Reads `name : value` from a system file.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib() -> Option<f64> {
    let kilobytes: f64 = field("/proc/meminfo", "MemTotal")?
        .trim_end_matches(" kB")
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0 / 1024.0)
}

/// Returns the commit that is checked out, and whether files differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let code = ["status", "--porcelain", "--", "*.rs", "*.sql", "*.toml"];
    match git(&code) {
        Some(changed) if changed.is_empty() => commit,
        _ => format!("{commit}, with changes that were not committed"),
    }
}
