//! Predictions and outcomes of two files, company by company.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::Path,
};

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

/// What two files say, in order of companies.
#[derive(Debug, Default)]
pub(super) struct Tables {
    companies: Vec<Company>,
}

/// One company.
#[derive(Debug, Default)]
struct Company {
    name: String,
    predictions: Vec<PredictionVersion>,
    events: Vec<KnownEvent>,
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
        if reading.tables.companies.is_empty() {
            bail!("{} has no predictions", predictions.display());
        }
        let mut unknown = 0;
        read_rows(outcomes, &[&COMPANY, &["occurred_on"]], |row| {
            unknown += u64::from(!reading.event(row));
        })?;
        tell_left_out(outcomes, unknown, "of companies without predictions");
        reading.tables.companies.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(reading.tables)
    }

    /// Each company with its predictions and outcomes, in order of its text.
    pub(super) fn companies(
        &self,
    ) -> impl Iterator<Item = (&str, &[PredictionVersion], &[KnownEvent])> {
        self.companies.iter().map(|c| {
            (
                c.name.as_str(),
                c.predictions.as_slice(),
                c.events.as_slice(),
            )
        })
    }
}

/// Rows on their way into tables.
#[derive(Default)]
struct Reading {
    tables: Tables,
    indices: HashMap<String, usize>,
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
        self.company(name).predictions.push(version);
    }

    fn company(&mut self, name: String) -> &mut Company {
        let companies = &mut self.tables.companies;
        let index = match self.indices.entry(name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                companies.push(Company {
                    name: new.key().clone(),
                    ..Company::default()
                });
                *new.insert(companies.len() - 1)
            }
        };
        &mut companies[index]
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
        let index = name.as_ref().and_then(|name| self.indices.get(name));
        if let Some(company) = index.and_then(|index| self.tables.companies.get_mut(*index)) {
            company.events.push(known);
            return true;
        }
        false
    }
}

fn company(row: &mut Row<'_>) -> Option<String> {
    let name = row
        .cell(&COMPANY)
        .filter(|name| name.len() <= LONGEST_COMPANY);
    let name = name.map(str::to_owned);
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
