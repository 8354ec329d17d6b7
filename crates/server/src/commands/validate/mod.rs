//! `accunode validate`: compares predictions with outcomes, without server and database.

mod read;
mod tables;

use std::{
    fmt::{self, Display, Formatter},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use accunode_application::validation::SampleFile;
use accunode_domain::{
    Timestamp,
    fault::Fault,
    timestamp::parse_timestamp,
    validation::{
        Backtest, Basis, Grade, MasterScale, Parameters, Reference, Tally, VerdictRule, Window,
        first_days, markdown,
    },
};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use time::{Date, format_description::well_known::Rfc3339};

use self::{read::read_date, tables::Tables};
use super::{
    output::{FORCE, Output},
    print_note,
};

/// The largest number of windows of a report.
const MOST_WINDOWS: usize = 120;
/// The largest size of a scale's file, in bytes.
const LARGEST_SCALE: u64 = 1 << 20;

/// What is compared, and how.
#[derive(Clone, Debug, Args)]
pub struct Validate {
    /// Predictions as CSV: `company_symbol`, `pd`, `period` (or `reporting_year`,
    /// `reporting_quarter`); also `predicted_at`, `replaced_at`, `flags`, `model`. Exports of
    /// predictions will do, and for `--basis period` what `accunode score` writes
    pub predictions: PathBuf,
    /// What happened, as CSV: `company_symbol`, `occurred_on`; also event (`default`, `cure`,
    /// `exit`), `technical`, `recorded_at`, `withdrawn_at`
    pub outcomes: PathBuf,
    /// The first day of the window of twelve months that begins after it
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub d0: Date,
    /// Further windows until one that begins here
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub d0_to: Option<Date>,
    /// Months between first days
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u8).range(1..=120))]
    pub step: u8,
    /// Until when the outcomes are complete: silence proves nothing after this day
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub complete_through: Date,
    /// From when on the outcomes are complete; without it always
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub complete_from: Option<Date>,
    /// `recorded`: what had been predicted by the first day; `period`: the latest statement
    /// that was available then, whenever it was scored
    #[arg(long, default_value = "recorded")]
    pub basis: Basis,
    /// With --basis period: months from the end of a period until its statement is available
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=60))]
    pub lag_months: u8,
    /// Leave out outcomes that were recorded later, and those withdrawn by then
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    pub as_of: Option<Timestamp>,
    /// What a default is in the outcomes
    #[arg(long, default_value = "bankruptcy@1")]
    pub definition: String,
    /// What the model learned as a default
    #[arg(long, default_value = "bankruptcy@1")]
    pub label: String,
    /// The AUC at the model's first validation
    #[arg(long, value_name = "AUC", value_parser = share)]
    pub initial_auc: Option<f64>,
    /// The target default rate of the model's prior correction
    #[arg(long, value_name = "RATE", value_parser = share)]
    pub target_rate: Option<f64>,
    /// A master scale: a JSON array of grades with `code`, `pd_from`, `pd_to`; without it the
    /// shipped one of 17 grades
    #[arg(long, value_name = "FILE")]
    pub scale: Option<PathBuf>,
    /// How the report looks
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Where the report is written; standard output without it
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Where the sample is written, as CSV: everything that the figures are made from
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// For programs, with all digits.
    #[default]
    Json,
    /// A text with tables, in the order of the ECB's instructions.
    Markdown,
}

/// Compares the files, and writes the report.
///
/// # Errors
/// If a file cannot be read or has faults, outcomes do not cover a window, or no company is in
/// a sample.
pub fn run(what: &Validate) -> anyhow::Result<()> {
    let days = what.first_days()?;
    let scale = what.master_scale()?;
    let mut output = Output::of(what.output.as_deref(), what.force, FORCE, &what.predictions)?;
    let mut sample = match &what.sample {
        Some(path) => Some(Output::of(Some(path), what.force, FORCE, &what.outcomes)?),
        None => None,
    };
    let tables = Tables::read(&what.predictions, &what.outcomes, what.basis)?;
    let windows: Vec<_> = days.iter().map(|day| what.window(*day)).collect();
    let writer: Box<dyn Write + '_> = match &mut sample {
        Some(output) => output.writer(),
        None => Box::new(io::sink()),
    };
    let (seen, hash) = observe(&windows, &tables, &scale, writer)?;
    drop(tables);
    let report = Backtest::of(what.parameters(&days), &scale, seen, hash);
    if report.is_empty() {
        bail!("no company is in the sample: check --d0, --basis and the periods");
    }
    write(&mut *output.writer(), &report, what.format)?;
    output.keep()?;
    if let Some(sample) = sample {
        sample.keep()?;
    }
    Ok(())
}

