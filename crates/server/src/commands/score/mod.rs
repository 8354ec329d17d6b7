//! `accunode score`: scores a file without server and database.

mod record;
mod repeated;

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use accunode_application::bulk_uploads::{Surveying, Table, offline};
use accunode_domain::{
    fault::Fault,
    intake::{ColumnUnits, DecimalMark, Plan},
    job::{JobOptions, JobWarning},
    prediction::Kind,
    ratio::RatioUnit,
    text::guard_formula,
};
use accunode_files::{Limits, ParserSettings, Rows, peek_file, read_rows};
use accunode_local::SystemClock;
use accunode_ports::{
    files::{OpenError, RowReader, SourceRow},
    scoring::Scorer,
    system::Clock,
};
use accunode_scoring::{ModelPin, ModelRegistry};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use repeated::RepeatedRows;

use crate::{
    commands::{
        in_options,
        input::Input,
        output::{FORCE, Output},
        print_note,
    },
    config::Config,
    models::ModelChoice,
};

/// The number of rows that are scored at once.
const CHUNK: usize = 1_000;

/// What is to be scored, and where to.
#[derive(Clone, Debug, Args)]
pub struct Score {
    /// The file: .csv, .tsv, .txt, .csv.gz, .xlsx or .xlsm, with the columns of an upload; - reads standard input
    pub file: PathBuf,
    /// annual or quarterly
    #[arg(long)]
    pub kind: Kind,
    /// The unit of the shares: fraction (0.254) or percent (25.4)
    #[arg(long, default_value = "fraction")]
    pub ratio_unit: RatioUnit,
    /// Units of single columns: `net_income_margin:percent,return_on_assets:fraction`
    #[arg(long, default_value = "")]
    pub units: String,
    /// What separates decimals where the file does not show it: comma or point
    #[arg(long)]
    pub decimal: Option<DecimalMark>,
    /// The sheet of a workbook; without it the only one that has the columns
    #[arg(long)]
    pub sheet: Option<String>,
    /// The numbers are right although they look wrong
    #[arg(long)]
    pub confirm_units: bool,
    /// The model, such as annual@1.0.0; without it the one that is configured
    #[arg(long, value_name = "NAME@VERSION")]
    pub model: Option<ModelPin>,
    /// Leave the reasons out: many times as fast for quarterly files
    #[arg(long)]
    pub no_reasons: bool,
    /// End with status 3 where a row could not be scored
    #[arg(long)]
    pub fail_on_errors: bool,
    /// Where the scores are written, as CSV; standard output without it
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Replace the output file where it exists
    #[arg(long)]
    pub force: bool,
}

impl Score {
    fn options(&self) -> Result<JobOptions, Vec<Fault>> {
        Ok(JobOptions {
            ratio_unit: self.ratio_unit,
            units: ColumnUnits::parse(self.kind, &self.units)?,
            confirm_units: self.confirm_units,
            decimal: self.decimal,
            sheet: self.sheet.clone(),
            ..JobOptions::default()
        })
    }
}

/// The number of rows that were scored, and that could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows with a score.
    pub scored: u64,
    /// Rows without one.
    pub failed: u64,
    /// Rows that are not companies, such as totals and notes.
    pub left_out: u64,
}

/// Scores a file. It is read to its end before anything is written, and the output gets its name
/// only when it is complete.
///
/// # Errors
/// If the file cannot be read, lacks columns or is doubtful, the output exists already, or no
/// model of its kind is served.
pub fn run(config: &Config, what: &Score) -> anyhow::Result<Summary> {
    let options = what.options().map_err(input_error)?;
    let input = Input::of(&what.file)?;
    let mut output = Output::of(what.output.as_deref(), what.force, FORCE, input.path())?;
    let models = ModelChoice::of(config)
        .with(what.kind, what.model.as_ref())
        .load()?;
    let scoring = Scoring {
        what,
        options,
        input: &input,
        parser: config.parser_settings()?,
        models: &models,
    };
    match scoring.run(&mut output) {
        // The reading program has closed its input, as `head` does.
        Err(error) if is_broken_pipe(&error) => Ok(Summary::default()),
        Err(error) => Err(error),
        Ok(summary) => {
            output.keep()?;
            print_note(format_args!(
                "{} rows were scored, {} could not be; see the column error{}",
                summary.scored,
                summary.failed,
                match summary.left_out {
                    0 => String::new(),
                    rows => format!("; {rows} are no companies and were left out"),
                }
            ));
            Ok(summary)
        }
    }
}

