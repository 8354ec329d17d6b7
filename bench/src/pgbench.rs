//! `pgbench`: the rate of the database alone.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::{adapter::CLIENTS, cluster::Cluster, options::Options};

/// Returns the transactions a second of a script, with prepared statements.
pub(crate) async fn rate(
    cluster: &Cluster,
    script: &Path,
    options: &Options,
) -> anyhow::Result<f64> {
    let script = script.to_str().context("a script's path is not UTF-8")?;
    let threads = std::thread::available_parallelism()?.get().min(8);
    // `pgbench` only accepts whole seconds.
    let seconds = options.seconds.ceil().max(1.0);
    let output = cluster
        .pgbench(&[
            "-n",
            "-M",
            "prepared",
            "-c",
            &CLIENTS.to_string(),
            "-j",
            &threads.to_string(),
            "-T",
            &seconds.to_string(),
            "-f",
            script,
        ])
        .await?;
    read(&output)
}

fn read(output: &str) -> anyhow::Result<f64> {
    let failed = output
        .lines()
        .filter_map(|line| line.strip_prefix("number of failed transactions: "))
        .all(|rest| rest.starts_with("0 "));
    ensure!(failed, "transactions of pgbench failed: {output}");
    output
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|tps| tps.parse().ok())
        .with_context(|| format!("pgbench reported no rate: {output}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "scaling factor: 1\nnumber of failed transactions: 0 (0.000%)\n\
                        latency average = 0.400 ms\ntps = 19873.123 (without initial connection time)\n";

    #[test]
    fn pgbench_rate_excludes_connection_time() {
        assert_eq!(read(SAID).unwrap(), 19_873.123);
    }

    #[test]
    fn pgbench_output_with_failed_transactions_is_rejected() {
        assert!(read(&SAID.replace("0 (", "3 (")).is_err());
    }
}