fn observe(
    windows: &[Window],
    tables: &Tables,
    scale: &MasterScale,
    writer: Box<dyn Write + '_>,
) -> anyhow::Result<(Vec<(Window, Tally)>, String)> {
    let unwritable = "cannot write the sample";
    let mut file = SampleFile::new(writer, scale.clone());
    let mut all = Vec::new();
    for window in windows {
        let mut tally = Tally::new(scale);
        tables.for_each_company(|company, predictions, events| {
            if let Some(observation) = window.observe(predictions, events) {
                file.add(window, company, &observation)
                    .context(unwritable)?;
                tally.add(&observation, scale);
            }
            Ok(())
        })?;
        all.push((*window, tally));
    }
    let (mut writer, hash) = file.finish().context(unwritable)?;
    writer.flush().context(unwritable)?;
    Ok((all, hash))
}

fn write(out: &mut dyn Write, report: &Backtest, format: Format) -> anyhow::Result<()> {
    let unwritable = "cannot write the report";
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, report).context(unwritable)?;
            writeln!(out).context(unwritable)?;
        }
        Format::Markdown => write!(out, "{}", markdown(report)).context(unwritable)?,
    }
    out.flush().context(unwritable)
}

impl Validate {
    /// Returns the first days of all windows, each of which the outcomes cover.
    fn first_days(&self) -> anyhow::Result<Vec<Date>> {
        let last = self.d0_to.unwrap_or(self.d0);
        let days = first_days(self.d0, last, self.step, MOST_WINDOWS + 1);
        if days.is_empty() {
            bail!("--d0-to {last} is before --d0 {}", self.d0);
        }
        if days.len() > MOST_WINDOWS {
            bail!("these are more than {MOST_WINDOWS} windows; choose a longer --step");
        }
        for window in days.iter().map(|day| self.window(*day)) {
            let (first, end) = (window.first_day, window.last_day());
            if end > self.complete_through {
                bail!(
                    "the window from {first} ends on {end}, and outcomes are complete through {} \
                     only: silence proves nothing after that",
                    self.complete_through
                );
            }
            if let Some(from) = self.complete_from
                && first.next_day().is_none_or(|day| day < from)
            {
                bail!("the window from {first} begins before outcomes are complete, on {from}");
            }
        }
        Ok(days)
    }

    const fn window(&self, first_day: Date) -> Window {
        Window {
            first_day,
            basis: self.basis,
            lag_months: self.lag_months,
            as_of: self.as_of,
        }
    }

    fn master_scale(&self) -> anyhow::Result<MasterScale> {
        let Some(path) = &self.scale else {
            return Ok(MasterScale::shipped());
        };
        let unreadable = || format!("cannot read the scale {}", path.display());
        if fs::metadata(path).with_context(unreadable)?.len() > LARGEST_SCALE {
            bail!("{} is too large for a scale", path.display());
        }
        let text = fs::read_to_string(path).with_context(unreadable)?;
        let grades: Vec<Grade> = serde_json::from_str(&text).with_context(unreadable)?;
        MasterScale::new(grades).map_err(|faults| file_error(path, &faults))
    }

    fn parameters(&self, days: &[Date]) -> Parameters {
        Parameters {
            first_days: days.iter().map(Date::to_string).collect(),
            basis: self.basis,
            lag_months: self.lag_months,
            definition: self.definition.clone(),
            label: self.label.clone(),
            scale: self.scale.as_ref().map_or_else(
                || MasterScale::SHIPPED.to_owned(),
                |path| path.display().to_string(),
            ),
            as_of: self.as_of.and_then(|time| time.format(&Rfc3339).ok()),
            complete_through: self.complete_through.to_string(),
            reference: Reference {
                initial_auc: self.initial_auc,
                target_rate: self.target_rate,
                initial_grades: None,
            },
            verdict_rule: VerdictRule::default(),
        }
    }
}

/// The faults of a file, one a line.
struct FileFaults<'a>(&'a Path, &'a [Fault]);

impl Display for FileFaults<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} has faults:", self.0.display())?;
        for fault in self.1 {
            write!(f, "\n{}: {}", fault.pointer, fault.detail)?;
        }
        Ok(())
    }
}

fn file_error(path: &Path, faults: &[Fault]) -> anyhow::Error {
    anyhow::anyhow!("{}", FileFaults(path, faults))
}

/// Prints how many rows of a file were left out.
fn print_left_out(path: &Path, rows: u64, why: &str) {
    if rows > 0 {
        print_note(format_args!(
            "{}: {rows} rows {why} were left out",
            path.display()
        ));
    }
}

fn date(text: &str) -> Result<Date, String> {
    read_date(text).ok_or_else(|| "must be a day like 2024-12-31".to_owned())
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    parse_timestamp("", text).map_err(|fault| fault.detail)
}

/// Parses a number above 0 and below 1.
fn share(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|value| *value > 0.0 && *value < 1.0)
        .ok_or_else(|| "must be a number above 0 and below 1".to_owned())
}
