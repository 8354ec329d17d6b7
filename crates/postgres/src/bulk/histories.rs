//! The input of a back-test, read by one cursor: a single statement sees one snapshot, however
//! long its rows are read.

use std::{collections::HashMap, time::Duration};

use accunode_domain::{
    Timestamp,
    access::Scope,
    id::CompanyId,
    owner::Owner,
    prediction::Kind,
    risk::SectorScope,
    validation::{DeletedPrediction, Event, KnownEvent, PredictionVersion},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Histories, HistoryReader, WantedHistories},
};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row, postgres::PgRow};
use time::Date;
use uuid::Uuid;

use crate::{
    actor::ActorSettings,
    errors::{defect, from_sqlx},
    pools::{SharedPool, Turn},
    sql::Sql,
    unit_of_work::PgTx,
};

const HISTORIES: &str = include_str!("sql/histories.sql");
const FETCH: &str = "FETCH 20000 FROM histories";
/// The time limit of one statement: the first one sorts everything.
const LONGEST: Duration = Duration::from_secs(300);

/// Returns the expression for the last day of a prediction's period.
const fn period_end(kind: Kind) -> &'static str {
    match kind {
        Kind::Annual => "make_date(p.reporting_year::int, 12, 31)",
        Kind::Quarterly => {
            "(make_date(p.reporting_year::int, 3 * right(p.reporting_quarter, 1)::int, 1) + interval '1 month - 1 day')::date"
        }
    }
}

/// Opens the cursor.
pub(crate) async fn open(
    pool: &SharedPool,
    scope: &Scope,
    wanted: &WantedHistories,
) -> Result<Box<dyn HistoryReader>, RepositoryError> {
    if !scope.contains(wanted.owner) {
        return Err(defect(
            "histories of an owner that the scope does not contain",
        ));
    }
    let turn = pool.turn().await?;
    let tx = PgTx::begin(pool.pool(), ActorSettings::of(scope)).await;
    let tx = tx.map_err(|error| pool.noted(error))?;
    tx.limit_statements(LONGEST).await?;
    let owner = wanted.owner.key();
    let mut of_outcomes = vec![owner];
    if wanted.include_system_outcomes {
        of_outcomes.push(Owner::System.key());
        of_outcomes.dedup();
    }
    let sql = Sql::of(HISTORIES)
        .with("period_end", period_end(wanted.kind))
        .of_kind(wanted.kind)
        .text()?;
    sqlx::query(AssertSqlSafe(sql))
        .bind(owner)
        .bind(wanted.as_of)
        .bind(wanted.definition.as_str())
        .bind(of_outcomes)
        .bind(SectorScope::FLAG)
        .bind(wanted.kind.as_str())
        .execute(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    Ok(Box::new(PgHistories {
        tx,
        _turn: turn,
        models: HashMap::new(),
        open: None,
        predictions: Vec::new(),
        events: Vec::new(),
        deleted: Vec::new(),
        is_over: false,
    }))
}

/// A cursor, and the company whose rows may continue with the next ones.
struct PgHistories {
    tx: PgTx,
    /// Declared after the transaction, which is dropped first.
    _turn: Turn,
    models: HashMap<String, u32>,
    open: Option<Uuid>,
    predictions: Vec<PredictionVersion>,
    events: Vec<KnownEvent>,
    deleted: Vec<DeletedPrediction>,
    is_over: bool,
}

impl PgHistories {
    /// Returns the open company. One that never had a prediction is in no population.
    fn close(&mut self, found: &mut Histories) {
        let had_any = !self.predictions.is_empty() || !self.deleted.is_empty();
        if let Some(company) = self.open.take().filter(|_| had_any) {
            found.begin(CompanyId(company));
            for prediction in &self.predictions {
                found.add_prediction(*prediction);
            }
            for event in &self.events {
                found.add_event(*event);
            }
            for deleted in &self.deleted {
                found.add_deleted(*deleted);
            }
        }
        self.predictions.clear();
        self.events.clear();
        self.deleted.clear();
    }

    fn read(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        // In the order of the statement. Not as a tuple, which would allocate a text for each
        // row.
        let day: Date = row.try_get(2)?;
        let at: Timestamp = row.try_get(3)?;
        let until: Option<Timestamp> = row.try_get(4)?;
        let flag: bool = row.try_get(6)?;
        let name: &str = row.try_get(7)?;
        match row.try_get::<i32, _>(1)? {
            0 => {
                let next = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
                let model = match self.models.get(name) {
                    Some(known) => *known,
                    None => *self.models.entry(name.to_owned()).or_insert(next),
                };
                self.predictions.push(PredictionVersion {
                    period_end: day,
                    predicted_at: at,
                    owned_from: row.try_get(8)?,
                    replaced_at: until,
                    pd: row.try_get(5)?,
                    out_of_scope: flag,
                    model,
                });
            }
            1 => {
                let event: Event = name
                    .parse()
                    .map_err(|unknown| sqlx::Error::Decode(Box::new(unknown)))?;
                self.events.push(KnownEvent {
                    event,
                    occurred_on: day,
                    technical: flag,
                    recorded_at: Some(at),
                    withdrawn_at: until,
                });
            }
            _ => self.deleted.push(DeletedPrediction {
                period_end: day,
                predicted_at: at,
                deleted_at: row.try_get(4)?,
            }),
        }
        Ok(())
    }
}

#[async_trait]
impl HistoryReader for PgHistories {
    async fn next(&mut self) -> Result<Histories, RepositoryError> {
        let mut found = Histories::default();
        while found.is_empty() && !self.is_over {
            let rows = sqlx::query(FETCH)
                .fetch_all(&mut **self.tx.connection().await)
                .await
                .map_err(from_sqlx)?;
            if rows.is_empty() {
                self.is_over = true;
                self.close(&mut found);
            }
            for row in &rows {
                let company: Uuid = row.try_get(0).map_err(from_sqlx)?;
                if self.open != Some(company) {
                    self.close(&mut found);
                    self.open = Some(company);
                }
                self.read(row)
                    .map_err(|error| defect(format!("a history cannot be read: {error}")))?;
            }
        }
        Ok(found)
    }
}
