//! `accunode score`: a file is scored without server and database.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use accunode_application::bulk::{
    Columns, Table,
    offline::{self, OfflineScore},
};
use accunode_domain::{fault::Fault, prediction::Kind, ratio::RatioUnit, text::guard_formula};
use accunode_files::{Limits, peek_file, read_rows};
use accunode_ports::files::{OpenError, SourceRow};
use accunode_scoring::{ModelPin, ModelRegistry};
use anyhow::Context;
use clap::Args;

use crate::{config::Config, models::ModelChoice};

/// How many rows are scored at once.
const CHUNK: usize = 1_000;

/// What is to be scored, and where to.
#[derive(Clone, Debug, Args)]
pub struct Score {
    /// The file: .csv, .csv.gz or .xlsx, with the columns of an upload
    pub file: PathBuf,
    /// annual or quarterly
    #[arg(long)]
    pub kind: Kind,
    /// The unit of the shares: fraction (0.254) or percent (25.4)
    #[arg(long, default_value = "fraction")]
    pub ratio_unit: RatioUnit,
    /// The unit is right although it looks wrong
    #[arg(long)]
    pub confirm_units: bool,
    /// The model, such as annual@1.0.0; without it the one that is configured
    #[arg(long, value_name = "NAME@VERSION")]
    pub model: Option<ModelPin>,
    /// Leave the reasons out: many times as fast for quarterly files
    #[arg(long)]
    pub no_reasons: bool,
    /// Where the scores are written, as CSV; standard output without it
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

/// Scores a file. Nothing is written before its columns and its unit are right.
///
/// # Errors
/// Where the file cannot be read, lacks columns or is in another unit, or no model
/// of its kind is served.
pub fn run(config: &Config, what: &Score) -> anyhow::Result<()> {
    let models = ModelChoice::of(config)
        .with(what.kind, what.model.as_ref())
        .load()?;
    let parser = config.parser_settings()?;
    let unreadable = || format!("cannot read {}", what.file.display());
    let peek = peek_file(&what.file, Table::PEEK, Limits::default(), parser.clone())
        .with_context(unreadable)?;
    let table = Table::first(peek).map_err(|fault| told(vec![fault]))?;
    let mut rows = read_rows(&what.file, &table.choice, Limits::default(), parser)
        .with_context(unreadable)?
        .map(|row| Ok(table.fit(row?)));
    let columns = Columns::of(what.kind, &table.columns).map_err(told)?;
    for warning in columns.warnings() {
        tracing::warn!(columns = ?warning.columns, "{}", warning.detail);
    }
    let chunk = next(&mut rows)?;
    if !what.confirm_units {
        offline::units(what.kind, what.ratio_unit, &columns, &chunk).map_err(|mismatch| {
            let told = mismatch.to_string();
            let told = told.replace("ratio_unit=", "--ratio-unit ");
            anyhow::anyhow!(told.replace("confirm_units=true", "--confirm-units"))
        })?;
    }
    match write(what, &columns, chunk, &mut rows, &models) {
        // Whoever reads has seen enough, like `head`.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        written => written,
    }
}

/// The rows of a file.
trait Rows: Iterator<Item = Result<SourceRow, OpenError>> {}
impl<I: Iterator<Item = Result<SourceRow, OpenError>>> Rows for I {}

fn next(rows: &mut dyn Rows) -> Result<Vec<SourceRow>, OpenError> {
    rows.take(CHUNK).collect()
}

fn write(
    what: &Score,
    columns: &Columns,
    mut chunk: Vec<SourceRow>,
    rows: &mut dyn Rows,
    models: &ModelRegistry,
) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_writer(sink(what.output.as_deref())?);
    table.write_record(header(what.kind))?;
    while !chunk.is_empty() {
        let scores = offline::score(
            what.kind,
            what.ratio_unit,
            columns,
            &chunk,
            models,
            !what.no_reasons,
        )?;
        for (row, score) in chunk.iter().zip(scores) {
            let record = record(what.kind, row, score);
            let cells = record.iter().map(|cell| guard_formula(cell).into_owned());
            table.write_record(cells.collect::<Vec<_>>())?;
        }
        chunk = next(rows)?;
    }
    table.flush()?;
    Ok(())
}

fn sink(output: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match output {
        Some(path) => Box::new(
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        ),
        None => Box::new(io::stdout().lock()),
    })
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

fn told(faults: Vec<Fault>) -> anyhow::Error {
    let lines: Vec<_> = faults.into_iter().map(|fault| fault.detail).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

fn header(kind: Kind) -> Vec<&'static str> {
    let probabilities: &[_] = match kind {
        Kind::Annual => &["probability"],
        Kind::Quarterly => &[
            "logistic_probability",
            "gbm_probability",
            "ensemble_probability",
        ],
    };
    let mut names = vec!["row", "company_symbol", "period", "pd"];
    names.extend(probabilities);
    names.extend([
        "risk_level",
        "confidence",
        "model",
        "flags",
        "reasons",
        "error",
    ]);
    names
}

fn record(kind: Kind, row: &SourceRow, score: Result<OfflineScore, Vec<Fault>>) -> Vec<String> {
    let count = header(kind).len();
    let mut record = vec![row.row.to_string()];
    match score {
        Ok(score) => {
            let outcome = &score.scored.outcome;
            record.extend([
                score.company.symbol.as_str().to_owned(),
                score.period.to_string(),
                outcome.pd.get().to_string(),
            ]);
            let parts = outcome.parts.map(|parts| [parts.logistic, parts.gbm]);
            record.extend(
                parts
                    .into_iter()
                    .flatten()
                    .map(|pd| pd.rounded().to_f64().to_string()),
            );
            let reasons = score
                .scored
                .explanation
                .map(|e| e.reasons)
                .unwrap_or_default();
            let reasons: Vec<_> = reasons.into_iter().map(|reason| reason.text).collect();
            record.extend([
                outcome.pd.rounded().to_f64().to_string(),
                outcome.risk_level.to_string(),
                outcome.confidence.to_string(),
                format!("{} {}", outcome.model.name, outcome.model.version),
                score.flags.join("; "),
                reasons.join(" "),
                String::new(),
            ]);
        }
        Err(faults) => {
            record.resize(count - 1, String::new());
            let told: Vec<_> = faults
                .iter()
                .map(|f| format!("{}: {}", f.pointer, f.detail))
                .collect();
            record.push(told.join("; "));
        }
    }
    record
}
