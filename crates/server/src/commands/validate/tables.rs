//! Predictions and outcomes of two files, company by company.

use std::{collections::HashMap, path::Path};

use accunode_domain::{
    prediction::{Kind, Period},
    risk::SectorScope,
    validation::{Basis, Event, KnownEvent, PredictionVersion},
};
use anyhow::bail;
use time::{Date, Time};

use super::{
    read::{Row, read_rows},
    tell_left_out,
};

/// Names of the column that says which company a row is about.
const COMPANY: [&str; 5] = [
    "company_symbol",
    "symbol",
    "ticker",
    "company_id",
    "company",
];
/// How long the text of it may be, in bytes.
const LONGEST_COMPANY: usize = 200;
/// What a column for a company must say.
const COMPANY_RULE: &str = "is no company: 1 to 200 bytes";

/// What two files say. One array for all rows: millions of small ones would take more memory
/// than what they hold.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// In order.
    names: Vec<Box<str>>,
    /// By the place of the name.
    predictions: Vec<(u32, PredictionVersion)>,
    events: Vec<(u32, KnownEvent)>,
}

impl Tables {
    /// Reads both files. Rows of predictions that say that they could not be scored are left
    /// out, and so are outcomes of companies without predictions; both are told.
    pub(super) fn read(predictions: &Path, outcomes: &Path, basis: Basis) -> anyhow::Result<Self> {
        let mut reading = Reading::default();
        let mut failed = 0;
        read_rows(
            predictions,
            &[&COMPANY, &["pd"], &["period", "reporting_year"]],
            |row| {
                if row.cell(&["error"]).is_some() {
                    failed += 1;
                } else {
                    reading.prediction(row, basis);
                }
            },
        )?;
        tell_left_out(predictions, failed, "without a score");
        if reading.tables.predictions.is_empty() {
            bail!("{} has no predictions", predictions.display());
        }
        let mut unknown = 0;
        read_rows(outcomes, &[&COMPANY, &["occurred_on"]], |row| {
            unknown += u64::from(!reading.event(row));
        })?;
        tell_left_out(outcomes, unknown, "of companies without predictions");
        Ok(reading.sorted())
    }

    /// Calls `each` with every company, its predictions and its outcomes, in order of its name.
    pub(super) fn for_each_company(
        &self,
        mut each: impl FnMut(&str, &[PredictionVersion], &[KnownEvent]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (mut predictions, mut events) = (Vec::new(), Vec::new());
        let mut of_predictions = self.predictions.as_slice();
        let mut of_events = self.events.as_slice();
        for (place, name) in (0_u32..).zip(&self.names) {
            take(&mut of_predictions, place, &mut predictions);
            take(&mut of_events, place, &mut events);
            each(name, &predictions, &events)?;
        }
        Ok(())
    }
}

/// Moves the rows of one company from the beginning of `rest`.
fn take<T: Copy>(rest: &mut &[(u32, T)], company: u32, rows: &mut Vec<T>) {
    let count = rest.iter().take_while(|(of, _)| *of == company).count();
    let (own, behind) = rest.split_at(count);
    rows.clear();
    rows.extend(own.iter().map(|(_, row)| *row));
    *rest = behind;
}

/// Rows on their way into tables.
#[derive(Default)]
struct Reading {
    tables: Tables,
    /// In the order in which they came.
    companies: HashMap<Box<str>, u32>,
    models: HashMap<String, u32>,
}

impl Reading {
    fn prediction(&mut self, row: &mut Row<'_>, basis: Basis) {
        let name = company(row);
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
        let models = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        let model = ["model", "model_name", "model_version"]
            .map(|column| row.cell(&[column]).unwrap_or_default())
            .join(" ");
        let model = match self.models.get(&model) {
            Some(known) => *known,
            None => *self.models.entry(model).or_insert(models),
        };
        let (Some(name), Some(pd), Some(period_end)) = (name, pd, period) else {
            return;
        };
        let version = PredictionVersion {
            period_end,
            predicted_at: predicted_at
                .unwrap_or_else(|| period_end.with_time(Time::MIDNIGHT).assume_utc()),
            replaced_at,
            pd,
            out_of_scope,
            model,
        };
        let next = u32::try_from(self.companies.len()).unwrap_or(u32::MAX);
        let company = *self.companies.entry(name).or_insert(next);
        self.tables.predictions.push((company, version));
    }

    /// Whether the company has predictions.
    fn event(&mut self, row: &mut Row<'_>) -> bool {
        let name = company(row);
        let occurred_on = row.day("occurred_on");
        let event = row.value("event", "is none of default, cure, exit", |text| {
            text.to_ascii_lowercase().parse::<Event>().ok()
        });
        let known = KnownEvent {
            event: event.unwrap_or(Event::Default),
            occurred_on: occurred_on.unwrap_or(Date::MIN),
            technical: row.flag("technical"),
            recorded_at: row.time("recorded_at"),
            withdrawn_at: row.time("withdrawn_at"),
        };
        let company = name.and_then(|name| self.companies.get(&name).copied());
        if let Some(company) = company {
            self.tables.events.push((company, known));
        }
        company.is_some()
    }

    /// The tables with companies in order of their names.
    fn sorted(mut self) -> Tables {
        let mut names: Vec<_> = self.companies.into_iter().collect();
        names.sort_unstable();
        let mut places = vec![0; names.len()];
        for (place, (_, came)) in (0..).zip(&names) {
            places[*came as usize] = place;
        }
        let tables = &mut self.tables;
        for (company, _) in &mut tables.predictions {
            *company = places[*company as usize];
        }
        for (company, _) in &mut tables.events {
            *company = places[*company as usize];
        }
        // Stable: rows of one company stay in the order of the file.
        tables.predictions.sort_by_key(|(company, _)| *company);
        tables.events.sort_by_key(|(company, _)| *company);
        tables.names = names.into_iter().map(|(name, _)| name).collect();
        self.tables
    }
}

fn company(row: &mut Row<'_>) -> Option<Box<str>> {
    let name = row
        .cell(&COMPANY)
        .filter(|name| name.len() <= LONGEST_COMPANY);
    let name = name.map(Box::from);
    if name.is_none() {
        row.fault(COMPANY[0], COMPANY_RULE);
    }
    name
}

/// The last day of the period of `period`, or of `reporting_year` and `reporting_quarter`.
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
