//! Predictions and outcomes of two files, by company.

use std::{collections::HashMap, path::Path};

use accunode_domain::{
    Timestamp,
    prediction::{Kind, Period},
    risk::SectorScope,
    validation::{Basis, Event, KnownEvent, PredictionVersion},
};
use anyhow::bail;
use time::{Date, Time};

use super::{
    print_left_out,
    read::{Row, read_rows},
};

/// The names of the column that identifies the company of a row.
const COMPANY_COLUMNS: [&str; 5] = [
    "company_symbol",
    "symbol",
    "ticker",
    "company_id",
    "company",
];
/// The largest length of its text, in bytes.
const LONGEST_COMPANY: usize = 200;
/// The rule for a column that identifies a company.
const COMPANY_RULE: &str = "is no company: 1 to 200 bytes";

/// The rows of two files in compact form, because there may be millions: 40 bytes for a
/// prediction, 32 for an outcome, and the text of its company's name for each.
#[derive(Debug, Default)]
pub(super) struct Tables {
    names: Names,
    /// Ordered by name.
    predictions: Vec<PredictionRow>,
    events: Vec<EventRow>,
}

/// All names concatenated, as often as they were read.
#[derive(Debug, Default)]
struct Names(String);

/// The position of a name in [`Names`].
#[derive(Clone, Copy, Debug)]
struct Name {
    start: u32,
    length: u8,
}

impl Names {
    /// Returns `None` if there are more than 4 GiB of names.
    fn add(&mut self, name: &str) -> Option<Name> {
        let place = Name {
            start: u32::try_from(self.0.len()).ok()?,
            length: u8::try_from(name.len()).ok()?,
        };
        self.0.push_str(name);
        Some(place)
    }

    fn get(&self, name: Name) -> &str {
        let start = name.start as usize;
        &self.0[start..start + usize::from(name.length)]
    }
}

/// A [`PredictionVersion`] with times in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct PredictionRow {
    company: Name,
    period_end: i32,
    predicted_at: i64,
    /// [`NEVER`] if it was not replaced.
    replaced_at: i64,
    pd: f64,
    model: u32,
    out_of_scope: bool,
}

/// A [`KnownEvent`] with times in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct EventRow {
    company: Name,
    occurred_on: i32,
    /// [`NEVER`] if it is not known.
    recorded_at: i64,
    withdrawn_at: i64,
    event: Event,
    technical: bool,
}

/// The time of an event that did not happen.
const NEVER: i64 = i64::MAX;

fn micros(time: Option<Timestamp>) -> i64 {
    let micros = time.map(|time| time.unix_timestamp_nanos().div_euclid(1_000));
    micros.map_or(NEVER, |micros| i64::try_from(micros).unwrap_or(NEVER))
}

fn timestamp(micros: i64) -> Option<Timestamp> {
    let nanos = i128::from(micros) * 1_000;
    (micros != NEVER)
        .then(|| Timestamp::from_unix_timestamp_nanos(nanos).ok())
        .flatten()
}

/// Returns a stored day, which is always valid.
fn day(julian: i32) -> Date {
    Date::from_julian_day(julian).unwrap_or(Date::MIN)
}

impl PredictionRow {
    fn version(&self) -> PredictionVersion {
        PredictionVersion {
            period_end: day(self.period_end),
            predicted_at: timestamp(self.predicted_at).unwrap_or(Timestamp::UNIX_EPOCH),
            owned_from: None,
            replaced_at: timestamp(self.replaced_at),
            pd: self.pd,
            out_of_scope: self.out_of_scope,
            model: self.model,
        }
    }
}

impl EventRow {
    fn known(&self) -> KnownEvent {
        KnownEvent {
            event: self.event,
            occurred_on: day(self.occurred_on),
            technical: self.technical,
            recorded_at: timestamp(self.recorded_at),
            withdrawn_at: timestamp(self.withdrawn_at),
        }
    }
}

impl Tables {
    /// Reads both files. Rows of predictions that are marked as not scored are left out, and so
    /// are outcomes of companies without predictions; both are reported.
    pub(super) fn read(predictions: &Path, outcomes: &Path, basis: Basis) -> anyhow::Result<Self> {
        let mut reading = Reading::default();
        let mut failed = 0;
        read_rows(
            predictions,
            &[&COMPANY_COLUMNS, &["pd"], &["period", "reporting_year"]],
            |row| {
                if row.cell(&["error"]).is_some() {
                    failed += 1;
                } else {
                    reading.prediction(row, basis);
                }
            },
        )?;
        print_left_out(predictions, failed, "without a score");
        if reading.tables.predictions.is_empty() {
            bail!("{} has no predictions", predictions.display());
        }
        read_rows(outcomes, &[&COMPANY_COLUMNS, &["occurred_on"]], |row| {
            reading.event(row);
        })?;
        let mut tables = reading.tables;
        tables.sort();
        print_left_out(
            outcomes,
            tables.drop_unknown(),
            "of companies without predictions",
        );
        Ok(tables)
    }

    /// Sorts by the companies' names.
    fn sort(&mut self) {
        let names = &self.names;
        let by_name = |a: Name, b: Name| names.get(a).cmp(names.get(b));
        // The order of one company's rows changes no figure.
        self.predictions
            .sort_unstable_by(|a, b| by_name(a.company, b.company));
        self.events
            .sort_unstable_by(|a, b| by_name(a.company, b.company));
    }

