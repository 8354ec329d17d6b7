//! A back-test of every prediction of one organization, the movements between grades of its
//! companies, and an upload of outcomes against one of predictions.

use std::{
    io::{BufWriter, Write},
    path::PathBuf,
    time::Instant,
};

use accunode_application::{
    Caller, Replayable,
    validation::{AskBacktest, TransitionsQuery},
};
use accunode_domain::{
    id::ValidationId,
    job::JobType,
    outcome::Definition,
    prediction::Kind,
    validation::{BacktestDraft, Basis, MasterScale, TransitionMethod, VerdictRule},
};
use accunode_ports::repositories::ValidationFile;
use anyhow::{Context, bail, ensure};
use futures::TryStreamExt;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use time::{Date, Month};
use tokio::sync::watch;

use crate::{
    bulk::Loads,
    cluster::Cluster,
    figure::{Figure, Samples, Unit},
    note,
    options::{Options, YEARS},
    seed::{DEFINITION, FIRST_YEAR, Numbered, SeedRows},
    service::Service,
};

/// D0: the statements of the first year are available, and the outcomes of 2017 follow.
const FIRST_DAY: &str = "2016-12-31";
const LAST_DAY: &str = "2017-12-31";

/// Measures a database in which one organization has every row.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Vec<Figure>> {
    let cluster = Cluster::start().await?;
    let seed = SeedRows::create_with_outcomes(&cluster, options).await?;
    let service = Service::start(&cluster).await?;
    let backtests = Backtests {
        options,
        cluster: &cluster,
        service: &service,
        caller: service.member()?,
        companies: seed.companies,
    };
    let mut figures = backtests.reports().await?;
    figures.extend(backtests.transitions().await?);
    figures.push(backtests.uploads().await?);
    service.stop().await;
    cluster.stop().await?;
    Ok(figures)
}

struct Backtests<'a> {
    options: &'a Options,
    cluster: &'a Cluster,
    service: &'a Service,
    caller: Caller,
    companies: u64,
}

/// N and D of each grade.
type Counts = Vec<(u64, u64)>;

