//! `accunode upload`: sends a file to a server, and waits for it.

mod client;
mod progress;

use std::{
    io::Write,
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use accunode_domain::{intake::DecimalMark, prediction::Kind, ratio::RatioUnit};
use anyhow::Context;
use clap::Args;
use reqwest::Url;
use serde::Deserialize;

use self::{client::Client, progress::Progress};
use crate::commands::{in_options, input::Input, output::Output, print_note};

/// The exit status of an upload in which some rows failed, if that was requested.
const ROWS_FAILED: u8 = 3;
/// How often the server is asked about the state of the upload.
const PAUSE: Duration = Duration::from_millis(500);

/// What is sent, and where to.
#[derive(Clone, Debug, Args)]
pub struct Upload {
    /// The file: .csv, .tsv, .txt, .csv.gz, .xlsx or .xlsm; - reads standard input
    pub file: PathBuf,
    /// The server, such as <https://accunode.example.com> [env: ACCUNODE_URL]
    #[arg(long, env = "ACCUNODE_URL", hide_env = true)]
    pub url: Url,
    /// Send the API key over plain http to a server that is not this machine: others on the way
    /// can read it
    #[arg(long)]
    pub allow_http: bool,
    /// The file with the API key; without it ACCUNODE_API_KEY holds the key itself
    #[arg(long)]
    pub api_key_file: Option<PathBuf>,
    /// annual or quarterly
    #[arg(long)]
    pub kind: Kind,
    /// The unit of the shares: fraction (0.254) or percent (25.4)
    #[arg(long, default_value = "fraction")]
    pub ratio_unit: RatioUnit,
    /// Units of single columns: `net_income_margin:percent,return_on_assets:fraction`
    #[arg(long)]
    pub units: Option<String>,
    /// What separates decimals where the file does not show it: comma or point
    #[arg(long)]
    pub decimal: Option<DecimalMark>,
    /// The sheet of a workbook; without it the only one that has the columns
    #[arg(long)]
    pub sheet: Option<String>,
    /// Whose rows they become: personal, organization or system
    #[arg(long)]
    pub access_level: Option<String>,
    /// What happens where company and period have a prediction already: error, skip or update
    #[arg(long)]
    pub on_conflict: Option<String>,
    /// What happens to rows that name another company than their symbol found: warn or error
    #[arg(long)]
    pub other_company: Option<String>,
    /// The numbers are right although they look wrong
    #[arg(long)]
    pub confirm_units: bool,
    /// Do everything but store
    #[arg(long)]
    pub dry_run: bool,
    /// Send a file that was sent before
    #[arg(long)]
    pub force: bool,
    /// End with status 3 where a row could not be stored
    #[arg(long)]
    pub fail_on_errors: bool,
    /// Where the rows that failed are written, as CSV to correct and send again
    #[arg(long)]
    pub failed_rows: Option<PathBuf>,
}

impl Upload {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let flag = |set: bool| set.then(|| "true".to_owned());
        [
            ("job_type", Some(self.kind.to_string())),
            ("ratio_unit", Some(self.ratio_unit.to_string())),
            ("units", self.units.clone()),
            ("decimal", self.decimal.map(|mark| mark.to_string())),
            ("sheet", self.sheet.clone()),
            ("access_level", self.access_level.clone()),
            ("on_conflict", self.on_conflict.clone()),
            ("other_company", self.other_company.clone()),
            ("confirm_units", flag(self.confirm_units)),
            ("dry_run", flag(self.dry_run)),
            ("force", flag(self.force)),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }

    fn failed_rows_path(&self) -> String {
        let path = self.failed_rows.as_deref().unwrap_or(Path::new(""));
        path.display().to_string()
    }

    /// The key. It is never an argument, because other users can read those.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is no setting of the server, which this command does not start"
    )]
    fn key(&self) -> anyhow::Result<String> {
        let key = match &self.api_key_file {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?,
            None => std::env::var("ACCUNODE_API_KEY")
                .context("no API key: set ACCUNODE_API_KEY, or name a file with --api-key-file")?,
        };
        Ok(key.trim().to_owned())
    }
}