    /// Drops outcomes of companies without predictions; returns how many.
    fn drop_unknown(&mut self) -> u64 {
        let (names, before) = (&self.names, self.events.len());
        let mut predictions = self.predictions.iter().peekable();
        self.events.retain(|event| {
            let name = names.get(event.company);
            while predictions
                .next_if(|prediction| names.get(prediction.company) < name)
                .is_some()
            {}
            predictions
                .peek()
                .is_some_and(|prediction| names.get(prediction.company) == name)
        });
        (before - self.events.len()) as u64
    }

    /// Calls `each` with every company, its predictions and its outcomes, in order of its name.
    pub(super) fn for_each_company(
        &self,
        mut each: impl FnMut(&str, &[PredictionVersion], &[KnownEvent]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let names = &self.names;
        let (mut predictions, mut events) = (Vec::new(), Vec::new());
        let mut of_events = self.events.iter().peekable();
        for rows in self
            .predictions
            .chunk_by(|a, b| names.get(a.company) == names.get(b.company))
        {
            let name = names.get(rows[0].company);
            predictions.clear();
            predictions.extend(rows.iter().map(PredictionRow::version));
            events.clear();
            while let Some(event) = of_events.next_if(|event| names.get(event.company) == name) {
                events.push(event.known());
            }
            each(name, &predictions, &events)?;
        }
        Ok(())
    }
}

/// Rows that are being added to the tables.
#[derive(Default)]
struct Reading {
    tables: Tables,
    models: HashMap<String, u32>,
}

impl Reading {
    fn prediction(&mut self, row: &mut Row<'_>, basis: Basis) {
        let company = self.company(row);
        let pd = row.required("pd", "is no PD: a number above 0 and below 1", |text| {
            let pd = text.parse::<f64>().ok();
            pd.filter(|pd| *pd > 0.0 && *pd < 1.0)
        });
        let period = period(row);
        let predicted_at = row.time("predicted_at");
        if basis == Basis::Recorded && row.cell(&["predicted_at"]).is_none() {
            row.fault(
                "predicted_at",
                "is no time; without one, say --basis period",
            );
        }
        let replaced_at = row.time("replaced_at");
        let flags = row.cell(&["flags"]).unwrap_or_default();
        let out_of_scope = flags
            .split([';', ',', ' '])
            .any(|flag| flag == SectorScope::FLAG);
        let model = self.model(row);
        let (Some(company), Some(pd), Some(period_end)) = (company, pd, period) else {
            return;
        };
        let end = period_end.with_time(Time::MIDNIGHT).assume_utc();
        self.tables.predictions.push(PredictionRow {
            company,
            period_end: period_end.to_julian_day(),
            predicted_at: micros(Some(predicted_at.unwrap_or(end))),
            replaced_at: micros(replaced_at),
            pd,
            model,
            out_of_scope,
        });
    }

    /// Returns the number of the model of a row.
    fn model(&mut self, row: &Row<'_>) -> u32 {
        let next = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        let model = ["model", "model_name", "model_version"]
            .map(|column| row.cell(&[column]).unwrap_or_default())
            .join(" ");
        match self.models.get(&model) {
            Some(known) => *known,
            None => *self.models.entry(model).or_insert(next),
        }
    }

    fn event(&mut self, row: &mut Row<'_>) {
        let company = self.company(row);
        let occurred_on = row.day("occurred_on");
        let event = row.value("event", "is none of default, cure, exit", |text| {
            text.to_ascii_lowercase().parse::<Event>().ok()
        });
        let technical = row.flag("technical");
        let recorded_at = row.time("recorded_at");
        let withdrawn_at = row.time("withdrawn_at");
        if let (Some(company), Some(occurred_on)) = (company, occurred_on) {
            self.tables.events.push(EventRow {
                company,
                occurred_on: occurred_on.to_julian_day(),
                recorded_at: micros(recorded_at),
                withdrawn_at: micros(withdrawn_at),
                event: event.unwrap_or(Event::Default),
                technical,
            });
        }
    }

    fn company(&mut self, row: &mut Row<'_>) -> Option<Name> {
        let name = row
            .cell(&COMPANY_COLUMNS)
            .filter(|name| name.len() <= LONGEST_COMPANY);
        let name = name.and_then(|name| self.tables.names.add(name));
        if name.is_none() {
            row.fault(COMPANY_COLUMNS[0], COMPANY_RULE);
        }
        name
    }
}

/// Returns the last day of the period in `period`, or in `reporting_year` and
/// `reporting_quarter`.
fn period(row: &mut Row<'_>) -> Option<Date> {
    if row.cell(&["period"]).is_some() {
        let read = |text: &str| Period::read("", text).ok().map(Period::last_day);
        return row.value("period", "is no period like 2024 or 2024-Q3", read);
    }
    let quarter = row.cell(&["reporting_quarter"]).map(str::to_owned);
    let kind = if quarter.is_some() {
        Kind::Quarterly
    } else {
        Kind::Annual
    };
    let read = |text: &str| {
        let period = Period::parse(kind, text, quarter.as_deref()).ok();
        period.map(Period::last_day)
    };
    let rule = "is no year of four digits, or its reporting_quarter no quarter from Q1 to Q4";
    row.required("reporting_year", rule, read)
}