impl Backtests<'_> {
    /// The report as a job, against a statement that counts N and D of each grade.
    async fn reports(&self) -> anyhow::Result<Vec<Figure>> {
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        let mut memory = Samples::default();
        for _ in 0..self.options.repetitions {
            let (expected, milliseconds) = self.counted().await?;
            theirs.add(milliseconds);
            let (found, milliseconds, peak) = self.report().await?;
            ensure!(
                found == expected,
                "the report and the statement differ: {found:?} and {expected:?}"
            );
            note(format_args!(
                "back-test of {} companies: {milliseconds:.0} ms, at most {peak:.0} MiB",
                self.companies
            ));
            ours.add(milliseconds);
            memory.add(peak);
        }
        Ok(vec![
            figure(
                "back-test of one owner's predictions",
                Unit::Milliseconds,
                ours,
                theirs,
                "one prediction and one outcome of each company; from the claim of the job until \
                 it is completed: histories read, the sample written and compressed, every figure, \
                 stored with audit; against one SQL statement that only counts companies and \
                 defaults of each grade, and must find the same; less is better",
            ),
            figure(
                "the same: highest memory",
                Unit::Memory,
                memory,
                Samples::default(),
                "resident, of this process while it makes the report, with the service in it; \
                 PostgreSQL's own processes are not in it",
            ),
        ])
    }

    async fn report(&self) -> anyhow::Result<(Counts, f64, f64)> {
        let application = self.service.application();
        let command = AskBacktest {
            draft: BacktestDraft {
                kind: Kind::Annual,
                d0: FIRST_DAY.to_owned(),
                d0_to: None,
                step: None,
                definition: Definition::Bankruptcy,
                basis: Basis::Period,
                lag_months: None,
                as_of: None,
                include_system_outcomes: false,
                initial_auc: None,
                target_rate: None,
                verdict_rule: VerdictRule::default(),
                scale: None,
            },
            scale: None,
            access_level: None,
            organization: None,
        };
        let asked = application.validations.ask(&self.caller, &command, None);
        let Replayable::Fresh(asked) = asked.await? else {
            bail!("a request without a key was replayed");
        };
        self.cluster.settle().await?;
        reset_highest_memory()?;
        let (_stop, stopped) = watch::channel(false);
        let start = Instant::now();
        let claimed = application.ports().queue.claim().await?;
        let (job, lease) = claimed.context("the back-test is not in the queue")?;
        ensure!(job.id.0 == asked.id.0, "another job is in the queue");
        application.bulk_uploads.process(job, lease, &stopped).await;
        let milliseconds = 1_000.0 * start.elapsed().as_secs_f64();
        let peak = highest_memory()?;
        Ok((self.grades_of(asked.id).await?, milliseconds, peak))
    }

    /// N and D of each grade, as the report has them.
    async fn grades_of(&self, id: ValidationId) -> anyhow::Result<Counts> {
        let validations = &self.service.application().validations;
        let file = validations.file(&self.caller, id, ValidationFile::Json);
        let (_, parts) = file.await?;
        let parts: Vec<_> = parts.try_collect().await?;
        let report: Value = serde_json::from_slice(&parts.concat())?;
        let grades = &report["windows"][0]["predictive_ability"]["grades"];
        let grades = grades.as_array().context("the grades of the report")?;
        let count = |test: &Value, name: &str| test[name].as_u64().unwrap_or_default();
        let counted = grades.iter().map(|grade| &grade["test"]);
        let counted = counted.map(|test| (count(test, "companies"), count(test, "defaults")));
        Ok(counted.collect())
    }

    async fn counted(&self) -> anyhow::Result<(Counts, f64)> {
        let scale = MasterScale::shipped();
        let bounds: Vec<_> = scale.grades()[1..]
            .iter()
            .map(|grade| grade.pd_from.to_string())
            .collect();
        let owner = Numbered::Tenant.id(1);
        let sql = format!(
            "SELECT width_bucket(p.pd, ARRAY[{}]::float8[]), count(*), count(o.company_id) \
               FROM annual_predictions p \
               LEFT JOIN (SELECT DISTINCT company_id FROM outcomes \
                           WHERE owner_key = '{owner}' AND definition = '{DEFINITION}' \
                             AND event = 'default' AND NOT technical AND withdrawn_at IS NULL \
                             AND occurred_on > '{FIRST_DAY}' AND occurred_on <= '{LAST_DAY}') o \
                 ON o.company_id = p.company_id \
              WHERE p.owner_key = '{owner}' AND p.reporting_year = '{FIRST_YEAR}' \
              GROUP BY 1",
            bounds.join(", ")
        );
        let start = Instant::now();
        let rows: Vec<(i32, i64, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_all(self.cluster.superuser())
            .await?;
        let milliseconds = 1_000.0 * start.elapsed().as_secs_f64();
        let mut counts = vec![(0, 0); scale.grades().len()];
        for (grade, companies, defaults) in rows {
            counts[usize::try_from(grade)?] = (u64::try_from(companies)?, u64::try_from(defaults)?);
        }
        Ok((counts, milliseconds))
    }

    async fn transitions(&self) -> anyhow::Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for (method, name) in [
            (TransitionMethod::Cohort, "movements by cohorts"),
            (TransitionMethod::Duration, "movements by durations"),
        ] {
            let query = TransitionsQuery {
                kind: Kind::Annual,
                from: Date::from_calendar_date(2016, Month::December, 31)?,
                to: None,
                horizon_months: 12,
                method,
                scale: None,
                definition: Definition::Bankruptcy,
                basis: Basis::Period,
                lag_months: 6,
                as_of: None,
                include_system_outcomes: false,
                access_level: None,
                organization: None,
            };
            let mut ours = Samples::default();
            for _ in 0..self.options.repetitions {
                let start = Instant::now();
                let validations = &self.service.application().validations;
                let found = validations.transitions(&self.caller, &query).await?;
                let milliseconds = 1_000.0 * start.elapsed().as_secs_f64();
                let counted: u64 = found.figures.rows.iter().map(|row| row.companies).sum();
                ensure!(
                    counted == self.companies,
                    "{counted} companies of {} were counted",
                    self.companies
                );
                note(format_args!("{name}: {milliseconds:.0} ms"));
                ours.add(milliseconds);
            }
            figures.push(figure(
                name,
                Unit::Milliseconds,
                ours,
                Samples::default(),
                "the same companies: histories read, every movement of one window counted",
            ));
        }
        Ok(figures)
    }

    /// Uploads of outcomes and of predictions, which take turns.
    async fn uploads(&self) -> anyhow::Result<Figure> {
        let loads = Loads {
            options: self.options,
            cluster: self.cluster,
            service: self.service,
        };
        note("back-test: one upload that is not counted, which makes the companies");
        let _ = loads.upload(0).await?;
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        for repetition in 0..self.options.repetitions {
            let load = 1 + repetition;
            for of_outcomes in [repetition % 2 == 0, repetition % 2 != 0] {
                if of_outcomes {
                    let path = self.cluster.file("outcomes.csv");
                    write_outcomes(&path, self.options.companies(), load)?;
                    self.cluster.run("VACUUM (ANALYZE) outcomes").await?;
                    ours.add(loads.process(&path, JobType::Outcomes).await?.1.rate);
                } else {
                    theirs.add(loads.upload(load).await?.1.rate);
                }
            }
        }
        Ok(figure(
            "bulk upload, outcomes",
            Unit::Rows,
            ours,
            theirs,
            "CSV in the file store → claimed, read, checked, stored with audit and checkpoints by \
             the worker, against an upload of as many annual predictions of the same companies, in \
             turn",
        ))
    }
}

fn figure(name: &str, unit: Unit, ours: Samples, reference: Samples, how: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        unit,
        ours,
        reference,
        how: how.to_owned(),
    }
}

/// Writes as many outcomes as an upload has predictions: each company leaves on ten days, since
/// exits need no order. Each load has its own days.
fn write_outcomes(path: &PathBuf, companies: u64, load: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    writeln!(
        file,
        "company_symbol,definition,event,occurred_on,external_id"
    )?;
    let first = Date::from_calendar_date(2019, Month::January, 1)?;
    for n in 0..YEARS {
        let days = i64::try_from(YEARS * load + n)?;
        let day = first + time::Duration::days(days);
        for company in 0..companies {
            writeln!(
                file,
                "B{company},crr_178@1,exit,{day},L{load}-{n}-{company}"
            )?;
        }
    }
    Ok(file.flush()?)
}

/// Makes Linux count the highest memory of this process anew.
fn reset_highest_memory() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("/proc/self/clear_refs: is this Linux?")
}

/// Returns the highest resident memory since then, in MiB.
fn highest_memory() -> anyhow::Result<f64> {
    crate::program::memory(&std::process::id().to_string(), "VmHWM:")
}