/// The state of scoring one file.
struct Scoring<'a> {
    what: &'a Score,
    options: JobOptions,
    input: &'a Input,
    parser: ParserSettings,
    models: &'a ModelRegistry,
}

impl Scoring<'_> {
    fn run(&self, output: &mut Output) -> anyhow::Result<Summary> {
        let limits = Limits::default();
        let peek = peek_file(self.input.path(), Table::PEEK, limits, self.parser.clone())
            .with_context(|| self.unreadable())?;
        let table = Table::choose(self.what.kind, &peek, self.what.sheet.as_deref())
            .map_err(input_error)?;
        let (plan, rows) = self.survey(&table)?;
        let progress = progress(rows);
        let summary = self.write(&table, &plan, output, &progress);
        progress.finish_and_clear();
        summary
    }

    fn unreadable(&self) -> String {
        format!("cannot read {}", self.input.name())
    }

    fn open(&self, table: &Table) -> anyhow::Result<Rows> {
        let (path, parser) = (self.input.path(), self.parser.clone());
        read_rows(path, &table.choice, Limits::default(), parser).with_context(|| self.unreadable())
    }

    /// Reads the file to its end, and prints its warnings.
    fn survey(&self, table: &Table) -> anyhow::Result<(Plan, u32)> {
        let mut rows = self.open(table)?;
        let mut surveying = Surveying::of(table, &self.options, SystemClock.now());
        loop {
            let chunk = next(&mut rows).with_context(|| self.unreadable())?;
            if chunk.is_empty() {
                break;
            }
            surveying.see(chunk);
        }
        let seen = surveying.rows();
        if rows
            .records_seen()
            .is_some_and(|records| records != u64::from(seen))
        {
            anyhow::bail!(
                "{}: not every row could be accounted for",
                self.unreadable()
            );
        }
        let medians = self.models.training(self.what.kind).medians;
        let (plan, warnings) = surveying
            .finish(table, rows.notes(), &medians)
            .map_err(input_error)?;
        for JobWarning { code, detail, .. } in warnings {
            print_warning(&code, &detail);
        }
        Ok((plan, seen))
    }

    fn write(
        &self,
        table: &Table,
        plan: &Plan,
        output: &mut Output,
        progress: &ProgressBar,
    ) -> anyhow::Result<Summary> {
        let mut rows = self.open(table)?;
        let mut summary = Summary::default();
        let mut repeated = RepeatedRows::default();
        let mut csv = csv::Writer::from_writer(output.writer());
        csv.write_record(record::header(self.what.kind))?;
        loop {
            let chunk = next(&mut rows)?;
            if chunk.is_empty() {
                break;
            }
            let explain = !self.what.no_reasons;
            let scores = offline::score(&self.options, plan, &chunk, self.models, explain)?;
            progress.inc(chunk.len() as u64);
            for (row, score) in chunk.iter().zip(scores) {
                match &score {
                    Ok(score) => {
                        summary.scored += 1;
                        repeated.see(row.row, score);
                    }
                    Err(faults) if Plan::is_left_out(faults) => summary.left_out += 1,
                    Err(_) => summary.failed += 1,
                }
                let record = record::record(plan.layout(), row, score);
                let cells = record.iter().map(|cell| guard_formula(cell).into_owned());
                csv.write_record(cells.collect::<Vec<_>>())?;
            }
        }
        csv.flush()?;
        if let Some(warning) = repeated.warning() {
            print_warning("repeated_rows", &warning);
        }
        Ok(summary)
    }
}

/// Prints a warning about the file. It is a result of the command, whatever the level of its log.
fn print_warning(code: &str, detail: &str) {
    print_note(format_args!("warning ({code}): {}", in_options(detail)));
}

fn next(rows: &mut Rows) -> Result<Vec<SourceRow>, OpenError> {
    rows.take(CHUNK).collect()
}

/// Returns a progress bar on a terminal, and nothing elsewhere.
fn progress(rows: u32) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} {eta}");
    ProgressBar::new(u64::from(rows))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| {
        let from_csv = cause.downcast_ref::<csv::Error>().map(csv::Error::kind);
        match (cause.downcast_ref::<io::Error>(), from_csv) {
            (Some(error), _) | (None, Some(csv::ErrorKind::Io(error))) => Some(error.kind()),
            _ => None,
        }
    };
    error
        .chain()
        .any(|cause| io(cause) == Some(io::ErrorKind::BrokenPipe))
}

fn input_error(faults: Vec<Fault>) -> anyhow::Error {
    let lines: Vec<_> = faults
        .into_iter()
        .map(|fault| in_options(&fault.detail))
        .collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}
