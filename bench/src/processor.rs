//! Processor time of this process, of its children and of PostgreSQL. Rates depend on what else
//! the machine does; processor time hardly does.

use anyhow::Context;

use crate::cluster::Cluster;

/// The number of the fields of `/proc/PID/stat` after the name, of which the first is the state.
const PARENT: usize = 1;
/// The time of the process, and of those children that have ended, in user and system mode.
const OWN: [usize; 2] = [11, 12];
const CHILDREN: [usize; 2] = [13, 14];
/// Linux counts in hundredths of a second for programs, whatever its kernel does.
const TICKS: f64 = 100.0;

/// Processor time, in seconds since everything began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processor {
    /// Of this process and its children: the service, its parser processes, `psql`.
    ours: f64,
    /// Of PostgreSQL.
    postgres: f64,
}

impl Processor {
    /// Reads the present times.
    pub(crate) async fn read(cluster: &Cluster) -> anyhow::Result<Self> {
        let postmaster = cluster.postmaster().await?;
        let ours = times(&std::process::id().to_string(), &[OWN, CHILDREN]);
        // A process of PostgreSQL that has ended counts as a child of the first one.
        let mut postgres = times(&postmaster, &[OWN, CHILDREN]).context("PostgreSQL is gone")?;
        for entry in std::fs::read_dir("/proc").context("/proc: is this Linux?")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().filter(|name| name.parse::<u32>().is_ok()) else {
                continue;
            };
            // Some end while they are looked at.
            if fields(pid).is_some_and(|fields| fields.get(PARENT) == Some(&postmaster)) {
                postgres += times(pid, &[OWN]).unwrap_or_default();
            }
        }
        Ok(Self {
            ours: ours.context("/proc/self: is this Linux?")?,
            postgres,
        })
    }

    /// Returns the microseconds for each of so many rows since an earlier look: all of it, and
    /// that of this process and its children.
    pub(crate) fn for_each_row(self, before: Self, rows: f64) -> (f64, f64) {
        let ours = (self.ours - before.ours) * 1e6 / rows;
        let postgres = (self.postgres - before.postgres) * 1e6 / rows;
        (ours + postgres, ours)
    }
}

fn times(pid: &str, which: &[[usize; 2]]) -> Option<f64> {
    let fields = fields(pid)?;
    let ticks = which
        .as_flattened()
        .iter()
        .map(|at| fields.get(*at)?.parse::<f64>().ok());
    ticks.sum::<Option<f64>>().map(|ticks| ticks / TICKS)
}

fn fields(pid: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may have spaces and brackets itself.
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}
