//! Bulk uploads: the worker's whole path against `\copy` of the finished rows.

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use accunode_application::{Replayable, bulk_uploads::SubmitUpload};
use accunode_domain::{
    job::{Job, JobOptions, JobType},
    prediction::Kind,
};
use anyhow::{Context, bail, ensure};
use futures::{StreamExt, TryStreamExt};
use sqlx::{AssertSqlSafe, Row};
use tokio::sync::watch;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::{
    adapter::Rng,
    cluster::Cluster,
    figure::{Figure, Samples, Unit},
    note,
    options::{Options, YEARS},
    processor::Processor,
    scoring::texts,
    seed::Numbered,
    service::Service,
};

/// The first year of the first upload; each has its own, so that no key repeats.
const FIRST_YEAR: u64 = 1950;

/// Returns the rows a second of both sides, which take turns.
pub(crate) async fn measure(
    options: &Options,
    cluster: &Cluster,
    service: &Service,
) -> anyhow::Result<Vec<Figure>> {
    let loads = Loads {
        options,
        cluster,
        service,
    };
    note("bulk: one upload that is not counted, and whose rows the reference loads");
    let (template, _) = loads.upload(0).await?;
    if options.statements {
        cluster.run("SELECT pg_stat_statements_reset()").await?;
    }
    let (mut ours, mut theirs) = (Loaded::default(), Loaded::default());
    for repetition in 0..options.repetitions {
        for (at, side) in [repetition % 2 == 0, repetition % 2 != 0]
            .into_iter()
            .enumerate()
        {
            let load = 1 + 2 * repetition + at as u64;
            if side {
                ours.add(loads.upload(load).await?.1);
            } else {
                theirs.add(loads.copy(template, load).await?);
            }
        }
    }
    if options.statements {
        statements(cluster).await?;
    }
    let figure = |name: &str, unit, ours, reference, how: &str| Figure {
        name: name.to_owned(),
        unit,
        ours,
        reference,
        how: how.to_owned(),
    };
    Ok(vec![
        figure(
            "bulk upload, annual",
            Unit::Rows,
            ours.rates,
            theirs.rates,
            "CSV in the file store → claimed, read, checked, scored, stored with audit and checkpoints by the worker, \
             against `\\copy` of the finished rows; same table, indexes and triggers, in turn",
        ),
        figure(
            "bulk upload, annual: processor time",
            Unit::Processor,
            ours.processor,
            theirs.processor,
            "the same loads: of all processes, also merging the rollups while the load runs; less is better",
        ),
        figure(
            "of it outside of PostgreSQL",
            Unit::Processor,
            ours.outside,
            theirs.outside,
            "reading, checking, scoring and sending, against `psql`; less is better",
        ),
    ])
}

/// The measurements of one side.
#[derive(Debug, Default)]
struct Loaded {
    /// Rows a second.
    rates: Samples,
    /// Processor time of a row, in microseconds.
    processor: Samples,
    /// The part of it outside of PostgreSQL.
    outside: Samples,
}

impl Loaded {
    fn add(&mut self, load: Load) {
        self.rates.add(load.rate);
        self.processor.add(load.processor);
        self.outside.add(load.outside);
    }
}

/// One load: its rate, and the processor time of a row in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) rate: f64,
    processor: f64,
    outside: f64,
}

/// Uploads, and what they are compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loads<'a> {
    pub(crate) options: &'a Options,
    pub(crate) cluster: &'a Cluster,
    pub(crate) service: &'a Service,
}