/// An upload as the server reports it.
#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    status: String,
    total_rows: Option<u64>,
    processed_rows: u64,
    success_count: u64,
    updated_count: u64,
    skipped_count: u64,
    error_count: u64,
    error_message: Option<String>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
struct Warning {
    code: String,
    detail: String,
}

impl Job {
    fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}

/// Sends a file and waits until the server has processed it.
///
/// # Errors
/// If the file cannot be read, the server cannot be reached or refuses the file, or the upload
/// fails.
pub fn run(what: &Upload) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        what.allow_http || keeps_secrets(&what.url),
        "{} is plain http, over which others can read the API key; name an https:// address, or \
         say --allow-http",
        what.url
    );
    let key = what.key()?;
    let input = Input::of(&what.file)?;
    let remedy = "name another file";
    let failed_rows = what.failed_rows.as_deref();
    let failed_rows = failed_rows
        .map(|path| Output::of(Some(path), false, remedy, input.path()))
        .transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = Client::of(what.url.clone(), &key)?;
        let progress = Progress::new();
        let mut job = client.send(&input, &what.fields(), &progress).await?;
        progress.rows();
        while !job.has_ended() {
            progress.at(job.processed_rows, job.total_rows);
            tokio::time::sleep(PAUSE).await;
            job = client.job(&job.id).await?;
        }
        progress.end();
        end(what, &client, &job, failed_rows).await
    })
}

/// Returns whether a key that is sent to this URL cannot be read on the way.
fn keeps_secrets(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address
        .parse::<IpAddr>()
        .map_or(host == "localhost", |address| address.is_loopback());
    url.scheme() == "https" || is_loopback
}

/// Returns the outcome of an upload in a sentence.
fn summary(job: &Job, is_dry_run: bool) -> String {
    let (kind, stored, updated) = if is_dry_run {
        ("dry run", "would be stored", "would be updated")
    } else {
        ("upload", "stored", "updated")
    };
    format!(
        "{kind} {} {}: {} {stored}, {} {updated}, {} skipped, {} failed",
        job.id,
        job.status,
        job.success_count,
        job.updated_count,
        job.skipped_count,
        job.error_count
    )
}

async fn end(
    what: &Upload,
    client: &Client,
    job: &Job,
    failed_rows: Option<Output>,
) -> anyhow::Result<ExitCode> {
    for warning in &job.warnings {
        print_note(format_args!(
            "warning ({}): {}",
            warning.code,
            in_options(&warning.detail)
        ));
    }
    print_note(format_args!("{}", summary(job, what.dry_run)));
    if let (Some(mut output), true) = (failed_rows, job.error_count > 0) {
        let rows = client.failed_rows(&job.id).await?;
        let written = output.writer().write_all(&rows);
        written.context("cannot write the rows that failed")?;
        output.keep()?;
        print_note(format_args!(
            "the rows that failed are in {}",
            what.failed_rows_path()
        ));
    }
    if job.status != "completed" {
        let why = job.error_message.as_deref().unwrap_or("it was cancelled");
        anyhow::bail!("the upload did not complete: {}", in_options(why));
    }
    let failed = what.fail_on_errors && job.error_count > 0;
    Ok(if failed {
        ExitCode::from(ROWS_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dry_run_claims_to_have_stored_nothing() {
        let job: Job = serde_json::from_value(serde_json::json!({
            "id": "7", "status": "completed", "total_rows": 3, "processed_rows": 3,
            "success_count": 2, "updated_count": 0, "skipped_count": 0, "error_count": 1,
            "error_message": null, "warnings": [],
        }))
        .unwrap();
        let dry = "dry run 7 completed: 2 would be stored, 0 would be updated, 0 skipped, 1 failed";
        assert_eq!(summary(&job, true), dry);
        assert!(summary(&job, false).starts_with("upload 7 completed: 2 stored, "));
    }

    #[test]
    fn key_is_sent_over_plain_http_only_to_this_machine() {
        for (url, kept) in [
            ("https://accunode.example.com", true),
            ("http://accunode.example.com", false),
            ("http://192.0.2.7:8080", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(keeps_secrets(&url), kept, "{url}");
        }
    }
}