impl Loads<'_> {
    /// AccuNode: an upload is received, then processed; the second part is timed.
    pub(crate) async fn upload(&self, load: u64) -> anyhow::Result<(Uuid, Load)> {
        let path = self.cluster.file("upload.csv");
        write_csv(&path, self.options.companies(), FIRST_YEAR + YEARS * load)?;
        self.process(&path, Kind::Annual.into()).await
    }

    /// Processes a file of as many rows as an upload has, all of which must be stored.
    pub(crate) async fn process(
        &self,
        path: &Path,
        job_type: JobType,
    ) -> anyhow::Result<(Uuid, Load)> {
        let job = self.submit(path, job_type).await?;
        self.cluster.settle().await?;

        let application = self.service.application();
        let (_stop, stopped) = watch::channel(false);
        let before = Processor::read(self.cluster).await?;
        let start = Instant::now();
        let claimed = application.ports().queue.claim().await?;
        let (claimed, lease) = claimed.context("the upload is not in the queue")?;
        ensure!(claimed.id == job.id, "another upload is in the queue");
        application
            .bulk_uploads
            .process(claimed, lease, &stopped)
            .await;
        let load = self.load("the worker", start, before).await?;
        let table = match job_type {
            JobType::Outcomes => "outcomes",
            _ => "annual_predictions",
        };
        self.check_job(&job, table).await?;
        Ok((job.id.0, load))
    }

    async fn submit(&self, path: &Path, job_type: JobType) -> anyhow::Result<Job> {
        let bulk = &self.service.application().bulk_uploads;
        let file = tokio::fs::File::open(path).await?;
        let bytes = ReaderStream::with_capacity(file, 1 << 18).map_err(Into::into);
        let file = bulk.receive(bytes.boxed()).await?;
        let caller = self.service.member()?;
        let upload = SubmitUpload {
            file,
            original_filename: "upload.csv".to_owned(),
            job_type,
            access_level: None,
            organization: None,
            options: JobOptions {
                // Its ratios are spread over their bounds, which no unit explains.
                confirm_units: true,
                ..JobOptions::default()
            },
            force: false,
        };
        match bulk.submit(&caller, upload, None).await? {
            Replayable::Fresh(job) => Ok(job),
            Replayable::Replayed(_) => bail!("an upload without a key was replayed"),
        }
    }

    /// Checks that every row was stored.
    async fn check_job(&self, job: &Job, table: &str) -> anyhow::Result<()> {
        let row = sqlx::query(
            "SELECT status, success_count, coalesce(error_message, '') FROM bulk_upload_jobs WHERE id = $1",
        )
        .bind(job.id.0)
        .fetch_one(self.cluster.superuser())
        .await?;
        let (status, stored): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
        let error: String = row.try_get(2)?;
        ensure!(
            status == "completed" && u64::try_from(stored) == Ok(self.options.upload_rows()),
            "the upload ended as {status} with {stored} rows stored {error}"
        );
        self.count(job.id.0, table).await
    }

    /// The reference: the finished rows of the upload `template`, for other years and with
    /// other ids, by `\copy`.
    async fn copy(&self, template: Uuid, load: u64) -> anyhow::Result<Load> {
        let path = self.cluster.file("finished.copy");
        let file = path.to_str().context("a path is not UTF-8")?;
        let job = Numbered::Prediction.id((1 << 40) + load);
        let export = finished(template, job, load);
        self.cluster
            .psql(&format!("\\copy ({export}) TO '{file}'"))
            .await?;
        self.cluster.settle().await?;

        let command = format!(
            "\\copy annual_predictions ({}) FROM '{file}'",
            columns().join(", ")
        );
        let before = Processor::read(self.cluster).await?;
        let start = Instant::now();
        self.cluster.psql(&command).await?;
        let load = self.load("\\copy", start, before).await?;
        self.count(job, "annual_predictions").await?;
        Ok(load)
    }

    /// Checks that all rows of a load exist.
    async fn count(&self, job: Uuid, table: &str) -> anyhow::Result<()> {
        let count = format!("SELECT count(*) FROM {table} WHERE bulk_job_id = $1");
        let there: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(job)
            .fetch_one(self.cluster.superuser())
            .await?;
        ensure!(
            u64::try_from(there) == Ok(self.options.upload_rows()),
            "{there} rows are there after a load of {}",
            self.options.upload_rows()
        );
        Ok(())
    }

    /// Returns what a load took that has just ended.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
    async fn load(&self, who: &str, start: Instant, before: Processor) -> anyhow::Result<Load> {
        let seconds = start.elapsed().as_secs_f64();
        let rows = self.options.upload_rows() as f64;
        let now = Processor::read(self.cluster).await?;
        let (processor, outside) = now.for_each_row(before, rows);
        let rate = rows / seconds;
        note(format_args!(
            "bulk: {rate:.0} rows/s by {who}, {processor:.1} µs of processor time a row, \
             of which {outside:.1} outside of PostgreSQL"
        ));
        Ok(Load {
            rate,
            processor,
            outside,
        })
    }
}

/// Writes a file as an analyst would send it: every company in one year, then in the next.
fn write_csv(path: &PathBuf, companies: u64, first_year: u64) -> anyhow::Result<()> {
    let ratios: Vec<_> = Kind::Annual.ratios().iter().map(|r| r.name).collect();
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    writeln!(
        file,
        "company_symbol,company_name,sector,reporting_year,{}",
        ratios.join(",")
    )?;
    let mut rng = Rng::new(first_year);
    for year in first_year..first_year + YEARS {
        for n in 0..companies {
            let ratios = loop {
                let ratios = texts(Kind::Annual, &mut rng);
                // Two ratios may be missing.
                if ratios.iter().filter(|text| !text.is_empty()).count() >= 3 {
                    break ratios.join(",");
                }
            };
            writeln!(file, "B{n},Company B{n},Sector {},{year},{ratios}", n % 11)?;
        }
    }
    Ok(file.flush()?)
}

/// Returns the columns that an upload writes; the others are defaults.
fn columns() -> Vec<&'static str> {
    let mut columns = vec![
        "id",
        "reporting_year",
        "bulk_job_id",
        "bulk_row",
        "company_id",
        "company_symbol",
        "company_name",
        "company_sector",
        "pd",
        "probability",
        "risk_level",
        "confidence",
        "model_name",
        "model_version",
        "model_sha256",
        "raw_ratios",
        "flags",
        "predicted_at",
        "organization_id",
        "access_level",
        "created_by",
    ];
    columns.extend(Kind::Annual.ratios().iter().map(|ratio| ratio.name));
    columns
}

/// Returns its rows in the file's order, with ids that increase as the application's do.
fn finished(template: Uuid, job: Uuid, load: u64) -> String {
    let prefix = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000).to_string();
    let prefix = prefix.strip_suffix("000000000000").unwrap_or(&prefix);
    let same = columns().split_off(3).join(", ");
    format!(
        "SELECT ('{prefix}' || lpad(to_hex({load}::bigint * 100000000 + bulk_row), 12, '0'))::uuid, \
                (reporting_year::int + {})::text, '{job}'::uuid, {same} \
           FROM annual_predictions WHERE bulk_job_id = '{template}' ORDER BY bulk_row",
        YEARS * load
    )
}

/// Prints on which statements the database spent its time.
async fn statements(cluster: &Cluster) -> anyhow::Result<()> {
    let rows = sqlx::query(
        "SELECT calls, total_exec_time, left(regexp_replace(query, '\\s+', ' ', 'g'), 140) \
           FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 15",
    )
    .fetch_all(cluster.superuser())
    .await?;
    for row in rows {
        let (calls, milliseconds): (i64, f64) = (row.try_get(0)?, row.try_get(1)?);
        let query: String = row.try_get(2)?;
        note(format_args!(
            "{calls:>8} × {milliseconds:>10.0} ms  {query}"
        ));
    }
    Ok(())
}
